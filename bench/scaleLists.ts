/** Lists and searches over many tasks, as a client of the API meets them, on SQLite and on PostgreSQL. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { taskDocument } from '../api/tasks/document/document';
import { FoldedTask } from '../api/tasks/document/fold';
import type { DevServer } from '../runtime/devServer';
import { ApiClient } from '../sandbox/stack/apiClient';
import { freePort } from '../sandbox/stack/freePort';
import { startObflow } from '../sandbox/stack/process';
import { connectDatabase, type Database, migrate } from '../store/database/database';
import { timed } from './measure';
import { CLUSTERS, HOSTS, installPlan } from './scaleTasks';

const PAGE = 250;
/** Every tenth task has its real texts, for a list reads those of its page only. */
const WHOLE_TEXTS = 10;
const FAILED = 200;
const REQUESTS = 60;

export interface ListLine {
  readonly what: string;
  readonly p50: number;
  readonly p99: number;
}

const LIST = '/api/v2/tasks/instances';

/** What a request asks for, by the number of the request. */
const QUERIES: Readonly<Record<string, (number: number, tasks: number) => string>> = {
  'first page': () => `${LIST}?size=10`,
  'page in the middle': (number, tasks) => `${LIST}?size=10&page=${Math.floor(tasks / 20) + number}`,
  'last page': (_number, tasks) => `${LIST}?size=10&page=${Math.floor(tasks / 10)}`,
  '100 a page': () => `${LIST}?size=100`,
  'status FAILED': () => `${LIST}?size=10&status=FAILED`,
  'of one host': (number) => `${LIST}?size=10&hostId=${1 + ((number * 37) % HOSTS)}`,
  'name holds "wave 99"': () => `${LIST}?size=10&name=wave%2099`,
  'cluster name holds': (number) => `${LIST}?size=10&clusterName=ob-${1 + (number % CLUSTERS)}`,
  'sorted by createTime': () => `${LIST}?size=10&sort=createTime,desc`,
  'sorted by finishTime': () => `${LIST}?size=10&sort=finishTime,desc`,
  'sorted by name': () => `${LIST}?size=10&sort=name,asc`,
  'one task': (number, tasks) => `${LIST}/${1 + ((number * 7919) % (tasks - 1))}`,
};

/** Fills an empty database with ended tasks, then asks an API of it; a line for each kind of request. */
export async function benchLists(
  databaseUrl: string | undefined,
  tasks: number,
  temporal: DevServer,
  say: (text: string) => void,
): Promise<ListLine[]> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'obflow-scale-'));
  const url = databaseUrl ?? `file:${path.join(dataDir, 'obflow.db')}`;
  try {
    const database = connectDatabase(url);
    try {
      const seconds = (await timed(() => fill(database, tasks))) / 1000;
      say(`${tasks} tasks in ${seconds.toFixed(0)} s; ${await sizeOf(database, dataDir)}`);
    } finally {
      await database.db.destroy();
    }
    const port = await freePort();
    const password = 'Aa1_scale_bench';
    const env = {
      ...process.env,
      TEMPORAL_ADDRESS: temporal.address,
      OBFLOW_TASK_QUEUE: `scale-${port}`,
      OBFLOW_DATA_DIR: dataDir,
      OBFLOW_DATABASE_URL: url,
      OBFLOW_LISTEN: `127.0.0.1:${port}`,
      OBFLOW_ADMIN_PASSWORD: password,
      OBFLOW_LOG_LEVEL: 'error',
    };
    const api = startObflow(['api'], env, path.join(dataDir, 'api.log'));
    try {
      await api.line(/^ready: /);
      return await ask(new ApiClient(`http://127.0.0.1:${port}`, 'admin', password), tasks);
    } finally {
      await api.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function ask(client: ApiClient, tasks: number): Promise<ListLine[]> {
  const lines: ListLine[] = [];
  for (const [what, query] of Object.entries(QUERIES)) {
    const times: number[] = [];
    for (let number = 0; number < REQUESTS; number += 1) {
      const time = await timed(() => client.call('GET', query(number, tasks)));
      // The first ones warm caches up.
      if (number >= 5) times.push(time);
    }
    times.sort((one, other) => one - other);
    const at = (share: number) =>
      times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? Number.NaN;
    lines.push({ what, p50: at(0.5), p99: at(0.99) });
  }
  return lines;
}

async function fill(database: Database, tasks: number): Promise<void> {
  await migrate(database);
  const { db } = database;
  for (let from = 1; from <= tasks; from += PAGE) {
    const numbers = Array.from({ length: Math.min(PAGE, tasks - from + 1) }, (_, index) => from + index);
    const plans = numbers.map(installPlan);
    await db.transaction().execute(async (transaction) => {
      await transaction
        .insertInto('tasks')
        .values(
          plans.map((plan) => ({
            id: plan.taskId,
            name: plan.name,
            workflow_type: 'addObproxy',
            status: plan.taskId % FAILED === 0 ? ('FAILED' as const) : ('SUCCESSFUL' as const),
            operation: 'EXECUTE' as const,
            sequence: 1,
            closed: 1,
            started: 1,
            archived: 1,
            creator_id: 100,
            creator_name: 'admin',
            host_id: plan.hostId ?? null,
            cluster_id: 1 + (plan.taskId % CLUSTERS),
            cluster_name: `ob-${1 + (plan.taskId % CLUSTERS)}`,
            tenant_id: null,
            tenant_name: null,
            type: 'MANUAL' as const,
            create_time: plan.createTime,
            finish_time: new Date(Date.parse(plan.createTime) + 30_000).toISOString(),
          })),
        )
        .execute();
      await transaction
        .insertInto('task_texts')
        .values(
          plans.map((plan) => {
            const document = { ...taskDocument(new FoldedTask(plan), new Map()), status: 'SUCCESSFUL' };
            const whole = plan.taskId % WHOLE_TEXTS === 0;
            return {
              task_id: plan.taskId,
              plan: JSON.stringify(whole ? plan : { ...plan, nodes: [] }),
              document: JSON.stringify(whole ? document : { ...document, subtasks: [] }),
            };
          }),
        )
        .execute();
      await transaction
        .insertInto('task_hosts')
        .values(plans.map((plan) => ({ host_id: plan.hostId ?? 0, task_id: plan.taskId })))
        .execute();
    });
  }
  await sql`analyze`.execute(db);
}

async function sizeOf({ kind, db }: Database, dataDir: string): Promise<string> {
  const bytes =
    kind === 'sqlite'
      ? (await stat(path.join(dataDir, 'obflow.db'))).size
      : ((await sql<{ size: number }>`select pg_database_size(current_database()) as size`.execute(db))
          .rows[0]?.size ?? 0);
  return `${(bytes / 2 ** 20).toFixed(0)} MiB with the texts of every ${WHOLE_TEXTS}th`;
}
