/** What an installation costs: CPU-seconds from /proc, forks of the hosts, and how long the event loops stood still. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { repositoryRoot } from '../runtime/paths';
import type { TestHost } from '../sandbox/hosts/fleet';
import type { Stack } from '../sandbox/stack/stack';

/** Ticks of /proc/<pid>/stat in a second (USER_HZ, the same on every Linux). */
const TICKS = 100;
const DELAYS = 'delays';

/** Settings of the parts that are to be measured. */
export function measuredEnvironment(folder: string): NodeJS.ProcessEnv {
  return {
    NODE_OPTIONS: `--require ${path.join(repositoryRoot(), 'dist/bench/loopDelay.js')}`,
    BENCH_LOOP_DELAYS: path.join(folder, DELAYS),
  };
}

/** User and system time of a process, all its threads; with those of the children that it has waited for if wished. */
function cpuSeconds(stat: string, withChildren: boolean): number {
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  const ticks = fields.slice(11, withChildren ? 15 : 13).map(Number);
  return ticks.reduce((sum, value) => sum + value, 0) / TICKS;
}

export interface ControlPlane {
  readonly api: number;
  readonly worker: number;
  readonly temporal: number;
}

/** CPU-seconds that the parts have used so far. */
export function controlPlaneCpu(stack: Stack): ControlPlane {
  const of = (pid: number | undefined) => cpuSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8'), false);
  return {
    api: of(stack.parts.api?.pid),
    worker: of(stack.parts.worker?.pid),
    temporal: temporalCpu(stack.dataDir),
  };
}

/** CPU-seconds that the dev server of a data folder has used so far. */
export function temporalCpu(dataDir: string): number {
  const pid = readFileSync(path.join(dataDir, 'temporal.pid.server'), 'utf8').trim();
  return cpuSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8'), false);
}

export interface HostSpent {
  /** CPU-seconds of sshd and everything that was started through it, but what runs under a stand-in's name. */
  readonly cpu: number;
  /** CPU-seconds of living processes of stand-ins. */
  readonly standIn: number;
  /** Processes and threads that the host has ever had. */
  readonly pids: number;
}

/**
 * What a host has spent so far. Its first process is sshd, which buries every orphan, so its own time and that of its dead
 * are those of all processes that have ended. A pid namespace counts its pids, and those of threads.
 */
export async function hostSpent(host: TestHost): Promise<HostSpent> {
  const { stdout } = await host.sh(
    `read -r _ _ _ _ last </proc/loadavg; echo "$last"; cat /proc/[0-9]*/stat`,
  );
  const [last, ...stats] = stdout.trim().split('\n');
  let cpu = 0;
  let standIn = 0;
  for (const stat of stats) {
    const spent = cpuSeconds(stat, true);
    if (/^\d+ \((obproxy|observer)\) /.test(stat)) standIn += spent;
    else cpu += spent;
  }
  return { cpu, standIn, pids: Number(last) };
}

/** The difference, less what the look itself costs. */
export function spentSince(before: HostSpent, after: HostSpent, look: number): HostSpent {
  return {
    cpu: after.cpu - before.cpu,
    standIn: after.standIn - before.standIn,
    pids: after.pids - before.pids - look,
  };
}

/** Pids that one look at a host takes. */
export async function pidsOfLook(host: TestHost): Promise<number> {
  const [first, second] = [await hostSpent(host), await hostSpent(host)];
  return second.pids - first.pids;
}

/**
 * What a start of the stand-in costs a host by itself: two starts of Node, of which the first, the launcher, ends at once.
 * The host must have the package and no proxy.
 */
export async function standInStart(host: TestHost, home: string, look: number): Promise<HostSpent> {
  const before = await hostSpent(host);
  // An orphan, so that sshd, the host's first process, buries it and counts its time.
  await host.sh(`cd ${home} || exit
( exec setsid runuser -u admin -- ./bin/obproxy -p 2883 -n bench -c obcluster -r 127.0.0.1:2881 -o prometheus_listen_port=2884 ) </dev/null >/dev/null 2>&1 &`);
  while (!(await isOpen(host.ip, 2883))) await delay(20);
  const spent = spentSince(before, await hostSpent(host), look);
  // The shell that started it is nobody's of the product.
  return { ...spent, pids: spent.pids - 1 };
}

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

export interface LoopDelay {
  /** Milliseconds. */
  readonly longest: number;
  readonly p99: number;
  /** The longest, less what the thread waited for a core: the loop's own standing still. */
  readonly own: number;
}

/** How long the event loops of API and worker stood still at most since this was asked last. */
export async function loopDelays(stack: Stack): Promise<{ api: LoopDelay; worker: LoopDelay }> {
  const [api, worker] = await Promise.all(
    [stack.parts.api?.pid, stack.parts.worker?.pid].map(async (pid = 0) => {
      const file = `${stack.env.BENCH_LOOP_DELAYS}.${pid}`;
      rmSync(file, { force: true });
      process.kill(pid, 'SIGUSR2');
      while (!existsSync(file)) await delay(5);
      return JSON.parse(readFileSync(file, 'utf8')) as LoopDelay;
    }),
  );
  const none = { longest: Number.NaN, p99: Number.NaN, own: Number.NaN };
  return { api: api ?? none, worker: worker ?? none };
}
