/** What one task leaves and uses: events in Temporal, rows and bytes in the database, SSH connections on its host. */
import { sql } from 'kysely';
import { connectTemporal } from '../runtime/temporal';
import { postgresUnavailable, startPostgres } from '../sandbox/postgres/server';
import type { TaskJson } from '../sandbox/stack/apiClient';
import { OB_CLUSTER, startStack } from '../sandbox/stack/stack';
import { buildObproxyRpm } from '../sandbox/standins/rpm';
import { connectDatabase } from '../store/database/database';
import { tablesOf } from '../store/database/tables';
import { taskWorkflowId } from '../workflows/ids';

/** Runs the creation of an OBProxy cluster and an installation on one host on PostgreSQL; prints a line for each. */
export async function benchCost(say: (text: string) => void): Promise<void> {
  const missing = postgresUnavailable();
  if (missing !== undefined) {
    say(`left out: ${missing}`);
    return;
  }
  const postgres = await startPostgres();
  const databaseUrl = await postgres.createDatabase();
  const stack = await startStack({ hosts: 1, processes: 'split', databaseUrl });
  const database = connectDatabase(databaseUrl);
  const temporal = await connectTemporal({ address: stack.temporalAddress });
  const connections = async (): Promise<number> => {
    const log = await stack.fleet.hosts[0]?.sh("grep -c 'Accepted publickey' /var/log/sshd.log");
    return Number(log?.stdout ?? Number.NaN);
  };
  const stored = async () => {
    let rows = 0;
    let bytes = 0;
    for (const { name } of await tablesOf(database)) {
      const found = await sql<{ rows: number; bytes: number }>`
        select count(*) as rows, coalesce(sum(pg_column_size(t)), 0)::bigint as bytes
        from ${sql.table(name)} t`.execute(database.db);
      rows += found.rows[0]?.rows ?? 0;
      bytes += found.rows[0]?.bytes ?? 0;
    }
    return { rows, bytes };
  };
  const measure = async (what: string, work: () => Promise<number>) => {
    const before = await stored();
    const connected = await connections();
    const id = await work();
    const task = (await stack.api.settled([id]))[0];
    // Archived within a second or two.
    while (
      (await database.db.selectFrom('tasks').select('archived').where('id', '=', id).executeTakeFirst())
        ?.archived !== 1
    ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const after = await stored();
    const { historyLength, historySize } = await temporal.client.workflow
      .getHandle(taskWorkflowId(id))
      .describe();
    say(
      `${what}: ${task?.status}, ${task?.subtasks.length} subtasks; ${historyLength} events, ${historySize} bytes in Temporal; ` +
        `${after.rows - before.rows} rows, ${after.bytes - before.bytes} bytes in the database; ${(await connections()) - connected} SSH connections`,
    );
  };
  try {
    await stack.apply();
    const { fileName } = await stack.api.uploadPackage(
      await buildObproxyRpm({ name: 'obproxy', version: '4.3.1.0', release: '4.el7' }),
    );
    let clusterId = 0;
    await measure('Create an OBProxy cluster without hosts', async () => {
      const created = await stack.api.call<TaskJson & { obproxyClusterId: number }>(
        'POST',
        '/api/v2/obproxy/clusters',
        {
          name: 'cost',
          address: 'foo.bar',
          port: 2883,
          workMode: 'CONFIG_URL',
          obLinks: [
            { clusterName: OB_CLUSTER.name, obClusterId: OB_CLUSTER.obClusterId, username: 'proxyro' },
          ],
          obproxyInstallParam: { hostIds: [] },
        },
      );
      clusterId = created.obproxyClusterId;
      return created.id;
    });
    const hosts = await stack.api.call<{ contents: { id: number }[] }>(
      'GET',
      '/api/v2/compute/hosts?size=10',
    );
    await measure('Install an OBProxy on a host', async () => {
      const added = await stack.api.call<{ contents: TaskJson[] }>(
        'POST',
        `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`,
        { hostIds: hosts.contents.map(({ id }) => id), sqlPort: 2883, exporterPort: 2884, version: fileName },
      );
      return added.contents[0]?.id ?? 0;
    });
  } finally {
    await temporal.close();
    await database.db.destroy();
    await stack.stop();
    await postgres.stop();
  }
}
