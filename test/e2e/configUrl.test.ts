import { openSqlSession } from '../../oceanbase/sqlSession';
import { type ObflowProcess, startObflow } from '../../sandbox/stack/process';
import { freePort, OB_CLUSTER } from '../../sandbox/stack/stack';
import { ANY_ADDRESS } from '../support/addresses';
import { batchAdd, createCluster, describeWithStack, hostIds, OBPROXY_4_3, uploaded } from './scene';

interface Proxy {
  readonly ip: string;
  readonly status: string;
  readonly parameterDrift?: { readonly name: string; readonly value: string }[];
}

describeWithStack('a public URL that changes', { hosts: 3, processes: 'split' }, (stack) => {
  function obflow(...args: string[]): ObflowProcess {
    const { env, api, secrets, dataDir } = stack();
    const login = { OBFLOW_URL: api.url, OBFLOW_USER: 'admin', OBFLOW_PASSWORD: secrets.admin };
    return startObflow(args, { ...env, ...login }, `${dataDir}/obflow.log`);
  }
  const proxiesOf = async (clusterId: number) =>
    (await stack().api.call<{ obproxies: Proxy[] }>('GET', `/api/v2/obproxy/clusters/${clusterId}`))
      .obproxies;

  it('installs proxies through which users log in; the new URL is drift, and one command gives it to every proxy', async () => {
    const { api, fleet, env, secrets, parts } = stack();
    await stack().apply();
    const ids = await hostIds(stack());
    const clusterId = await createCluster(stack(), 'moved');
    const dry = await api.call<{ findings: unknown[] }>(
      'POST',
      `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd?dryRun=true`,
      { hostIds: ids, sqlPort: 2883, exporterPort: 2884, version: await uploaded(stack(), OBPROXY_4_3) },
    );
    for (const [index, hostId] of ids.entries()) {
      const message = `config URL ${env.OBFLOW_PUBLIC_URL} reached from ${fleet.hosts[index]?.ip}`;
      expect(dry.findings).toContainEqual({ hostId, level: 'INFO', message });
    }
    const tasks = await batchAdd(stack(), clusterId, ids, await uploaded(stack(), OBPROXY_4_3));
    await api.settled(
      tasks.map(({ id }) => id),
      { statuses: ['SUCCESSFUL'] },
    );
    for (const { ip } of fleet.hosts) {
      const session = await openSqlSession({
        ...{ to: { ip, port: 2883, addresses: ANY_ADDRESS }, timeoutMs: 10_000 },
        ...{ user: `root@sys#${OB_CLUSTER.name}`, password: secrets.sys },
      });
      expect(await session.query('SELECT 1 AS one')).toHaveLength(1);
      session.close();
    }
    expect((await proxiesOf(clusterId)).map((proxy) => [proxy.status, proxy.parameterDrift])).toEqual([
      ['RUNNING', undefined],
      ['RUNNING', undefined],
      ['RUNNING', undefined],
    ]);

    const former = String(env.OBFLOW_PUBLIC_URL);
    const port = await freePort();
    env.OBFLOW_LISTEN = `${env.OBFLOW_LISTEN},${fleet.gateway}:${port}`;
    env.OBFLOW_PUBLIC_URL = `http://${fleet.gateway}:${port}`;
    await parts.api?.stop();
    await stack().startApi();
    for (const { parameterDrift } of await proxiesOf(clusterId)) {
      expect(parameterDrift).toEqual([
        expect.objectContaining({
          name: 'obproxy_config_server_url',
          value: expect.stringContaining(former),
        }),
      ]);
    }
    const doctor = obflow('doctor', '-o', 'json');
    await doctor.exited;
    const { findings } = JSON.parse(doctor.output()) as {
      findings: { check: string; verdict: string; message: string; next?: string }[];
    };
    expect(findings.find(({ check }) => check === 'OBProxies moved')).toMatchObject({
      verdict: 'warning',
      message: expect.stringMatching(/OBFLOW_PUBLIC_URL is http.*:2883 asks http/),
      next: 'Run: obflow proxy push-url --cluster moved',
    });
    expect(
      findings
        .filter(({ check, verdict }) => check === 'config URL' && verdict === 'ok')
        .map(({ message }) => message),
    ).toEqual(fleet.hosts.map(({ ip }) => `config URL ${env.OBFLOW_PUBLIC_URL} reached from ${ip}`));

    // One is stopped for good, keeper and all.
    const [, , stopped] = fleet.hosts;
    await stopped?.sh(
      'read -r pid rest </var/lib/obflow/obproxy/keeper.pid; kill -KILL "$pid"; pkill -KILL -x obproxy; true',
    );
    const first = obflow('proxy', 'push-url');
    expect(await first.exited).toBe(1);
    expect(first.output()).toMatch(new RegExp(`moved .*${stopped?.ip}:2883 .*FAILED`));
    expect(first.output().match(/PUSHED/g)).toHaveLength(2);
    const again = obflow('proxy', 'push-url', '--cluster', 'moved', '-o', 'json');
    expect(await again.exited).toBe(1);
    expect(JSON.parse(again.output())).toMatchObject({
      left: 1,
      contents: [{ outcome: 'UNCHANGED' }, { outcome: 'UNCHANGED' }, { outcome: 'FAILED' }],
    });
    expect((await proxiesOf(clusterId)).map(({ parameterDrift }) => parameterDrift?.length)).toEqual([
      undefined,
      undefined,
      1,
    ]);
    const unknown = obflow('proxy', 'push-url', '--cluster', 'nowhere');
    expect([await unknown.exited, unknown.output()]).toEqual([
      1,
      expect.stringContaining('no OBProxy cluster nowhere'),
    ]);
  }, 240_000);
});
