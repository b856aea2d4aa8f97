import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { ApiClient } from '../apiClient';
import { complain, say, textOf } from '../output';
import { parseInventoryFile } from './inventoryFile';
import { resolveCredential } from './secrets';

const answerSchema = z.object({
  changes: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      change: z.enum(['added', 'changed', 'unchanged']),
      note: z.string().nullish(),
    }),
  ),
  warnings: z.array(z.string()).default([]),
});

/** How a change is shown: what the API did, and what it would do. */
const VERBS = {
  added: { done: '+ added    ', planned: '+ would add   ' },
  changed: { done: '~ changed  ', planned: '~ would change' },
  unchanged: { done: '= unchanged', planned: '= leaves      ' },
} as const;

/**
 * `obflow apply`: declares the file's content through the API, and prints a line for each object. Secrets travel in
 * the body of the one request and are never printed. Resolves to the exit code: with `check` it is 1, too, when the API,
 * having stored everything, could not use a host or a cluster as it is declared.
 */
export async function apply(
  file: string,
  options: { dryRun: boolean; check?: boolean; env: NodeJS.ProcessEnv },
): Promise<number> {
  try {
    const body = await readBody(file, options.env);
    const answer = await put(body, options);
    for (const warning of answer.warnings) complain(`Warning: ${warning}`);
    for (const { kind, name, change, note } of answer.changes) {
      const verb = VERBS[change][options.dryRun ? 'planned' : 'done'];
      say(`${verb} ${kind} ${name}${note === undefined || note === null || note === '' ? '' : ` (${note})`}`);
    }
    say(summary(answer.changes, options.dryRun));
    return options.check === true && answer.warnings.length > 0 ? 1 : 0;
  } catch (error) {
    complain(textOf(error));
    return 1;
  }
}

async function readBody(file: string, env: NodeJS.ProcessEnv): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`Cannot read ${file} (${error.code ?? error.message}).`);
  });
  const store = parseInventoryFile(text, file);
  const folder = path.dirname(path.resolve(file));
  const warn = (warning: string) => complain(`Warning: ${warning}.`);
  const resolved = await Promise.allSettled(
    store.credentials.map((credential) => resolveCredential(credential, { folder, env, warn })),
  );
  const missing = resolved.flatMap((result) => (result.status === 'rejected' ? [textOf(result.reason)] : []));
  if (missing.length > 0) throw new Error(missing.join('\n'));
  const credentials = resolved.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  return { credentials, hosts: store.hosts, obClusters: store.obClusters };
}

async function put(
  body: unknown,
  { dryRun, env }: { dryRun: boolean; env: NodeJS.ProcessEnv },
): Promise<z.infer<typeof answerSchema>> {
  const api = new ApiClient(env);
  const answer = await api.call('PUT', `/api/v2/inventory${dryRun ? '?dryRun=true' : ''}`, { body });
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) throw new Error(`${api.base} does not answer as obflow does. Is OBFLOW_URL right?`);
  return parsed.data;
}

function summary(changes: z.infer<typeof answerSchema>['changes'], dryRun: boolean): string {
  const count = (change: string) => changes.filter((entry) => entry.change === change).length;
  const verbs = dryRun ? ['to add', 'to change', 'to leave'] : ['added', 'changed', 'unchanged'];
  return `${count('added')} ${verbs[0]}, ${count('changed')} ${verbs[1]}, ${count('unchanged')} ${verbs[2]}.`;
}
