import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { TOOL_PATH } from '../setup/packages';
import { ended, run } from './command';
import { BLACKHOLE_METRIC, type FleetNetwork } from './network';

/**
 * Undoes a fleet: bridge, veths, route, disks, folder. The bridge goes last, because its name is the lock on the range,
 * and only when its MAC address is the fleet's own. The folder may still be written to by dying processes.
 * --one-file-system because nothing mounted may ever be emptied by this.
 */
const TEAR_DOWN = `
tear_down() {
  bridge= mac= subnet=
  [ -r "$1/network" ] && read -r bridge mac subnet <"$1/network"
  case "$(ip -o link show dev "$bridge" 2>/dev/null)" in
  *"link/ether $mac "*)
    for port in $(ip -o link show master "$bridge" | sed -n 's/^[0-9]*: \\([^@:]*\\).*/\\1/p'); do
      ip link del "$port" 2>/dev/null
    done
    ip route del blackhole "$subnet" metric ${BLACKHOLE_METRIC} 2>/dev/null
    ip link del "$bridge"
    ;;
  esac
  while read -r source disk rest; do
    case "$disk" in "$1"/*) umount -l "$disk" ;; esac
  done </proc/mounts
  tries=0
  until rm -rf --one-file-system "$1" 2>/dev/null; do
    tries=$((tries + 1)); [ $tries -lt 100 ] || { rm -rf --one-file-system "$1"; return; }
    sleep 0.05
  done
}
`;

/** Waits until its stdin ends (the owner stopped the fleet, or died in whatever way), then tears down. */
const CARETAKER = `${TEAR_DOWN}
exec 9>"$1/lock"; flock 9; echo ready
cat >/dev/null
exec >/dev/null
tear_down "$1"
`;

/** For fleets whose caretaker died with the owner: the lock on the file is free then, in every pid namespace. */
const SWEEP = `${TEAR_DOWN}
exec 9>>"$1/lock"; flock -n 9 || exit 0
tear_down "$1"
`;

interface OwnerRecord {
  readonly pid: number;
  readonly startTime: string;
  readonly pidNamespace: string;
}

/** Field 22 of /proc/<pid>/stat: with the pid it names one process for ever. Undefined when there is none. */
function startTimeOf(pid: number): string | undefined {
  try {
    // The second field is a name in brackets that may hold spaces.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19];
  } catch {
    return undefined;
  }
}

function pidNamespace(): string {
  // The inode number of the namespace; readlink would say the same.
  return String(statSync('/proc/self/ns/pid').ino);
}

/** One folder per living fleet, each with owner.json, network, lock and the hosts' disks. */
export function fleetsFolder(): string {
  const folder = path.join(os.tmpdir(), 'obflow-fleets');
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o1777);
  }
  return folder;
}

function ownerLives(folder: string): boolean {
  try {
    const owner = JSON.parse(readFileSync(path.join(folder, 'owner.json'), 'utf8')) as OwnerRecord;
    return owner.pidNamespace === pidNamespace() && startTimeOf(owner.pid) === owner.startTime;
  } catch {
    // Not written yet: a fleet that is just starting is given a minute.
    return Date.now() - statSync(folder).mtimeMs < 60_000;
  }
}

/** Clears away what killed owners left behind. Fleets of other users, and of living owners, are not touched. */
export async function sweepAbandonedFleets(): Promise<void> {
  const folders = readdirSync(fleetsFolder()).map((name) => path.join(fleetsFolder(), name));
  await Promise.all(
    folders.map(async (folder) => {
      try {
        if (statSync(folder).uid === process.getuid?.() && !ownerLives(folder)) {
          await run('sh', ['-c', SWEEP, 'obflow-fleet-sweep', folder]);
        }
      } catch {
        // Gone meanwhile: its own caretaker was faster.
      }
    }),
  );
}

/** The folder of a fleet and the process that removes the fleet when this one cannot any more. */
export class Caretaker {
  private constructor(
    readonly folder: string,
    private readonly process: ChildProcess,
  ) {}

  /** Makes the fleet's folder and starts its caretaker. */
  static async start(): Promise<Caretaker> {
    const folder = await mkdtemp(path.join(fleetsFolder(), 'fleet-'));
    chmodSync(folder, 0o755);
    // A session of its own: Ctrl-C in the terminal must not reach it.
    const child = spawn('sh', ['-c', CARETAKER, 'obflow-fleet-caretaker', folder], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: TOOL_PATH, LC_ALL: 'C' },
      cwd: '/',
    });
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error('the caretaker of the test hosts ended at once')));
      child.stdout.once('data', () => resolve());
    });
    const owner: OwnerRecord = {
      pid: process.pid,
      startTime: startTimeOf(process.pid) ?? '',
      pidNamespace: pidNamespace(),
    };
    writeFileSync(path.join(folder, 'owner.json'), JSON.stringify(owner));
    // A forgotten fleet must not keep a program alive; it goes when the program goes.
    child.unref();
    (child.stdin as unknown as { unref(): void }).unref();
    child.stdout.destroy();
    return new Caretaker(folder, child);
  }

  /** Writes down the network that is about to be made. */
  announce(network: FleetNetwork): void {
    writeFileSync(path.join(this.folder, 'network'), `${network.bridge} ${network.mac} ${network.subnet}\n`);
  }

  /** Removes the fleet's network and folder; its hosts must be off. */
  async tearDown(): Promise<void> {
    this.process.ref();
    this.process.stdin?.end();
    await ended(this.process);
    if (existsSync(this.folder)) {
      throw new Error(`could not remove ${this.folder}; something still runs in it`);
    }
  }
}
