/** Everything that a take-over looks at, for the subtasks and for a dry run: nothing here changes host or proxy. */
import { lookAtClusterName } from '../../../contact/clusterState';
import { lookAtConfigUrl } from '../../../contact/configUrl';
import type { Host } from '../../../hosts/types';
import { obproxyConfigUrl } from '../../../oceanbase/configServer';
import {
  type Finding,
  linkFindings,
  type ObproxyHome,
  portFindings,
  type RunningObproxy,
  readRunning,
  shownValue,
  versionFindings,
} from '../../../oceanbase/obproxyRunning';
import { isSecretParameter } from '../../../oceanbase/parameters';
import { hasRpcPort } from '../../../oceanbase/versions';
import type { AddressPolicy } from '../../../runtime/addresses';
import { PermanentError, TransientError } from '../../../runtime/errors';
import { inEnglish, type Said, say } from '../../../runtime/messages/catalogue';
import type { ObproxyClusterRow, Store } from '../../../store/types';
import { missingCommands } from '../../host/CheckCommand';
import type { SubtaskLog } from '../../types';
import { clusterParameters } from '../proxy';
import { driftText, parameterPlan } from './drift';
import { type KnownPassword, knownPasswords, logIn } from './passwords';
import {
  keeperFindings,
  lookAtPort,
  metricsFindings,
  otherProxyFindings,
  type ProgramFacts,
  packageFindings,
  processFindings,
  programFacts,
  type RunningProcess,
} from './running';

/** For each root server that does not answer, and for the statement. */
const NAME_MS = 2_000;

export interface TakeOverPorts {
  readonly sqlPort: number;
  /** Undefined: whatever the proxy has. */
  readonly exporterPort?: number | undefined;
  readonly rpcPort?: number | undefined;
}

export interface FoundProxy {
  readonly process: RunningProcess;
  readonly program: ProgramFacts;
  readonly running: RunningObproxy;
  readonly exporterPort: number;
  readonly rpcPort: number | null;
}

/** The cluster as a proxy sees it; `ownServerId` is left out of the versions. */
export async function proxyHome(
  store: Store,
  cluster: ObproxyClusterRow,
  publicUrl: string,
  ownServerId?: number,
): Promise<ObproxyHome> {
  const [link] = cluster.obLinks;
  const linked = link === undefined ? undefined : await store.obClusters.find(link.clusterId);
  return {
    name: cluster.name,
    workMode: cluster.workMode,
    configUrl: obproxyConfigUrl(publicUrl, cluster.name),
    linkedClusters: cluster.obLinks.map(({ clusterName }) => clusterName),
    rootServers: linked?.rootServers ?? [],
    versions: cluster.servers.flatMap(({ id, version }) =>
      id === ownServerId || version === '' ? [] : [version],
    ),
  };
}

/**
 * Finds the proxy, logs in and compares it with the cluster. `found` is there when the proxy could be asked, whatever
 * the findings. Throws TransientError when host or proxy do not answer.
 */
export async function inspectProxy(
  host: Host,
  wished: TakeOverPorts,
  home: ObproxyHome,
  runUser: string,
  known: readonly KnownPassword[],
  signal: AbortSignal,
): Promise<{ readonly findings: Finding[]; readonly found?: FoundProxy; readonly process?: RunningProcess }> {
  const process = await lookAtPort(host, wished.sqlPort);
  if ('level' in process) return { findings: [process] };
  const findings = processFindings(process, runUser);
  const program = await programFacts(host, process);
  try {
    const { admin, used } = await logIn(host, wished.sqlPort, known, signal);
    try {
      findings.push({ level: 'INFO', text: say('takeOver.canLogIn', { source: used.source }) });
      const running = await readRunning(admin);
      if (running === undefined) {
        findings.push({
          level: 'ERROR',
          type: 'ObproxyVersionUnknown',
          code: 'ODP21018',
          text: say('takeOver.noVersion'),
          next: say('next.checkObproxy'),
        });
        return { findings, process };
      }
      findings.push(
        ...versionFindings(running.version, home.versions),
        ...portFindings(running, wished),
        ...linkFindings(running, home),
      );
      const exporterPort = Number(shownValue(running, 'prometheus_listen_port')) || 0;
      const rpcPort = Number(shownValue(running, 'rpc_listen_port')) || null;
      const found = {
        process,
        program,
        running,
        exporterPort,
        rpcPort: hasRpcPort(running.version) ? rpcPort : null,
      };
      return { findings, found, process };
    } finally {
      admin.close();
    }
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    findings.push(findingOf(error));
    return { findings, process };
  }
}

/** An error as a finding, for those who want all of them at once. */
function findingOf(error: PermanentError | TransientError): Finding {
  const { type, code, tried, cameBack, next } = error.trouble;
  const text = say('takeOver.couldNot', { tried, cameBack });
  return { level: 'ERROR', type, ...(code === undefined ? {} : { code }), text, next };
}

