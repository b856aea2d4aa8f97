import { z } from 'zod';
import { addressText } from '../../runtime/addressText';
import { parsed } from '../access/run';
import type { ApiClient } from '../apiClient';
import { say } from '../output';
import type { ForgetOptions } from './command';
import { CLUSTERS, proxyCalled, proxyClusterCalled } from './inventory';

const forgottenSchema = z.object({
  contents: z.array(
    z.object({
      id: z.number(),
      ip: z.string(),
      sqlPort: z.number(),
      observed: z.object({ state: z.string(), reason: z.string().optional() }),
      leftBehind: z.array(z.string()),
    }),
  ),
});

/** `obflow proxy forget`: an OBProxy leaves the inventory, and what stays on its host is listed. */
export async function forgetProxies(
  api: ApiClient,
  clusterName: string,
  proxies: readonly string[],
  { force, dryRun, output }: ForgetOptions,
): Promise<void> {
  const cluster = await proxyClusterCalled(api, clusterName);
  const obproxyServerIds = proxies.map((proxy) => proxyCalled(cluster, proxy).id);
  const path = `${CLUSTERS}/${cluster.id}/servers/forget`;
  const body = { obproxyServerIds, force };
  const answer = dryRun
    ? await api.call('POST', `${path}?dryRun=true`, { body })
    : await api.command(path, body);
  if (output === 'json') return say(JSON.stringify(answer, null, 2));
  for (const { id, ip, sqlPort, observed, leftBehind } of parsed(forgottenSchema, answer).contents) {
    const reason = observed.reason === undefined ? '' : ` (${observed.reason})`;
    say(
      `OBProxy ${id} at ${addressText(ip, sqlPort)} ${dryRun ? 'would be' : 'is'} forgotten; it was seen ${observed.state}${reason}`,
    );
    if (leftBehind.length > 0)
      say(['Left behind on its host:', ...leftBehind.map((line) => `  ${line}`)].join('\n'));
  }
}
