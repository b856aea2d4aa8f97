/** Tasks on OBProxies that exist, as requests make them, run subtask by subtask on test hosts. */
import { ApplicationFailure } from '@temporalio/common';
import { type Connection, createConnection } from 'mysql2/promise';
import { KEEPER_FILE } from '../../activities/obproxy/keeper';
import { lookBefore } from '../../api/objects/lookBefore';
import { prepareRequest } from '../../operations/planTask';
import type { CatalogueEntry } from '../../operations/types';
import type { TestHost } from '../../sandbox/hosts/fleet';
import { flowing, pickNeeds } from '../../workflows/interpreter/context';
import { expandPlan } from '../../workflows/interpreter/expansion';
import type { Plan, PlanSubtask, SubtaskInput } from '../../workflows/plan';
import { inEnglish } from '../../workflows/text';
import { until } from '../support/until';
import { quietEnvironment, type Worker, type World } from './world';

export interface HowToRun {
  /** Place in the request of the proxy it is about; default: all of them, one after the other. */
  readonly of?: number;
  readonly run?: number;
  readonly rollback?: boolean;
}

export interface LifeTask {
  readonly taskId: number;
  readonly plan: Plan;
  /** Activity types of the chain, in its order, each once. */
  readonly chain: readonly string[];
  run(activity: string, how?: HowToRun): Promise<void>;
  /** Runs what comes before `activity`; without it all of the chain, and the task ends well. */
  upTo(activity?: string): Promise<void>;
  /** Undoes all that has begun, the last first, and the task ends. */
  undo(): Promise<void>;
  end(status: 'SUCCESSFUL' | 'FAILED'): Promise<void>;
  log(activity: string, of?: number): Promise<string>;
  wholeLog(): Promise<string>;
  /** The same task, worked on by another worker. */
  on(other: Worker): LifeTask;
}

/** Runs an activity as Temporal would: what may be tried again is. */
async function asTemporal(work: (attempt: number) => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work(attempt);
      return;
    } catch (error) {
      const again = error instanceof ApplicationFailure && error.nonRetryable !== true && attempt < 200;
      if (!again) throw error;
    }
  }
}

/** What a dry run of the request finds on the hosts, a line each. */
export async function dryRun(
  world: World,
  worker: Worker,
  entry: CatalogueEntry,
  params: unknown,
  body?: unknown,
): Promise<string[]> {
  const { store, config, fleet } = world;
  const accepted = entry.request(entry.params.parse(params), entry.body?.parse(body));
  const findings = await accepted.findings?.({
    store,
    publicUrl: config.publicUrl,
    hostRequirements: config.hostRequirements,
    addresses: config.addresses,
    async openHost(hostId) {
      const { ip = '', sshPort = 22 } = (await store.hosts.find(hostId)) ?? {};
      const auth = { kind: 'key', privateKey: fleet.privateKey } as const;
      return worker.hosts.open({ hostId, ip, sshPort, username: 'root', auth });
    },
  });
  return (findings ?? []).map(({ level, message }) => `${level} ${inEnglish(message)}`);
}

/** Accepts the request of an operation and answers its task. Throws Refusal. */
export async function request(
  world: World,
  worker: Worker,
  entry: CatalogueEntry,
  params: unknown,
  body?: unknown,
): Promise<LifeTask> {
  const { store, config } = world;
  const parsed = entry.params.parse(params);
  const accepted = entry.request(parsed, entry.body?.parse(body));
  const { hosts } = worker;
  const { proxyParameters } = await lookBefore({ store, hosts, config }, accepted.look);
  const { plans } = await prepareRequest(
    accepted,
    {
      proxyParameters,
      store,
      user: { id: 100, name: 'admin' },
      executor: '127.0.0.1',
      traceId: 'test',
      createTime: new Date().toISOString(),
      publicUrl: world.config.publicUrl,
    },
    false,
  );
  const [plan] = plans;
  if (plan === undefined) throw new Error('the request made no task');
  return taskOn(world, worker, plan, new Set());
}

