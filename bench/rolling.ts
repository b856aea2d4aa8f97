import { setTimeout as delay } from 'node:timers/promises';
import type { TaskJson } from '../sandbox/stack/apiClient';
import { CLIENT_STATEMENT, openClient } from '../sandbox/stack/client';
import { inventoryIds, type Stack, startStack } from '../sandbox/stack/stack';
import { buildObproxyRpm } from '../sandbox/standins/rpm';
import { controlPlaneCpu } from './costs';
import { createLinkedCluster } from './install';
import { type BenchResult, result } from './measure';

const PROXIES = 4;
/** Of each OBProxy. */
const CLIENTS = 5;
/** As a connection pool: each asks so often, and is replaced by a new one when it is so old. */
const PAUSE_MS = 100;
const LIFETIME_MS = 3_000;
const ROLLING_WITHIN_MS = 600_000;

interface ProxyJson {
  readonly id: number;
  readonly ip: string;
  readonly sqlPort: number;
}

/** What became of the sessions that clients had. */
interface Sessions {
  opened: number;
  /** Ended by somebody else than the client. */
  lost: number;
  refused: number;
}

/**
 * (o) Four OBProxies restarted one after the other, hot and not, while clients work through all of them: the time, what it
 * costs, and what the clients noticed. A round is a fleet of its own.
 */
export async function benchRolling(rounds: number): Promise<BenchResult[]> {
  const figures = new Map<string, number[]>();
  const note = (name: string, value: number) => figures.set(name, [...(figures.get(name) ?? []), value]);
  for (let round = 0; round < rounds; round++) {
    const stack = await startStack({ hosts: PROXIES, processes: 'split' });
    try {
      const { clusterId, proxies } = await installed(stack);
      for (const kind of ['hot', 'cold'] as const) {
        const clients = new Clients(stack, proxies);
        await clients.allOpen();
        const before = controlPlaneCpu(stack);
        note(`${kind} time`, await restart(stack, clusterId, proxies, kind === 'hot'));
        const after = controlPlaneCpu(stack);
        const { opened, lost, refused } = await clients.stop();
        note(`${kind} opened`, opened);
        note(`${kind} lost`, lost);
        note(`${kind} refused`, refused);
        for (const part of ['api', 'worker', 'temporal'] as const) {
          note(`${kind} cpu ${part}`, (after[part] - before[part]) / PROXIES);
        }
      }
    } finally {
      await stack.stop();
    }
    const shown = [...figures].map(([name, values]) => `${name} ${(values.at(-1) ?? 0).toFixed(2)}`);
    console.log(`  round ${round + 1}: ${shown.join(', ')}`);
  }
  const of = (name: string) => figures.get(name) ?? [];
  const together = of('hot cpu api').map(
    (api, round) => api + (of('hot cpu worker')[round] ?? 0) + (of('hot cpu temporal')[round] ?? 0),
  );
  return [
    result('(o) hot restart of 4 OBProxies, one after the other', 's', of('hot time'), '-'),
    result('(o) sessions that clients had meanwhile', '', of('hot opened'), '-'),
    result('(o) sessions lost', '', of('hot lost'), '0'),
    result('(o) logins refused', '', of('hot refused'), '0'),
    result('(o) control plane together', 'CPU-s/p', together, '-'),
    ...(['api', 'worker', 'temporal'] as const).map((part) =>
      result(`(o) ${part}`, 'CPU-s/p', of(`hot cpu ${part}`), '-'),
    ),
    result('(o) restart that is not hot, of the same four', 's', of('cold time'), '-'),
    result('(o) sessions lost by it', '', of('cold lost'), '-'),
  ];
}

async function installed(stack: Stack): Promise<{ clusterId: number; proxies: readonly ProxyJson[] }> {
  const { api } = stack;
  await stack.apply();
  const rpm = await buildObproxyRpm({ name: 'obproxy', version: '4.3.1.0', release: '4.el7' });
  const version = (await api.uploadPackage(rpm)).fileName;
  const clusterId = await createLinkedCluster(stack, 'rolling');
  const hostIds = await inventoryIds(stack, stack.fleet.hosts);
  const path = `/api/v2/obproxy/clusters/${clusterId}`;
  const added = await api.call<{ contents: TaskJson[] }>('POST', `${path}/obproxies/batchAdd`, {
    ...{ hostIds, sqlPort: 2883, exporterPort: 2884, version },
  });
  const ids = added.contents.map(({ id }) => id);
  await api.settled(ids, { statuses: ['SUCCESSFUL'], deadlineMs: ROLLING_WITHIN_MS });
  const { obproxies } = await api.call<{ obproxies: ProxyJson[] }>('GET', path);
  return { clusterId, proxies: obproxies };
}

/** Seconds from the POST to the task's finishTime; looks once a second, as in (e). */
async function restart(
  { api }: Stack,
  clusterId: number,
  proxies: readonly ProxyJson[],
  hotRestart: boolean,
): Promise<number> {
  const start = Date.now();
  const body = { obproxyServerIds: proxies.map(({ id }) => id), hotRestart };
  const { id } = await api.call<TaskJson>(
    'POST',
    `/api/v2/obproxy/clusters/${clusterId}/servers/restart`,
    body,
  );
  const [task] = await api.settled([id], {
    ...{ statuses: ['SUCCESSFUL'], pollMs: 1000, deadlineMs: ROLLING_WITHIN_MS },
  });
  return (Date.parse(task?.finishTime ?? '') - start) / 1000;
}

/** Clients that work through every OBProxy, each in one session at a time. */
class Clients {
  readonly #sessions: Sessions = { opened: 0, lost: 0, refused: 0 };
  readonly #running: Promise<unknown>[];
  readonly #first: Promise<void>[] = [];
  #stopping = false;

  constructor(
    private readonly stack: Stack,
    proxies: readonly ProxyJson[],
  ) {
    this.#running = proxies.flatMap((proxy) => Array.from({ length: CLIENTS }, () => this.#work(proxy)));
  }

  /** Resolves when every client has a session. */
  async allOpen(): Promise<void> {
    await Promise.all(this.#first);
  }

  async stop(): Promise<Sessions> {
    this.#stopping = true;
    await Promise.all(this.#running);
    return this.#sessions;
  }

  async #work(proxy: ProxyJson): Promise<void> {
    let opened: () => void = () => undefined;
    this.#first.push(
      new Promise((resolve) => {
        opened = resolve;
      }),
    );
    while (!this.#stopping) {
      await this.#session(proxy, opened);
    }
  }

  async #session(proxy: ProxyJson, opened: () => void): Promise<void> {
    const session = await openClient(this.stack, proxy).catch(() => undefined);
    if (session === undefined) {
      this.#sessions.refused += 1;
      await delay(PAUSE_MS);
      return;
    }
    this.#sessions.opened += 1;
    opened();
    try {
      const until = Date.now() + LIFETIME_MS;
      while (Date.now() < until && !this.#stopping) {
        await session.query(CLIENT_STATEMENT);
        await delay(PAUSE_MS);
      }
    } catch {
      this.#sessions.lost += 1;
    } finally {
      session.close();
    }
  }
}
