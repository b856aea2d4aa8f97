import { setTimeout as delay } from 'node:timers/promises';
import { KEEPER_FILE } from '../../activities/obproxy/keeper';
import { quote } from '../../hosts/quote';
import type { TestHost } from '../../sandbox/hosts/fleet';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { until } from '../support/until';
import type { Stop } from './control';
import type { Lane } from './lane';
import type { Scene } from './scene';

/** Where a fault strikes: an execution of one subtask has stopped and waits to be released. */
export interface Strike {
  readonly lane: Lane;
  readonly scene: Scene;
  readonly stop: Stop;
  /** The host of the subtask, or the first of the task. */
  readonly host: TestHost;
  readonly random: () => number;
  /** Seconds that the subtask may take, where the fault cuts its timeout. */
  readonly timeout: number;
  /** Status of the subtask; undefined while the API cannot be asked. */
  readonly status: () => Promise<string | undefined>;
}

export interface Fault {
  readonly name: string;
  /** obflow: everything recovers by itself. host: one retry may be needed. undo: the task fails and is rolled back. */
  readonly kind: 'obflow' | 'host' | 'undo';
  /** Where in the execution; default anywhere. */
  readonly at?: 'before' | 'after' | 'inside';
  /** The subtask is given so many seconds more than twice what it takes undisturbed, instead of its documented timeout. */
  readonly timeout?: number;
  /** The host's services are started again by others, so that starts and arguments differ. */
  readonly restarts?: true;
  /** Does the fault, releases the execution, and returns when the fault is over. */
  readonly strike: (strike: Strike) => Promise<void>;
  /** A second fault, in the undo of the same subtask. */
  readonly duringUndo?: (strike: Strike) => Promise<void>;
}

/** So long is a cut, and about so long a frozen sshd, unless the subtask has ended without its host. */
const CUT_MS = 10_000;
const DATABASE_LOCKED_MS = 5_000;
const RPM_LOCKED_MS = 3_000;
const OFF_MS = 1_500;
const DISK_FULL_MS = 6_000;
const SHORT_TIMEOUT = 8;
const OBSERVER_UP_MS = 15_000;

const over = (status: string | undefined) => status === 'FAILED' || status === 'SUCCESSFUL';

async function untilOver({ lane, stop, status }: Strike, deadlineMs: number): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (Date.now() < deadline && !over(await status())) await lane.control.pauseFor(stop.point.subtaskId);
}

/** Holds rpm's transaction lock as another rpm would, for as long as `work` takes. */
async function whileRpmLocked(host: TestHost, work: () => Promise<void>): Promise<void> {
  const program = `
    use Fcntl;
    open(my $lock, ">>", "/var/lib/rpm/.rpm.lock") or die;
    my $whole = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
    fcntl($lock, F_SETLKW, $whole) or die;
    open(my $mark, ">", "/run/lock-held") or die;
    sleep 300;`;
  await host.sh(`setsid perl -e ${quote(program)} </dev/null >/dev/null 2>&1 & echo $! >/run/lock-pid`);
  await until('the lock', async () => (await host.sh('[ -e /run/lock-held ]')).exitCode === 0);
  try {
    await work();
  } finally {
    await host.sh('kill "$(cat /run/lock-pid)"; rm -f /run/lock-held /run/lock-pid');
  }
}

/** What systemd or a person starts after a reboot: the keeper, an observer that ran, a proxy that was started by hand. */
async function startServices({ scene, host, stop }: Strike, observerRan: boolean): Promise<void> {
  await host.sh(`[ ! -e ${KEEPER_FILE} ] || setsid sh ${KEEPER_FILE} </dev/null >/dev/null 2>&1 &`);
  // The subtask whose work the start is does it again; when it has done its work already, nobody else would.
  const startsItself = /^(Start|Restart)Observer/.test(stop.point.activity) && stop.point.kind !== 'after';
  if (observerRan && !startsItself) {
    await host.sh(
      `cd ${OBSERVER_HOME} && setsid runuser -u admin -- ./bin/observer </dev/null >/dev/null 2>&1`,
    );
    // The next power loss must not find a server that nobody would start again. A task that goes on may have stopped or removed it.
    await until('the observer runs again', () => host.pids('observer').length > 0, OBSERVER_UP_MS).catch(
      () => undefined,
    );
  }
  if (scene.byHand !== undefined) {
    await host.sh(
      `cd ${scene.byHand.proxy.home} && setsid runuser -u admin -- ./bin/obproxy </dev/null >/dev/null 2>&1`,
    );
    await until('the proxy is up again', async () => {
      const { exitCode } = await host.sh('nc -z 127.0.0.1 2883 && nc -z 127.0.0.1 2884');
      return exitCode === 0;
    });
  }
}

