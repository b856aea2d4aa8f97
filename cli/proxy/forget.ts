import { z } from 'zod';
import { addressText } from '../../runtime/addressText';
import { parsed } from '../access/run';
import type { ApiClient } from '../apiClient';
import { say } from '../output';
import type { ForgetOptions } from './command';

const CLUSTERS = '/api/v2/obproxy/clusters';

const serverSchema = z.object({ id: z.number(), ip: z.string(), sqlPort: z.number() });
const clusterSchema = z.object({ id: z.number(), name: z.string(), obproxies: z.array(serverSchema) });
const pageSchema = z.object({
  contents: z.array(clusterSchema),
  page: z.object({ totalPages: z.number() }),
});
type Cluster = z.output<typeof clusterSchema>;

/** What a look saw. */
export const seenSchema = z.object({ state: z.string(), reason: z.string().optional() });
export const forgottenProxySchema = serverSchema.extend({
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
  const cluster = await clusterCalled(api, clusterName);
  const obproxyServerIds = proxies.map((proxy) => idOf(cluster, proxy));
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

async function clusterCalled(api: ApiClient, name: string): Promise<Cluster> {
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const answer = await api.call('GET', `${CLUSTERS}?size=200&sort=id,asc&page=${page}`);
    const { contents, page: facts } = parsed(pageSchema, answer);
    const found = contents.find((cluster) => cluster.name === name || String(cluster.id) === name);
    if (found !== undefined) return found;
    pages = facts.totalPages;
  }
  throw new Error(`There is no OBProxy cluster ${name}. GET ${CLUSTERS} lists them.`);
}

function idOf({ name, obproxies }: Cluster, proxy: string): number {
  const found = obproxies.filter(
    ({ id, ip, sqlPort }) => String(id) === proxy || ip === proxy || addressText(ip, sqlPort) === proxy,
  );
  const [first] = found;
  const has = obproxies.map(({ id, ip, sqlPort }) => `${id} (${addressText(ip, sqlPort)})`).join(', ');
  if (first === undefined) {
    throw new Error(`OBProxy cluster ${name} has no OBProxy ${proxy}. It has: ${has || 'none'}.`);
  }
  if (found.length > 1) throw new Error(`Several OBProxies of ${name} are at ${proxy}. Give one of: ${has}.`);
  return first.id;
}