function taskOn(world: World, worker: Worker, plan: Plan, begun: Set<number>): LifeTask {
  const { store } = world;
  const subtasks = expandPlan(plan);
  const context = flowing({
    stringMap: { ...plan.unshown?.stringMap, ...plan.context.stringMap },
    listMap: { ...plan.unshown?.listMap, ...plan.context.listMap },
  });
  const one = async ({ id, node, elements }: PlanSubtask, how: HowToRun) => {
    if (how.rollback !== true) begun.add(id);
    const element = elements.at(-1);
    const name = how.rollback === true ? `${node.activity}.rollback` : node.activity;
    const activity = worker.activities[name];
    if (activity === undefined) throw new Error(`no activity ${name}`);
    const input: SubtaskInput = {
      taskId: plan.taskId,
      subtaskId: id,
      run: how.run ?? 1,
      name: node.name,
      operation: how.rollback === true ? 'ROLLBACK' : 'EXECUTE',
      traceId: 'test',
      ...(element === undefined ? {} : { element }),
      context: pickNeeds(context, node.needs, elements),
    };
    await asTemporal((attempt) => quietEnvironment(attempt).run(activity, input));
  };
  const named = (activity: string, of?: number) =>
    subtasks.filter(
      ({ node, parallelIdx }) =>
        node.activity === activity && (of === undefined || parallelIdx < 0 || parallelIdx === of),
    );
  const end = async (status: 'SUCCESSFUL' | 'FAILED') => {
    const operation = status === 'FAILED' ? 'ROLLBACK' : 'EXECUTE';
    await store.tasks.applyStateChange({
      ...{ taskId: plan.taskId, status, operation, closed: true, sequence: 1_000 },
    });
  };
  return {
    taskId: plan.taskId,
    plan,
    chain: [...new Set(subtasks.map(({ node }) => node.activity))],
    async run(activity, how = {}) {
      for (const subtask of named(activity, how.of)) await one(subtask, how);
    },
    async upTo(activity) {
      for (const subtask of subtasks) {
        if (subtask.node.activity === activity) return;
        await one(subtask, {});
      }
      await end('SUCCESSFUL');
    },
    async undo() {
      for (const subtask of [...subtasks].reverse()) {
        if (begun.has(subtask.id)) await one(subtask, { rollback: true });
      }
      await end('FAILED');
    },
    end,
    on: (other) => taskOn(world, other, plan, begun),
    async log(activity, of) {
      const lines = await Promise.all(
        named(activity, of).map(({ id }) => store.tasks.readLog(plan.taskId, id)),
      );
      return lines
        .flat()
        .map(({ text }) => text)
        .join('\n');
    },
    async wholeLog() {
      const lines = await Promise.all(subtasks.map(({ id }) => store.tasks.readLog(plan.taskId, id)));
      return lines
        .flat()
        .map(({ text }) => text)
        .join('\n');
    },
  };
}

/** A client of the proxy, with a session that the stand-in serves. */
export async function openSession(host: TestHost, home: string, port = 2883): Promise<Connection> {
  await host.sh(`mkdir -p ${home}/.standin && touch ${home}/.standin/serve-users`);
  const client = await createConnection({ host: host.ip, port, user: 'root@sys', password: 'any' });
  await host.sh(`rm ${home}/.standin/serve-users`);
  // The proxy ends it sooner or later, which is what these tests are about.
  client.on('error', () => undefined);
  return client;
}

/** Processes named obproxy that live in a home. */
export async function proxiesIn(host: TestHost, home: string): Promise<number[]> {
  const { stdout } = await host.sh(`
    for entry in /proc/[0-9]*; do
      [ "$(cat $entry/comm 2>/dev/null)" = obproxy ] && [ -e $entry/exe ] && [ "$(readlink $entry/cwd)" = ${home} ] && echo "\${entry#/proc/}"
    done; exit 0`);
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** The proxy of a home is the child of a supervisor from now on, in the foreground, and nobody else keeps it. */
export async function superviseInstead(host: TestHost, home: string): Promise<void> {
  await host.sh(
    `pkill -f ${KEEPER_FILE}; cd /proc && for pid in [0-9]*; do [ "$(cat $pid/comm 2>/dev/null)" = obproxy ] && kill -9 $pid; done`,
  );
  await until('no obproxy', () => host.pids('obproxy').length === 0);
  await host.sh(
    `cd ${home} && setsid runuser -u admin -- sh -c 'trap "" USR2; ./bin/obproxy -N & wait' >/dev/null 2>&1 </dev/null &`,
  );
}