/** What a look finds; the trouble that it meets is a finding, too. */
export async function asFindings(work: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
    return [findingOf(error)];
  }
}

/** All that the subtasks of a take-over would find, without any of their effects. */
export async function inspectEverything(
  store: Store,
  host: Host,
  cluster: ObproxyClusterRow,
  request: TakeOverPorts & { readonly password?: string | undefined },
  surroundings: {
    readonly publicUrl: string;
    readonly addresses: AddressPolicy;
    readonly commands: readonly string[];
    readonly signal: AbortSignal;
  },
): Promise<Finding[]> {
  const at = { ip: host.ip, sqlPort: request.sqlPort, clusterId: cluster.id };
  const known = await knownPasswords(store, at, request.password);
  const home = await proxyHome(store, cluster, surroundings.publicUrl);
  const { signal } = surroundings;
  const seen = await inspectProxy(host, request, home, cluster.runUser, known, signal);
  const findings = [...seen.findings];
  if (seen.process !== undefined) findings.push(...otherProxyFindings(seen.process));
  findings.push(...(await sourceFindings(store, host, cluster, surroundings)));
  try {
    const missing = await missingCommands(host, cluster.runUser, surroundings.commands);
    if (missing !== undefined) findings.push(findingOf(missing));
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    findings.push(findingOf(error));
  }
  if (seen.found !== undefined) {
    const { program, running, process, exporterPort } = seen.found;
    const { setNow, drift } = parameterPlan(running, home, clusterParameters(cluster));
    findings.push(
      ...packageFindings(program, running.version),
      ...keeperFindings(program),
      ...metricsFindings(process, exporterPort),
      ...setNow.map(({ wished, shown }): Finding => {
        const text = isSecretParameter(wished.name)
          ? say('takeOver.wouldSetSecret', { name: wished.name })
          : say('takeOver.wouldSet', { name: wished.name, from: shown.value, to: wished.value });
        return { level: 'INFO', text };
      }),
      ...drift.map((one): Finding => ({ level: 'WARN', text: driftText(one) })),
    );
  }
  return findings;
}

/** What to do about all of them, each thing once. */
function allNexts(errors: readonly Finding[]): Said {
  const nexts = new Map(errors.flatMap(({ next }) => (next === undefined ? [] : [[inEnglish(next), next]])));
  return [...nexts.values()].reduce<Said>(
    (one, other) => (one === '' ? other : say('next.both', { one, other })),
    '',
  );
}

/** Whether a proxy of the cluster could learn its clusters on this host, and whether they have the names they are linked by. */
async function sourceFindings(
  store: Store,
  host: Host,
  cluster: ObproxyClusterRow,
  { publicUrl, addresses, signal }: { publicUrl: string; addresses: AddressPolicy; signal: AbortSignal },
): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (cluster.workMode === 'CONFIG_URL') {
    const clusterNames = cluster.obLinks.map(({ clusterName }) => clusterName);
    const asked = { publicUrl, obproxyCluster: cluster.name, clusterNames };
    const { verdict, text, next } = await lookAtConfigUrl(host, asked, signal);
    // What the running proxy asks may be another one, and is not changed.
    if (verdict === 'serves') findings.push({ level: 'INFO', text });
    else findings.push({ level: 'WARN', text: say('text.withNext', { text, next }) });
  }
  for (const link of cluster.obLinks) {
    const linked = await store.obClusters.find(link.clusterId);
    if (linked === undefined) continue;
    const look = await lookAtClusterName(store, linked, { addresses, timeoutMs: NAME_MS, signal });
    if ('fault' in look) {
      const text = say('text.ofCluster', { name: linked.name, fault: look.fault });
      const next = say('next.thenLink');
      findings.push({ level: 'ERROR', type: 'ClusterNameDiffers', code: 'ODP21011', text, next });
    } else if ('unknown' in look) {
      const text = say('takeOver.nameUnknown', { name: linked.name, said: look.unknown });
      findings.push({ level: 'WARN', text });
    }
  }
  return findings;
}

/** Writes findings into the log; throws the first error, which names the others. */
export function settle(log: SubtaskLog, where: string, findings: readonly Finding[]): void {
  for (const { level, text } of findings) {
    if (level === 'INFO') log.info(text);
    else if (level === 'WARN') log.warn(text);
  }
  const errors = findings.filter(({ level }) => level === 'ERROR');
  const [first] = errors;
  if (first === undefined) return;
  throw new PermanentError({
    type: first.type ?? 'TakeOverRefused',
    ...(first.code === undefined ? {} : { code: first.code }),
    tried: say('takeOver.do'),
    where,
    cameBack: errors.map(({ text }) => text),
    next: allNexts(errors),
  });
}
