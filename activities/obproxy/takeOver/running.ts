/** The process behind a port: whose it is, where it lives, which package it came from, who keeps it. Only looks. */
import { lives } from '../../../hosts/processes';
import { quote } from '../../../hosts/quote';
import type { Host, HostProcess, Listener, RpmPackage } from '../../../hosts/types';
import type { Finding } from '../../../oceanbase/obproxyRunning';
import { packageFileName } from '../../../oceanbase/packageName';
import { TransientError } from '../../../runtime/errors';
import { inEnglish, say } from '../../../runtime/messages/catalogue';
import type { AdoptedObproxy } from '../../../store/types';
import { matchesKeyword } from '../../host/CheckProcessNotExist';
import { programOf } from '../../host/program';
import { KEEPER_STATE } from '../keeper';
import { processText } from '../process';

export interface RunningProcess {
  readonly process: HostProcess;
  /** Other processes named obproxy. */
  readonly others: readonly HostProcess[];
  readonly all: readonly HostProcess[];
  readonly listeners: readonly Listener[];
}

/** The obproxy that listens on a port, or why there is none. */
export async function lookAtPort(host: Host, sqlPort: number): Promise<RunningProcess | Finding> {
  const { processes: all, listeners } = await host.observe('/');
  const proxies = all.filter((process) => process.comm === 'obproxy' && lives(process));
  const owners = listeners.filter(({ port }) => port === sqlPort).map(({ pid }) => pid);
  // While a hot restart hands over, parent and child hold the socket; the child is the one that stays.
  const process = proxies.filter(({ pid }) => owners.includes(pid)).sort((a, b) => b.pid - a.pid)[0];
  if (process !== undefined) {
    return { process, others: proxies.filter((other) => other !== process), all, listeners };
  }
  const holder = all.find(({ pid }) => owners.includes(pid));
  const held =
    owners.length === 0
      ? say('takeOver.nobodyListens', { port: sqlPort })
      : say('port.held', {
          port: sqlPort,
          holder: holder === undefined ? say('process.unreadable') : processText(holder),
        });
  const seen = proxies.map((proxy) => {
    const ports = listeners.filter(({ pid }) => pid === proxy.pid).map(({ port }) => port);
    return say('takeOver.withPorts', { process: processText(proxy), ports: ports.join(', ') || 'none' });
  });
  return {
    level: 'ERROR',
    type: 'ObproxyNotFound',
    code: 'CMP07054',
    text: say('takeOver.notFound', {
      held,
      seen: seen.length === 0 ? say('takeOver.noneRuns') : say('takeOver.running', { processes: seen }),
    }),
    next: say('next.nameSqlPort'),
  };
}

export interface ProgramFacts {
  /** Current directory of the process, or OBPROXY_ROOT of its environment. */
  readonly home: string;
  readonly program: string;
  readonly package: RpmPackage | undefined;
  readonly keeper: AdoptedObproxy['keeper'];
  readonly keeperDetail: string;
}

const MARK = '--of the program--';
/** Exit code: the process ended meanwhile, or nobody may read it. */
const UNREADABLE = 45;

/** The host is only asked. */
export async function programFacts(host: Host, running: RunningProcess): Promise<ProgramFacts> {
  const { process, all } = running;
  const { systemd, rpm } = await host.facts();
  const { exitCode, stdout, stderr } = await host.sh(`
    environ=$(tr '\\0' '\\n' </proc/${process.pid}/environ) || exit ${UNREADABLE}
    printf '%s\\n' "$environ" | sed -n 's/^OBPROXY_ROOT=//p' | tail -n 1
    echo ${quote(MARK)}
    cd ${quote(process.cwd)} 2>/dev/null
    program=$(readlink -f -- ${quote(programOf(process, 'obproxy'))})
    [ $? -lt 128 ] || exit 1
    echo "$program"
    echo ${quote(MARK)}
    cat /proc/${process.pid}/cgroup 2>/dev/null
    echo ${quote(MARK)}
    ${KEEPER_STATE}
    exit 0`);
  if (exitCode === UNREADABLE) {
    throw new TransientError({
      type: 'ProcessUnreadable',
      tried: say('takeOver.readEnvironment', { process: processText(process) }),
      where: host.ip,
      cameBack: stderr.trim().slice(0, 300) || say('process.saysNothing'),
      next: say('next.endsAndStarts'),
    });
  }
  if (exitCode !== 0) {
    throw new TransientError({
      type: 'CommandKilled',
      tried: say('takeOver.findProgram'),
      where: host.ip,
      cameBack: say('takeOver.commandKilled'),
      next: say('next.shortOfMemory'),
    });
  }
  const parts = stdout.split(`${MARK}\n`).map((part) => part.trim());
  const [root = '', resolved = '', cgroup = '', ours = ''] = parts;
  const program = resolved === '' ? process.exe : resolved;
  return {
    home: root === '' ? process.cwd : root,
    program,
    package: rpm ? await host.rpmOwner(program) : undefined,
    ...keeperOf(all, systemd ? cgroup : '', ours === 'running'),
  };
}

