import { z } from 'zod';
import { addressText } from '../../runtime/addressText';
import { parsed } from '../access/run';
import type { ApiClient } from '../apiClient';
import { say } from '../output';
import type { ForgetOptions } from './command';
import { CLUSTERS, proxyCalled, proxyClusterCalled } from './inventory';

/** What a look saw. */
export const seenSchema = z.object({ state: z.string(), reason: z.string().optional() });
export const forgottenProxySchema = z.object({
  id: z.number(),
  ip: z.string(),
  sqlPort: z.number(),
  observed: seenSchema,
  leftBehind: z.array(z.string()),
});
const forgottenSchema = z.object({ contents: z.array(forgottenProxySchema) });

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
  for (const proxy of parsed(forgottenSchema, answer).contents) sayForgotten(proxy, dryRun);
}

/** That it is forgotten, and what it leaves. */
export function sayForgotten(
  { id, ip, sqlPort, observed, leftBehind }: z.output<typeof forgottenProxySchema>,
  dryRun: boolean,
): void {
  say(`OBProxy ${id} at ${addressText(ip, sqlPort)} ${forgottenWords(observed, dryRun)}`);
  sayLeftBehind(leftBehind);
}

export function sayLeftBehind(lines: readonly string[]): void {
  if (lines.length > 0) say(['Left behind on its host:', ...lines.map((line) => `  ${line}`)].join('\n'));
}

/** `is forgotten; it was seen GONE (its process is gone)`. */
export function forgottenWords({ state, reason }: z.output<typeof seenSchema>, dryRun: boolean): string {
  const why = reason === undefined ? '' : ` (${reason})`;
  return `${dryRun ? 'would be' : 'is'} forgotten; it was seen ${state}${why}`;
}
