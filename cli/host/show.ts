import type { OutputOptions } from '../access/run';
import { say } from '../output';
import { showList, showOne } from '../show';
import type { HostDocument, HostTry } from './inventory';

function servicesOf({ services }: HostDocument): string {
  return services.map(({ type, name }) => `${type} ${name}`).join(', ');
}

export function showHosts(hosts: readonly HostDocument[], options: OutputOptions): void {
  showList(hosts, options, {
    heading: ['ID', 'ADDRESS', 'NAME', 'STATUS', 'REGION/IDC', 'SYSTEM', 'SERVICES'],
    row: (host) => [
      String(host.id),
      host.innerIpAddress,
      host.alias ?? host.name ?? '',
      host.status,
      `${host.regionName}/${host.idcName}`,
      host.operatingSystemRelease ?? '',
      servicesOf(host),
    ],
    nothing: 'No host fits. obflow host add adds hosts, obflow apply declares them.',
  });
}

export function showHost(host: HostDocument, credential: string, options: OutputOptions): void {
  const system = [host.operatingSystemRelease, host.architecture, host.operatingSystem];
  showOne(host, options, [
    ['id', String(host.id)],
    ['address', `${host.innerIpAddress}, SSH port ${host.sshPort}`],
    ['name', host.name],
    ['alias', host.alias],
    ['status', host.status],
    ['kind', host.kind],
    ['type', host.typeName],
    ['region, IDC', `${host.regionName}, ${host.idcName}`],
    ['system', system.filter(Boolean).join(', ')],
    ['serial number', host.serialNumber],
    ['credential', credential],
    ['services', servicesOf(host)],
    ['description', host.description],
    ['added', host.createTime],
  ]);
}

/** What came of logging in to hosts; answers whether every one of them can be used. */
export function showTries(tries: readonly HostTry[], { output }: OutputOptions): boolean {
  const unfit = tries.filter(
    ({ connectionResult, findings }) =>
      connectionResult !== 'SUCCEEDED' || findings.some(({ level }) => level === 'ERROR'),
  );
  if (output === 'json') say(JSON.stringify({ details: tries }, null, 2));
  else {
    for (const { target, connectionResult, message, findings } of tries) {
      say(`${target}  ${connectionResult === 'SUCCEEDED' ? 'ok' : connectionResult}  ${message}`);
      for (const finding of findings) say(`  ${finding.level}  ${finding.message}`);
    }
  }
  return unfit.length === 0;
}
