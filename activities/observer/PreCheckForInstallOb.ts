import { lookAtPath } from '../../hosts/paths';
import type { Host } from '../../hosts/types';
import { clockFinding, type Finding, sizingFindings } from '../../oceanbase/hostRequirements';
import { RUN_USER } from '../../oceanbase/observerLayout';
import { packageFit } from '../../oceanbase/packageFit';
import { PermanentError } from '../../runtime/errors';
import { type Said, say } from '../../runtime/messages/catalogue';
import { creationByTask } from '../cluster/brought';
import { checkStore } from '../host/packageStore';
import { holderText, isOwnPort, processText } from '../host/serviceProcesses';
import { readJson } from '../places';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { type HostLook, lookAtHost, unreachableFrom } from './hostLook';
import { OBSERVER, type ObserverInstance, observerOf } from './observer';
import { lookForObservers } from './process';

function error(text: Said, code?: string): Finding {
  return { level: 'ERROR', text, ...(code === undefined ? {} : { code }) };
}

function accounts({ uid, runUserUid }: HostLook): Finding[] {
  const found: Finding[] = [];
  if (uid !== '0') {
    found.push(error(say('check.uid', { uid }), 'CMP07002'));
  }
  if (runUserUid === '') {
    found.push(error(say('check.noRunUser', { user: RUN_USER }), 'CMP07037'));
  } else if (!/^\d+$/.test(runUserUid)) {
    found.push(error(say('check.userUnknown', { user: RUN_USER, said: runUserUid }), 'CMP07037'));
  } else if (runUserUid === '0') {
    found.push(error(say('check.runUserIsRoot', { user: RUN_USER }), 'CMP07037'));
  } else found.push({ level: 'INFO', text: say('check.accounts', { user: RUN_USER, uid: runUserUid }) });
  return found;
}

async function packageFindings(
  scope: SubtaskScope,
  host: Host,
  { part }: ObserverInstance,
): Promise<Finding[]> {
  const facts = await host.facts();
  const fit = packageFit(part, { ...facts, osLike: facts.osLike.join(' ') });
  const found: Finding[] = [];
  if (fit?.verdict === 'refuse')
    found.push(error(say('text.of', { what: part.fileName, text: fit.text }), 'CMP07018'));
  if (fit?.verdict === 'note')
    found.push({ level: 'WARN', text: say('text.of', { what: part.fileName, text: fit.text }) });
  if (!facts.rpm) found.push(error(say('check.noRpm'), 'CMP07036'));
  try {
    await checkStore(scope, part);
    found.push({ level: 'INFO', text: say('check.package', { file: part.fileName }) });
  } catch (problem) {
    if (!(problem instanceof PermanentError)) throw problem;
    found.push(error(problem.said, problem.code));
  }
  return found;
}

async function processFindings(host: Host, { layout, server }: ObserverInstance): Promise<Finding[]> {
  const look = await lookForObservers(host, layout.home);
  const found = look.others.map((process) =>
    error(say('check.otherObserver', { process: processText(process) }), 'OBE11021'),
  );
  for (const port of [server.sqlPort, server.rpcPort]) {
    const holder = holderText(look, port);
    if (holder === undefined) found.push({ level: 'INFO', text: say('check.portFree', { port }) });
    else if (isOwnPort(look, port)) found.push({ level: 'INFO', text: say('check.portOurs', { port }) });
    else found.push(error(say('port.held', { port, holder }), 'OBE19008'));
  }
  return found;
}

/** Folders must be absent or empty, unless an earlier run of this task made them. */
async function folderFindings(host: Host, { layout, server }: ObserverInstance): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const root of layout.roots) {
    const mark = await readJson<{ serverId: number }>(host, `${root}/.obflow.json`);
    const { kind, entries } = await lookAtPath(host, root, { entries: 3 });
    if (mark?.serverId === server.id) found.push({ level: 'INFO', text: say('check.folderOurs', { root }) });
    else if (kind === 'absent' || (kind === 'folder' && entries.length === 0))
      found.push({ level: 'INFO', text: say('check.folderEmpty', { root }) });
    else if (kind === 'folder')
      found.push(error(say('check.folderFull', { root, files: entries.join(', ') }), 'COM10005'));
    else found.push(error(say('check.noFolder', { root }), 'COM10005'));
  }
  return found;
}

async function networkFindings(
  scope: SubtaskScope,
  host: Host,
  { cluster }: ObserverInstance,
): Promise<Finding[]> {
  // Of a cluster that is to be made nobody listens yet; the servers try each other before the BOOTSTRAP.
  if (creationByTask(scope, cluster) !== undefined) return [];
  const ports = cluster.rootServers.flatMap(({ ip, rpcPort, sqlPort }) => [
    { ip, port: rpcPort },
    { ip, port: sqlPort },
  ]);
  const silent = await unreachableFrom(host, ports);
  if (silent === undefined) {
    return [{ level: 'WARN', text: say('check.noNc') }];
  }
  if (silent.length === 0) return [{ level: 'INFO', text: say('check.reaches') }];
  const text = say('check.silent', { addresses: silent.join(', ') });
  // One root server that answers is enough to join.
  return [silent.length === ports.length ? error(text, 'OBE11005') : { level: 'WARN', text }];
}

/** "Pre check for install OB": every finding at once, so that a host is repaired once; errors fail, warnings do not. */
export const PreCheckForInstallOb = subtask({
  name: 'Pre check for install OB',
  className: 'server.PreCheckForInstallObTask',
  timeout: 600,
  needs: OBSERVER,

  async run(scope) {
    const observer = await observerOf(scope);
    const host = await scope.host();
    const look = await lookAtHost(host);
    const groups = await Promise.all([
      packageFindings(scope, host, observer),
      processFindings(host, observer),
      folderFindings(host, observer),
      networkFindings(scope, host, observer),
    ]);
    const findings: Finding[] = [
      ...accounts(look),
      ...look.readOnly.map((path) => error(say('host.notWritable', { path }), 'CMP07050')),
      ...sizingFindings(look.sizing, scope.config.hostRequirements),
      clockFinding(observer.part.version, look.clockOffsetMs, look.clockUncertaintyMs),
      ...groups.flat(),
    ];
    for (const { level, text, code } of findings) {
      const line = say('check.line', { level, code: code === undefined ? '' : `${code}: `, text });
      if (level === 'ERROR') scope.log.error(line);
      else if (level === 'WARN') scope.log.warn(line);
      else scope.log.info(line);
    }
    const errors = findings.filter(({ level }) => level === 'ERROR');
    const warnings = findings.filter(({ level }) => level === 'WARN').length;
    scope.log.info(say('check.count', { count: findings.length, errors: errors.length, warnings }));
    const [first] = errors;
    if (first === undefined) return undefined;
    throw new PermanentError({
      type: 'HostUnfit',
      ...(first.code === undefined ? {} : { code: first.code }),
      tried: say('check.find'),
      where: host.ip,
      cameBack: errors.map(({ text }) => text),
      next: say('next.repairThis'),
    });
  },
});
