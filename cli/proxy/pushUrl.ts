import { z } from 'zod';
import { addressText } from '../../runtime/addressText';
import { type OutputOptions, parsed } from '../access/run';
import type { ApiClient } from '../apiClient';
import { say } from '../output';
import { table } from '../table';
import { allProxyClusters, CLUSTERS } from './inventory';

/** OBProxies in one request: the API takes 16 at a time, and 30 s at most for each. */
const TOGETHER = 32;

const pushedSchema = z.object({
  configUrl: z.string(),
  contents: z.array(
    z.object({
      obproxyServerId: z.number(),
      ip: z.string(),
      sqlPort: z.number(),
      outcome: z.string(),
      message: z.string(),
    }),
  ),
});
type PushedDocument = z.output<typeof pushedSchema>['contents'][number] & { readonly cluster: string };

/** `obflow proxy push-url`: resolves to the exit code, 1 when an OBProxy does not have the URL. */
export async function pushUrl(
  api: ApiClient,
  { cluster: name, output }: OutputOptions & { readonly cluster?: string },
): Promise<number> {
  const all = await allProxyClusters(api);
  const chosen = name === undefined ? all : all.filter((cluster) => cluster.name === name);
  if (name !== undefined && chosen.length === 0) throw new Error(`There is no OBProxy cluster ${name}.`);
  if (name !== undefined && chosen.some(({ workMode }) => workMode !== 'CONFIG_URL')) {
    throw new Error(`${name} is not in CONFIG_URL mode: its OBProxies ask nobody.`);
  }
  const pushed: PushedDocument[] = [];
  for (const cluster of chosen.filter(({ workMode }) => workMode === 'CONFIG_URL')) {
    const ids = cluster.obproxies.map(({ id }) => id);
    for (let at = 0; at < ids.length; at += TOGETHER) {
      const body = { obproxyServerIds: ids.slice(at, at + TOGETHER) };
      const answer = parsed(
        pushedSchema,
        await api.command(`${CLUSTERS}/${cluster.id}/configUrl/push`, body),
      );
      pushed.push(...answer.contents.map((one) => ({ cluster: cluster.name, ...one })));
    }
  }
  const left = pushed.filter(({ outcome }) => outcome !== 'PUSHED' && outcome !== 'UNCHANGED');
  if (output === 'json') say(JSON.stringify({ contents: pushed, left: left.length }, null, 2));
  else if (pushed.length === 0) say('There is no OBProxy in CONFIG_URL mode.');
  else {
    const rows = pushed.map(({ cluster, ip, sqlPort, outcome, message }) => [
      cluster,
      addressText(ip, sqlPort),
      outcome,
      message,
    ]);
    say(table(['cluster', 'OBProxy', 'outcome', ''], rows));
  }
  return left.length === 0 ? 0 : 1;
}
