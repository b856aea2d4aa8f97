import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { repositoryRoot } from '../../runtime/paths';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { type Stack, startStack } from '../../sandbox/stack/stack';
import { buildObproxyRpm } from '../../sandbox/standins/rpm';
import { CHAOS_FOLDER } from './chaosEffects';
import { verdictOf } from './chaosVerdict';
import { clusterBody, OBPROXY } from './lane';
import { seeded } from './random';
import { Rows } from './rows';

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Kept open all the time; default 200. */
  readonly inFlight?: number;
  readonly say: (text: string) => void;
}

/** A request as its sender knows it. */
export interface Sent {
  readonly name: string;
  /** Undefined when the sender gave up without an answer. */
  taskId: number | undefined;
}

export interface ChaosReport {
  readonly accepted: number;
  readonly unknown: number;
  readonly kills: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly executions: number;
  readonly problems: readonly string[];
}

/** After the last kill; a worker with 100 places has some minutes of work left. */
const SETTLE_MS = 600_000;
const HOSTS = 3_000;
const SENDERS = 6;
/** Of the senders, so many never ask again after an error. */
const GIVES_UP = 0.1;

/** Tasks of 12 light subtasks on hosts that only the inventory knows. */
class Chaos {
  readonly sent: Sent[] = [];
  readonly kills: Record<string, number> = { worker: 0, api: 0, temporal: 0 };
  readonly retried = new Set<number>();
  #over = false;
  #open = 0;

  constructor(
    readonly stack: Stack,
    readonly hostIds: readonly number[],
    readonly version: string,
    readonly options: ChaosOptions,
  ) {}

  end(): void {
    this.#over = true;
  }

  /** The number of tasks that run, as the database says. */
  async watchOpen(rows: Rows): Promise<void> {
    while (!this.#over) {
      this.#open = rows.count("select count(*) as n from tasks where closed = 0 and status = 'RUNNING'");
      await delay(300);
    }
  }

  async send(random: () => number): Promise<void> {
    const limit = this.options.inFlight ?? 200;
    while (!this.#over) {
      const number = this.sent.length;
      const hostId = this.hostIds[number];
      if (hostId === undefined) throw new Error('the inventory has too few hosts');
      if (this.#open >= limit) {
        await delay(100);
        continue;
      }
      const sent: Sent = { name: `chaos${number}`, taskId: undefined };
      this.sent.push(sent);
      const body = {
        ...clusterBody(sent.name),
        obproxyInstallParam: { hostIds: [hostId], sqlPort: 2883, exporterPort: 2884, version: this.version },
      };
      const patient = random() >= GIVES_UP;
      const task = await this.request<TaskJson>('/api/v2/obproxy/clusters', body, patient);
      sent.taskId = task?.id;
    }
  }

  /** Sends under one key until there is an answer; without patience once. Throws when it is refused. */
  async request<T>(target: string, body: unknown, patient: boolean): Promise<T | undefined> {
    const key = randomUUID();
    for (;;) {
      const outcome = await this.stack.api
        .send('POST', target, body, { 'idempotency-key': key })
        .catch(() => undefined);
      this.stack.api.requests.length = 0;
      if (outcome?.status === 200) return (outcome.answer as { data: T }).data;
      const again = outcome === undefined || outcome.status >= 500 || [409, 429].includes(outcome.status);
      if (!again)
        throw new Error(`POST ${target} answered ${outcome.status}: ${JSON.stringify(outcome.answer)}`);
      if (!patient) return undefined;
      await delay(300);
    }
  }

  /** A person who retries every other failed task. */
  async operate(rows: Rows): Promise<void> {
    while (!this.#over) {
      for (const id of rows.ids("select id from tasks where closed = 0 and status = 'FAILED'")) {
        if (id % 2 === 0 || this.retried.has(id) || this.#over) continue;
        this.retried.add(id);
        await this.request(`/api/v2/tasks/instances/${id}/retry`, {}, true).catch(() => undefined);
      }
      await delay(1_000);
    }
  }

  async kill(random: () => number, until: number): Promise<void> {
    const { stack } = this;
    const parts = {
      worker: [() => stack.parts.worker?.kill(), () => stack.startWorker()],
      api: [() => stack.parts.api?.kill(), () => stack.startApi()],
      temporal: [() => stack.killTemporal(), () => stack.startTemporal()],
    } as const;
    const names = Object.keys(parts) as (keyof typeof parts)[];
    while (Date.now() < until) {
      await delay(2_000 + random() * 6_000);
      const count = random() < 0.2 ? 2 : 1;
      const first = Math.floor(random() * names.length);
      const victims = Array.from({ length: count }, (_, index) => names[(first + index) % names.length]);
      await Promise.all(
        victims.map(async (victim) => {
          if (victim === undefined) return;
          this.kills[victim] = (this.kills[victim] ?? 0) + 1;
          const [stop, start] = parts[victim];
          await stop();
          await delay(random() * 2_000);
          await start();
        }),
      );
      const { worker = 0, api = 0, temporal = 0 } = this.kills;
      this.options.say(
        `killed ${victims.join(' and ')} (worker ${worker}, api ${api}, temporal ${temporal}); ${this.sent.length} sent, ${this.#open} open`,
      );
    }
  }
}

/** Keeps 200 tasks in flight while worker, API and Temporal are killed at random, then looks at each of them. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const marks = mkdtempSync(path.join(os.tmpdir(), 'obflow-chaos-'));
  mkdirSync(marks, { recursive: true });
  const stack = await startStack({
    hosts: 1,
    processes: 'split',
    program: path.join(repositoryRoot(), 'dist/test/faults/chaosPart.js'),
    env: { [CHAOS_FOLDER]: marks, OBFLOW_RATE_LIMIT: '100000/1s', OBFLOW_LOOK_SECONDS: '0' },
  });
  const rows = new Rows(path.join(stack.dataDir, 'obflow.db'));
  try {
    await stack.apply();
    const { fileName } = await stack.api.uploadPackage(await buildObproxyRpm(OBPROXY));
    const chaos = new Chaos(stack, rows.copyHost(HOSTS), fileName, options);
    const until = Date.now() + options.minutes * 60_000;
    const work = [
      chaos.watchOpen(rows),
      chaos.operate(rows),
      ...Array.from({ length: SENDERS }, (_, index) => chaos.send(seeded(options.seed, `sender ${index}`))),
    ];
    await chaos.kill(seeded(options.seed, 'kills'), until);
    chaos.end();
    await Promise.all(work);
    options.say('nothing is killed any more; waiting for the tasks');
    const deadline = Date.now() + SETTLE_MS;
    while (rows.count("select count(*) as n from tasks where status = 'RUNNING'") > 0) {
      if (Date.now() > deadline) break;
      await delay(500);
    }
    return await verdictOf({
      stack,
      rows,
      marks,
      sent: chaos.sent,
      kills: chaos.kills,
      retries: chaos.retried.size,
    });
  } finally {
    rows.close();
    await stack.stop();
    rmSync(marks, { recursive: true, force: true });
  }
}