function keeperOf(
  all: readonly HostProcess[],
  cgroup: string,
  ours: boolean,
): Pick<ProgramFacts, 'keeper' | 'keeperDetail'> {
  const script = all.find((process) => matchesKeyword(process, ['obproxyd.sh']));
  if (script !== undefined) return { keeper: 'obproxyd.sh', keeperDetail: inEnglish(processText(script)) };
  if (ours) return { keeper: 'obflow', keeperDetail: 'the keeper of obflow' };
  const unit = /\/([A-Za-z0-9@:._\\-]+\.service)(?:\/|$)/m.exec(cgroup)?.[1];
  // A proxy that somebody started in a login session or over SSH belongs to that service, which keeps nothing.
  if (unit !== undefined && !/^(?:user@|sshd|ssh[.@]|cron|crond)/.test(unit)) {
    return { keeper: 'systemd', keeperDetail: `unit ${unit}` };
  }
  return { keeper: 'none', keeperDetail: '' };
}

export function packageText(part: RpmPackage): string {
  return packageFileName(part).replace(/\.rpm$/, '');
}

/** Whose it is. */
export function processFindings(running: RunningProcess, runUser: string): Finding[] {
  const { process } = running;
  const found: Finding[] = [
    { level: 'INFO', text: say('takeOver.listens', { process: processText(process), cwd: process.cwd }) },
  ];
  if (process.user !== runUser) {
    found.push({
      level: 'ERROR',
      type: 'ObproxyOwnerDiffers',
      code: 'ODP21016',
      text: say('takeOver.otherUser', { pid: process.pid, user: process.user, runUser }),
      next: say('next.startAsUser', { runUser, path: quote(process.cwd) }),
    });
  }
  if (process.args.some((argument) => /obproxy_sys_password\s*=/.test(argument))) {
    found.push({
      level: 'WARN',
      text: say('takeOver.passwordInOptions', { pid: process.pid }),
    });
  }
  return found;
}

/**
 * "Check if process not exist" where one does: no second proxy may live in the same home, because both would write one
 * configuration. Proxies in other homes are another matter: the named port has decided which one is meant.
 */
export function otherProxyFindings({ process, others }: RunningProcess): Finding[] {
  const twins = others.filter(({ cwd }) => cwd === process.cwd);
  if (twins.length > 0) {
    return [
      {
        level: 'ERROR',
        type: 'ProcessExists',
        code: 'COM32001',
        text: say('takeOver.twins', {
          pid: process.pid,
          processes: twins.map(processText),
          cwd: process.cwd,
        }),
        next: say('next.endTwin'),
      },
    ];
  }
  if (others.length === 0) return [{ level: 'INFO', text: say('takeOver.noOthers') }];
  return [
    {
      level: 'WARN',
      text: say('takeOver.others', { processes: others.map(processText) }),
    },
  ];
}

export function packageFindings(facts: ProgramFacts, version: string | undefined): Finding[] {
  const part = facts.package;
  if (part === undefined) {
    return [{ level: 'WARN', text: say('takeOver.noPackage', { program: facts.program }) }];
  }
  const found: Finding[] = [
    { level: 'INFO', text: say('takeOver.package', { program: facts.program, package: packageText(part) }) },
  ];
  if (version !== undefined && part.version !== version) {
    found.push({
      level: 'WARN',
      text: say('takeOver.otherPackage', { version, package: part.version }),
    });
  }
  return found;
}

export function keeperFindings(facts: ProgramFacts): Finding[] {
  if (facts.keeper === 'none') {
    const text = say('takeOver.noKeeper');
    return [{ level: 'WARN', text }];
  }
  return [
    { level: 'INFO', text: say('takeOver.keeper', { keeper: facts.keeper, detail: facts.keeperDetail }) },
  ];
}

/** OBProxy runs on without metrics, and without a word, when their port was taken at its start. */
export function metricsFindings(running: RunningProcess, exporterPort: number): Finding[] {
  const { process, listeners } = running;
  if (listeners.some(({ port, pid }) => port === exporterPort && pid === process.pid)) {
    return [{ level: 'INFO', text: say('obproxy.metricsServed', { port: exporterPort }) }];
  }
  const text = say('takeOver.noMetrics', { port: exporterPort });
  return [{ level: 'WARN', text }];
}
