/** The process behind a port: whose it is, where it lives, which package it came from, who keeps it. Only looks. */
import { basename } from 'node:path/posix';
import { quote } from '../../../hosts/quote';
import type { Host, HostProcess, Listener, RpmPackage } from '../../../hosts/types';
import type { Finding } from '../../../oceanbase/obproxyRunning';
import { packageFileName } from '../../../oceanbase/packageName';
import { TransientError } from '../../../runtime/errors';
import type { AdoptedObproxy } from '../../../store/types';
import { INTERPRETER, matchesKeyword } from '../../host/CheckProcessNotExist';
import { KEEPER_STATE } from '../keeper';
import { lives, processText } from '../process';

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
      ? `nobody listens on port ${sqlPort}`
      : `port ${sqlPort} is held by ${holder === undefined ? 'a process that could not be read' : processText(holder)}`;
  const seen = proxies.map((proxy) => {
    const ports = listeners.filter(({ pid }) => pid === proxy.pid).map(({ port }) => port);
    return `${processText(proxy)} (ports ${ports.join(', ') || 'none'})`;
  });
  return {
    level: 'ERROR',
    type: 'ObproxyNotFound',
    code: 'CMP07054',
    text: `${held}; ${seen.length === 0 ? 'no obproxy runs on the host' : `running: ${seen.join('; ')}`}`,
    next: 'Name the SQL port of a running OBProxy, or start it and retry.',
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

/** The program file: what the kernel runs, or the script when that is an interpreter. */
function programOf(process: HostProcess): string {
  const [first = '', ...rest] = process.args;
  if (!INTERPRETER.test(basename(process.exe)) || !INTERPRETER.test(basename(first))) return process.exe;
  return rest.find((argument) => basename(argument) === 'obproxy') ?? process.exe;
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
    program=$(readlink -f -- ${quote(programOf(process))})
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
      tried: `read the environment of ${processText(process)}`,
      where: host.ip,
      cameBack: stderr.trim().slice(0, 300) || 'nothing',
      next: 'It is tried again; look whether the proxy ends and starts again all the time.',
    });
  }
  if (exitCode !== 0) {
    throw new TransientError({
      type: 'CommandKilled',
      tried: 'find the program and the package of the running OBProxy',
      where: host.ip,
      cameBack: 'a command was killed on the host',
      next: 'It is tried again; look whether the host is short of memory.',
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
  if (script !== undefined) return { keeper: 'obproxyd.sh', keeperDetail: processText(script) };
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
  const found: Finding[] = [{ level: 'INFO', text: `${processText(process)} listens; home ${process.cwd}` }];
  if (process.user !== runUser) {
    found.push({
      level: 'ERROR',
      type: 'ObproxyOwnerDiffers',
      code: 'ODP21016',
      text: `pid ${process.pid} runs as ${process.user}, and proxies of this cluster run as ${runUser}`,
      next: `Stop it, give its home to that user (chown -R ${runUser} ${quote(process.cwd)}), start it as ${runUser}, and retry.`,
    });
  }
  if (process.args.some((argument) => /obproxy_sys_password\s*=/.test(argument))) {
    found.push({
      level: 'WARN',
      text:
        `the command line of pid ${process.pid} holds obproxy_sys_password: options win over what is stored, so whoever starts it ` +
        'with that line again brings the former password of root@proxysys back (and everybody on the host can read its hash); ' +
        'take it out of the script or unit that starts the proxy: with its stored configuration it needs no options',
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
        text: `besides pid ${process.pid}, ${twins.map(processText).join('; ')} lives in ${process.cwd}, and both write one configuration`,
        next: 'End the one that is not meant (after a hot restart, wait until the former process has left), then retry.',
      },
    ];
  }
  if (others.length === 0) return [{ level: 'INFO', text: 'No other OBProxy runs on the host' }];
  return [
    {
      level: 'WARN',
      text: `Other proxies run on the host and are left alone: ${others.map(processText).join('; ')}; a keeper that looks for obproxy by name cannot tell them apart`,
    },
  ];
}

export function packageFindings(facts: ProgramFacts, version: string | undefined): Finding[] {
  const part = facts.package;
  if (part === undefined) {
    return [{ level: 'WARN', text: `${facts.program} comes from no RPM package; it is taken over as it is` }];
  }
  const found: Finding[] = [
    { level: 'INFO', text: `${facts.program} comes from the package ${packageText(part)}` },
  ];
  if (version !== undefined && part.version !== version) {
    found.push({
      level: 'WARN',
      text: `the running proxy is ${version}, the installed package ${part.version}: a restart would start that one`,
    });
  }
  return found;
}

export function keeperFindings(facts: ProgramFacts): Finding[] {
  if (facts.keeper === 'none') {
    const text =
      'Nobody starts this proxy again when it dies; obflow starts no keeper for a proxy it did not start';
    return [{ level: 'WARN', text }];
  }
  return [{ level: 'INFO', text: `Its keeper: ${facts.keeper} (${facts.keeperDetail})` }];
}

/** OBProxy runs on without metrics, and without a word, when their port was taken at its start. */
export function metricsFindings(running: RunningProcess, exporterPort: number): Finding[] {
  const { process, listeners } = running;
  if (listeners.some(({ port, pid }) => port === exporterPort && pid === process.pid)) {
    return [{ level: 'INFO', text: `Metrics are served on port ${exporterPort}` }];
  }
  const text = `the proxy serves no metrics on its port ${exporterPort} (taken at its start); it is taken over without`;
  return [{ level: 'WARN', text }];
}
