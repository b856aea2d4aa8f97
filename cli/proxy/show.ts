import { addressText } from '../../runtime/addressText';
import type { OutputOptions } from '../access/run';
import { type Fact, showList, showOne } from '../show';
import { table } from '../table';
import type { ProxyClusterDocument, ProxyDocument } from './inventory';

/** An OBProxy and the cluster that it is of. */
export type MemberDocument = ProxyDocument & { readonly cluster: string };

const counted = (words: readonly string[]) =>
  [...new Set(words)].map((word) => `${words.filter((one) => one === word).length} ${word}`).join(', ');

export function showProxyClusters(clusters: readonly ProxyClusterDocument[], options: OutputOptions): void {
  showList(clusters, options, {
    heading: ['ID', 'NAME', 'MODE', 'ADDRESS', 'OCEANBASE', 'OBPROXIES'],
    row: (cluster) => [
      String(cluster.id),
      cluster.name,
      cluster.workMode,
      accessOf(cluster),
      cluster.obLinks.map(({ clusterName }) => clusterName).join(', '),
      counted(cluster.obproxies.map(({ status }) => status)),
    ],
    nothing: 'There is no OBProxy cluster yet. obflow proxy cluster create makes one.',
  });
}

export function showProxyCluster(cluster: ProxyClusterDocument, options: OutputOptions): void {
  const parameters = (list: ProxyClusterDocument['parameters']) =>
    list.map(({ name, value }) => `${name}=${value}`).join(', ');
  const links = cluster.obLinks.map(
    ({ clusterName, obClusterId, username }) => `${clusterName}:${obClusterId} as ${username}`,
  );
  const facts: Fact[] = [
    ['id', String(cluster.id)],
    ['name', cluster.name],
    ['mode', cluster.workMode],
    ['address', accessOf(cluster)],
    ['config URL', cluster.workMode === 'CONFIG_URL' ? cluster.configUrl : ''],
    ['linked', links.join(', ')],
    ['startup parameters', parameters(cluster.startupParameters)],
    ['parameters', parameters(cluster.parameters)],
    ['created', `${cluster.createTime} by ${cluster.creatorName}`],
  ];
  const proxies = cluster.obproxies.map((proxy) => ({ ...proxy, cluster: cluster.name }));
  showOne(cluster, options, facts, table(PROXY_HEADING, proxies.map(proxyRow)));
}

export function showProxies(proxies: readonly MemberDocument[], options: OutputOptions): void {
  showList(proxies, options, {
    heading: PROXY_HEADING,
    row: proxyRow,
    nothing:
      'There is no OBProxy yet. obflow proxy add installs some, obflow proxy take-over adopts what runs.',
  });
}

export function showProxy(proxy: MemberDocument, options: OutputOptions): void {
  const { adopted, parameterDrift = [], warnings = [] } = proxy;
  const drift = parameterDrift.map(
    ({ name, value, expectedValue }) => `${name}: ${value ?? 'unknown here'} instead of ${expectedValue}`,
  );
  showOne(proxy, options, [
    ['id', String(proxy.id)],
    ['cluster', proxy.cluster],
    ['address', addressText(proxy.ip, proxy.sqlPort)],
    ['exporter port', proxy.exporterPort?.toString()],
    ['RPC port', proxy.rpcPort?.toString()],
    ['version', proxy.version],
    ['status', proxy.operateStatus === 'OPERATING' ? `${proxy.status} (a task works on it)` : proxy.status],
    ['seen', seenAs(proxy)],
    ['last at work', proxy.lastActiveTime],
    ['host', `${proxy.hostId}, IDC ${proxy.idcName}`],
    ['taken over', adopted && `home ${adopted.home}, owner ${adopted.user}, ${adopted.keeperDetail}`],
    ['differs in', drift.join('; ')],
    ['warnings', warnings.map(({ text }) => text).join('; ')],
  ]);
}

const PROXY_HEADING = ['ID', 'CLUSTER', 'ADDRESS', 'VERSION', 'STATUS', 'IDC', 'WARNINGS', 'SEEN'];

function proxyRow(proxy: MemberDocument): string[] {
  const { id, cluster, ip, sqlPort, version = '', status, idcName, warnings = [] } = proxy;
  const count = warnings.length === 0 ? '' : String(warnings.length);
  return [String(id), cluster, addressText(ip, sqlPort), version, status, idcName, count, seenAs(proxy)];
}

function seenAs({ observed }: Pick<ProxyDocument, 'observed'>): string {
  return observed === undefined ? '' : [observed.state, observed.reason].filter(Boolean).join(': ');
}

/** By which clients reach it: `foo.bar:2883`. */
function accessOf({ address, port }: ProxyClusterDocument): string {
  if (address === null || address === '') return port === null ? '' : String(port);
  return port === null ? address : addressText(address, port);
}
