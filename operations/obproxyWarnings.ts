/** What a person should know of an OBProxy that works: what its tasks have warned of, as far as it is so still. */
import { networkInterfaces } from 'node:os';
import { driftText } from '../activities/obproxy/takeOver/drift';
import { driftOf } from '../contact/configUrlDrift';
import { canonicalHost } from '../runtime/addressText';
import { say, type Text } from '../runtime/messages/catalogue';
import { leadsToItself } from '../runtime/publicUrl';
import type { ObproxyClusterRow, ObproxyServerRow } from '../store/types';

export const OBPROXY_WARNINGS = [
  'PARAMETER_DRIFT',
  'CONFIG_URL_DRIFT',
  'CONFIG_URL_UNREACHABLE',
  'NO_KEEPER',
] as const;

export interface ObproxyWarning {
  readonly kind: (typeof OBPROXY_WARNINGS)[number];
  readonly text: Text;
}

/** Whether the address is one of this machine. */
export function isOwn(ip: string): boolean {
  const address = canonicalHost(ip);
  if (address.startsWith('127.') || address === '::1') return true;
  return Object.values(networkInterfaces()).some((all) =>
    (all ?? []).some((one) => canonicalHost(one.address) === address),
  );
}

/** From what is recorded of the proxy; nobody is asked. */
export function obproxyWarnings(
  cluster: Pick<ObproxyClusterRow, 'name' | 'workMode'>,
  server: Pick<ObproxyServerRow, 'ip' | 'adopted' | 'configUrl' | 'parameterDrift'>,
  publicUrl: string,
): ObproxyWarning[] {
  const warnings: ObproxyWarning[] = driftOf(cluster, server, publicUrl).map((drift) => {
    const { name, value, expectedValue } = drift;
    return name === 'obproxy_config_server_url'
      ? {
          kind: 'CONFIG_URL_DRIFT',
          text: say('obproxy.otherConfigUrl', { url: value ?? '', wished: expectedValue }),
        }
      : { kind: 'PARAMETER_DRIFT', text: driftText(drift) };
  });
  if (cluster.workMode === 'CONFIG_URL' && leadsToItself(publicUrl) && !isOwn(server.ip)) {
    const text = say('configUrl.leadsToItself', { url: publicUrl, ips: server.ip });
    warnings.push({ kind: 'CONFIG_URL_UNREACHABLE', text });
  }
  if (server.adopted?.keeper === 'none') warnings.push({ kind: 'NO_KEEPER', text: say('takeOver.noKeeper') });
  return warnings;
}
