/** Looks on demand: what the API's worker would look at in its next round, now. */
import { z } from 'zod';
import { parsed } from './access/run';
import type { ApiClient } from './apiClient';

/** For the help of commands that look. */
export const LOOK_HELP =
  '\nExit codes: 0 all of it is alive or stopped by request; 1 some of it is not, or there was no answer; 2 wrong usage.';

const checkedSchema = z.object({
  contents: z.array(z.object({ status: z.string(), observed: z.object({ state: z.string() }).optional() })),
});

/**
 * Has the servers of a cluster looked at, and sets the exit code by what was seen. Throws as `ApiClient.call`.
 *
 * @param path of the cluster
 */
export async function lookNow(api: ApiClient, path: string): Promise<void> {
  const { contents } = parsed(checkedSchema, await api.call('POST', `${path}/servers/check`, { body: {} }));
  // What was stopped is as it should be.
  const dead = contents.filter(({ status, observed }) => status !== 'STOPPED' && observed?.state !== 'ALIVE');
  if (dead.length > 0) process.exitCode = 1;
}
