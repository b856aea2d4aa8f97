/** One look at everything of a host that an observer's installation depends on. Changes nothing. */
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { uidCommand } from '../../hosts/userName';
import type { SizingFacts } from '../../oceanbase/hostRequirements';
import { DATA_DISK, LOG_DISK, RUN_USER } from '../../oceanbase/observerLayout';
import { addressText } from '../../runtime/addressText';
import { TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';

export interface HostLook {
  readonly sizing: SizingFacts;
  /** uid of the commands, and of the run user ('' = there is none; no number: why the host cannot tell). */
  readonly uid: string;
  readonly runUserUid: string;
  /** Of the two disks, those that nobody may write to. */
  readonly readOnly: readonly string[];
  /** Milliseconds the host's clock is ahead of ours, and how sure that is. */
  readonly clockOffsetMs: number;
  readonly clockUncertaintyMs: number;
}

const LOOK = `
place() { p=$1; while [ ! -e "$p" ]; do p=$(dirname "$p"); done; }
say() { printf '%s\\t%s\\n' "$1" "$2"; }
say clock "$(date +%s%3N)"
say uid "$(id -u)"
say run_user "$(${uidCommand(quote(RUN_USER))})"
for key in fs/aio-max-nr fs/aio-nr fs/file-max vm/max_map_count vm/min_free_kbytes vm/overcommit_memory; do
  say "$key" "$(cat /proc/sys/$key 2>/dev/null)"
done
say memory "$(sed -n 's/^MemAvailable: *\\([0-9]*\\).*/\\1/p' /proc/meminfo)"
say total "$(sed -n 's/^MemTotal: *\\([0-9]*\\).*/\\1/p' /proc/meminfo)"
for disk in ${quote(DATA_DISK)} ${quote(LOG_DISK)}; do
  place "$disk"
  say "free:$disk" "$(df -Pk "$p" | awk 'NR == 2 { print $4 }')"
  say "device:$disk" "$(stat -c %d "$p")"
  [ -w "$p" ] || say "readonly:$disk" "$p"
done
say architecture "$(uname -m)"
say cpus "$(grep -c '^processor' /proc/cpuinfo)"
say flags "$(sed -nE 's/^(flags|Features)[[:space:]]*: //p' /proc/cpuinfo | head -n 1)"
say end yes
`;

function limit(text: string | undefined): number {
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}

/** Limits are read as the run user, in the way the observer will be started. */
export async function lookAtHost(host: Host): Promise<HostLook> {
  const asked = Date.now();
  const { exitCode, stdout, stderr } = await host.sh(LOOK);
  const answered = Date.now();
  const facts = new Map(
    stdout.split('\n').flatMap((line): [string, string][] => {
      const tab = line.indexOf('\t');
      return tab < 0 ? [] : [[line.slice(0, tab), line.slice(tab + 1).trim()]];
    }),
  );
  // What is not said would count as writable, and as no such user.
  if (!facts.has('end')) {
    throw new TransientError({
      type: 'HostLookCutOff',
      tried: say('observer.lookAtHost'),
      where: host.ip,
      cameBack: stderr.trim().slice(0, 300) || say('observer.halfAnswer', { code: exitCode }),
      next: say('next.shortOfMemory'),
    });
  }
  const number = (key: string) => Number(facts.get(key) ?? Number.NaN);
  const runUserUid = facts.get('run_user') === 'missing' ? '' : (facts.get('run_user') ?? '');
  const limits = !/^\d+$/.test(runUserUid)
    ? undefined
    : await host.sh('ulimit -Hn; ulimit -Hu 2>/dev/null || ulimit -Hp', { user: RUN_USER });
  const [nofile, nproc] = limits?.stdout.trim().split('\n') ?? [];
  const half = (answered - asked) / 2;
  return {
    sizing: {
      aioMaxNr: number('fs/aio-max-nr'),
      aioNr: number('fs/aio-nr'),
      fileMax: number('fs/file-max'),
      maxMapCount: number('vm/max_map_count'),
      minFreeKbytes: number('vm/min_free_kbytes'),
      overcommitMemory: number('vm/overcommit_memory'),
      nofileHard: limit(nofile),
      nprocHard: limit(nproc),
      memoryAvailableMib: Math.floor(number('memory') / 1024),
      memoryTotalMib: Math.floor(number('total') / 1024),
      dataFreeMib: Math.floor(number(`free:${DATA_DISK}`) / 1024),
      logFreeMib: Math.floor(number(`free:${LOG_DISK}`) / 1024),
      sameDisk: facts.get(`device:${DATA_DISK}`) === facts.get(`device:${LOG_DISK}`),
      architecture: facts.get('architecture') ?? '',
      cpuFlags: (facts.get('flags') ?? '').split(' '),
      cpus: number('cpus'),
    },
    uid: facts.get('uid') ?? '',
    runUserUid,
    readOnly: [DATA_DISK, LOG_DISK].flatMap((disk) => facts.get(`readonly:${disk}`) ?? []),
    clockOffsetMs: number('clock') - asked - half,
    clockUncertaintyMs: half,
  };
}

/** Addresses of these that the host cannot connect to; undefined when it has no means to try (no nc, or one without -z). */
export async function unreachableFrom(
  host: Host,
  addresses: readonly { readonly ip: string; readonly port: number }[],
): Promise<string[] | undefined> {
  const tries = addresses.map(
    ({ ip, port }) =>
      // 1: no connection. Anything else: this nc does not know these options, and has not tried.
      `nc -z -w 3 ${quote(ip)} ${port} </dev/null >/dev/null 2>&1; case $? in 0) ;; 1) echo ${quote(addressText(ip, port))} ;; *) exit 99 ;; esac`,
  );
  const { exitCode, stdout } = await host.sh(
    `command -v nc >/dev/null || exit 99\n${tries.join('\n')}\nexit 0`,
  );
  return exitCode === 0 ? stdout.trim().split('\n').filter(Boolean) : undefined;
}
