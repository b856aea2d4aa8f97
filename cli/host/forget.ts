import { z } from 'zod';
import { parsed } from '../access/run';
import type { ApiClient } from '../apiClient';
import { say } from '../output';
import type { ForgetOptions } from '../proxy/command';
import {
  forgottenProxySchema,
  forgottenWords,
  sayForgotten,
  sayLeftBehind,
  seenSchema,
} from '../proxy/forget';
import { HOSTS, hostsCalled } from './inventory';

const forgottenSchema = z.object({
  id: z.number(),
  innerIpAddress: z.string(),
  observed: seenSchema,
  obproxies: z.array(forgottenProxySchema),
  leftBehind: z.array(z.string()),
});

/** `obflow host forget`: a host leaves the inventory with its OBProxy, and what stays is listed. */
export async function forgetHost(
  api: ApiClient,
  word: string,
  { force, dryRun, output }: ForgetOptions,
): Promise<void> {
  const [host] = await hostsCalled(api, [word]);
  if (host === undefined) return;
  const path = `${HOSTS}/${host.id}/forget`;
  const answer = dryRun
    ? await api.call('POST', `${path}?dryRun=true`, { body: { force } })
    : await api.command(path, { force });
  if (output === 'json') return say(JSON.stringify(answer, null, 2));
  const { id, innerIpAddress, observed, obproxies, leftBehind } = parsed(forgottenSchema, answer);
  say(`Host ${innerIpAddress} (id ${id}) ${forgottenWords(observed, dryRun)}`);
  for (const proxy of obproxies) sayForgotten(proxy, dryRun);
  sayLeftBehind(leftBehind);
}
