import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { complain, say, textOf } from '../output';
import { parseInventoryFile } from './inventoryFile';
import { resolveCredential } from './secrets';

const REQUEST_TIMEOUT_MS = 120_000;

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
const errorSchema = z.object({
  error: z.object({
    code: z.union([z.string(), z.number()]).nullish(),
    message: z.string(),
    target: z.string().nullish(),
    subErrors: z
      .array(
        z.object({
          message: z.string(),
          field: z.string().nullish(),
        }),
      )
      .nullish(),
  }),
});

/** How a change is shown: what the API did, and what it would do. */
const VERBS = {
  added: { done: '+ added    ', planned: '+ would add   ' },
  changed: { done: '~ changed  ', planned: '~ would change' },
  unchanged: { done: '= unchanged', planned: '= leaves      ' },
} as const;

/**
 * `obflow apply`: declares the file's content through the API, and prints a line for each object. Secrets travel in
 * the body of the one request and are never printed. Resolves to the exit code.
 */
export async function apply(
  file: string,
  options: { dryRun: boolean; env: NodeJS.ProcessEnv },
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
    return 0;
  } catch (error) {
    complain(textOf(error));
    return 1;
  }
}

async function readBody(file: string, env: NodeJS.ProcessEnv): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`Cannot read ${file} (${error.code ?? error.message}).`);
  });
  const inventory = parseInventoryFile(text, file);
  const folder = path.dirname(path.resolve(file));
  const warn = (warning: string) => complain(`Warning: ${warning}.`);
  const credentials = [];
  for (const credential of inventory.credentials) {
    credentials.push(await resolveCredential(credential, { folder, env, warn }));
  }
  return { credentials, hosts: inventory.hosts, obClusters: inventory.obClusters };
}

async function put(
  body: unknown,
  { dryRun, env }: { dryRun: boolean; env: NodeJS.ProcessEnv },
): Promise<z.infer<typeof answerSchema>> {
  const base = (setting(env.OBFLOW_URL) ?? 'http://127.0.0.1:8080').replace(/\/+$/, '');
  const user = setting(env.OBFLOW_USER) ?? 'admin';
  const password = setting(env.OBFLOW_PASSWORD);
  if (password === undefined) throw new Error(`Set OBFLOW_PASSWORD to the password of ${user} at ${base}.`);
  const response = await fetch(`${base}/api/v2/inventory${dryRun ? '?dryRun=true' : ''}`, {
    method: 'PUT',
    headers: {
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      'content-type': 'application/json',
      accept: 'application/json',
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  }).catch((error: Error) => {
    const cause = error.cause instanceof Error ? error.cause.message : error.message;
    throw new Error(`No answer from ${base}: ${cause}. Is obflow up? OBFLOW_URL says where.`);
  });
  const text = await response.text();
  const answer: unknown = parseJson(text);
  if (!response.ok) throw new Error(refusalText(response.status, answer, text, user));
  const parsed = z.object({ data: answerSchema }).safeParse(answer);
  if (!parsed.success)
    throw new Error(`${base} answered ${response.status}, but not as obflow does. Is OBFLOW_URL right?`);
  return parsed.data.data;
}

/** What the API said, for a person: the error and one line for each field. */
export function refusalText(status: number, answer: unknown, text: string, user: string): string {
  const parsed = errorSchema.safeParse(answer);
  if (!parsed.success) {
    return `The API answered ${status}: ${text.trim().slice(0, 500) || 'nothing'}`;
  }
  const { code, message, target, subErrors } = parsed.data.error;
  const at = (field: string | null | undefined) =>
    field === undefined || field === null ? '' : `${field}: `;
  const hint = status === 401 ? ` Check OBFLOW_USER (${user}) and OBFLOW_PASSWORD.` : '';
  const lines = (subErrors ?? []).map((sub) => `  ${at(sub.field)}${sub.message}`);
  const number = code === undefined || code === null ? '' : ` ${code}`;
  return [`The API refused (${status}${number}): ${at(target)}${message}${hint}`, ...lines].join('\n');
}

function summary(changes: z.infer<typeof answerSchema>['changes'], dryRun: boolean): string {
  const count = (change: string) => changes.filter((entry) => entry.change === change).length;
  const verbs = dryRun ? ['to add', 'to change', 'to leave'] : ['added', 'changed', 'unchanged'];
  return `${count('added')} ${verbs[0]}, ${count('changed')} ${verbs[1]}, ${count('unchanged')} ${verbs[2]}.`;
}

function setting(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
