import type { OutputOptions } from '../access/run';
import { say } from '../output';
import { table } from '../table';
import type { HostDocument, HostTry } from './inventory';

function servicesOf({ services }: HostDocument): string {
  return services.map(({ type, name }) => `${type} ${name}`).join(', ');
}

export function showHosts(hosts: readonly HostDocument[], { output }: OutputOptions): void {
  if (output === 'json') {
    say(JSON.stringify({ contents: hosts }, null, 2));
    return;
  }
  const rows = hosts.map((host) => [
    String(host.id),
    host.innerIpAddress,
    host.alias ?? host.name ?? '',
    host.status,
    `${host.regionName}/${host.idcName}`,
    host.operatingSystemRelease ?? '',
    servicesOf(host),
  ]);
  say(table(['ID', 'ADDRESS', 'NAME', 'STATUS', 'REGION/IDC', 'SYSTEM', 'SERVICES'], rows));
}

export function showHost(host: HostDocument, credential: string, { output }: OutputOptions): void {
  if (output === 'json') {
    say(JSON.stringify(host, null, 2));
    return;
  }
  const lines: (readonly [string, string | null])[] = [
    ['id', String(host.id)],
    ['address', `${host.innerIpAddress}, SSH port ${host.sshPort}`],
    ['name', host.name],
    ['alias', host.alias],
    ['status', host.status],
    ['kind', host.kind],
    ['type', host.typeName ?? null],
    ['region, IDC', `${host.regionName}, ${host.idcName}`],
    [
      'system',
      [host.operatingSystemRelease, host.architecture, host.operatingSystem].filter(Boolean).join(', '),
    ],
    ['serial number', host.serialNumber],
    ['credential', credential],
    ['services', servicesOf(host)],
    ['description', host.description],
    ['added', host.createTime],
  ];
  say(
    lines
      .filter(([, value]) => value !== null && value !== '')
      .map(([name, value]) => `${`${name}:`.padEnd(15)}${value}`)
      .join('\n'),
  );
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
