import { obproxyConfigUrl } from '../oceanbase/configServer';
import type { ObproxyClusterRow, ObproxyServerRow, ParameterDrift } from '../store/types';

/**
 * What a proxy still asks since OBFLOW_PUBLIC_URL has another value; undefined when it has the present one, when it asks
 * nobody (RS_LIST), and while nobody knows what it was given.
 */
export function configUrlDrift(
  cluster: Pick<ObproxyClusterRow, 'name' | 'workMode'>,
  server: Pick<ObproxyServerRow, 'configUrl'>,
  publicUrl: string,
): ParameterDrift | undefined {
  if (cluster.workMode !== 'CONFIG_URL' || server.configUrl === null) return undefined;
  const expectedValue = obproxyConfigUrl(publicUrl, cluster.name);
  if (server.configUrl === expectedValue) return undefined;
  return { name: 'obproxy_config_server_url', value: server.configUrl, expectedValue };
}

/** All that a proxy differs in from its cluster: as a take-over left it, with the config URL as it is known now. */
export function driftOf(
  cluster: Pick<ObproxyClusterRow, 'name' | 'workMode'>,
  server: Pick<ObproxyServerRow, 'configUrl' | 'parameterDrift'>,
  publicUrl: string,
): readonly ParameterDrift[] {
  if (server.configUrl === null) return server.parameterDrift;
  const url = configUrlDrift(cluster, server, publicUrl);
  const others = server.parameterDrift.filter(({ name }) => name !== 'obproxy_config_server_url');
  return url === undefined ? others : [...others, url];
}