const NOT_COMMANDS = /^(sshd.*|obproxy|observer)$/;

/** Ends the first command that the subtask starts on the host, with everything it consists of. */
async function killCommand({ host, stop, lane }: Strike): Promise<void> {
  const before = new Set<number>();
  host.killProcesses(({ pid }) => {
    before.add(pid);
    return false;
  });
  let left = false;
  lane.control.onPoint = ({ kind, subtaskId }) => {
    left ||= kind === 'after' && subtaskId === stop.point.subtaskId;
  };
  stop.release();
  const deadline = Date.now() + 5_000;
  while (!left && Date.now() < deadline) {
    const killed = host.killProcesses(
      ({ pid, comm, args }) => !before.has(pid) && !NOT_COMMANDS.test(comm) && !args.includes(KEEPER_FILE),
    );
    if (killed.length > 0) return;
    await delay(1);
  }
}

async function killWorker({ lane, stop }: Strike): Promise<void> {
  await lane.stack.parts.worker?.kill();
  stop.release();
  await lane.stack.startWorker();
}

export const FAULTS: readonly Fault[] = [
  { name: 'worker-kill', kind: 'obflow', strike: killWorker },
  {
    name: 'worker-term',
    kind: 'obflow',
    async strike({ lane, stop, random }) {
      const stopped = lane.stack.parts.worker?.stop();
      // Either the step ends within the grace, or it is still at work when that is over.
      if (random() < 0.7) setTimeout(() => stop.release(), 50);
      await stopped;
      stop.release();
      await lane.stack.startWorker();
    },
  },
  {
    name: 'api-kill',
    kind: 'obflow',
    async strike({ lane, stop }) {
      await lane.stack.parts.api?.kill();
      stop.release();
      await lane.stack.startApi();
    },
  },
  {
    name: 'temporal-kill',
    kind: 'obflow',
    async strike({ lane, stop }) {
      await lane.stack.killTemporal();
      stop.release();
      await lane.stack.startTemporal();
    },
  },
  {
    name: 'database-locked',
    kind: 'obflow',
    strike: ({ lane, stop }) =>
      lane.rows.locked(async () => {
        stop.release();
        await delay(DATABASE_LOCKED_MS);
      }),
  },
  {
    name: 'power-loss',
    kind: 'host',
    restarts: true,
    async strike(strike) {
      const { host, stop } = strike;
      const observerRan = host.pids('observer').length > 0;
      await host.powerOff();
      stop.release();
      await delay(OFF_MS);
      await host.boot();
      await startServices(strike, observerRan);
    },
  },
  {
    name: 'network-cut',
    kind: 'host',
    async strike(strike) {
      await strike.host.cut();
      strike.stop.release();
      await untilOver(strike, CUT_MS);
      await strike.host.heal();
    },
  },
  {
    name: 'network-cut-beyond-timeout',
    kind: 'host',
    timeout: SHORT_TIMEOUT,
    async strike(strike) {
      await strike.host.cut();
      strike.stop.release();
      await untilOver(strike, (strike.timeout + 12) * 1000);
      await strike.host.heal();
    },
  },
  {
    name: 'sshd-frozen',
    kind: 'host',
    async strike(strike) {
      await strike.host.freezeSshd();
      strike.stop.release();
      await untilOver(strike, CUT_MS);
      await strike.host.thawSshd();
    },
  },
  { name: 'command-killed', kind: 'host', strike: killCommand },
  {
    name: 'rpm-locked',
    kind: 'host',
    strike: ({ host, stop }) =>
      whileRpmLocked(host, async () => {
        stop.release();
        await delay(RPM_LOCKED_MS);
      }),
  },
  {
    name: 'disk-full',
    kind: 'host',
    async strike(strike) {
      await strike.host.fillDisk();
      strike.stop.release();
      await untilOver(strike, DISK_FULL_MS);
      await strike.host.freeDisk();
    },
  },
  ...(['before', 'inside', 'after'] as const).map(
    (at): Fault => ({
      name: `rollback-${at}`,
      kind: 'undo',
      at,
      strike: async ({ stop }) => stop.release('fail'),
    }),
  ),
  {
    name: 'rollback-worker-kill',
    kind: 'undo',
    at: 'after',
    strike: async ({ stop }) => stop.release('fail'),
    duringUndo: killWorker,
  },
];
