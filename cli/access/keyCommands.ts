import type { Command } from 'commander';
import { z } from 'zod';
import { ACCESS_HELP, type ApiClient } from '../apiClient';
import { complain, say } from '../output';
import { table } from '../table';
import { declare, type OutputOptions, parsed, run, userCalled } from './run';

interface KeyOptions extends OutputOptions {
  readonly user?: string;
}

const keySchema = z.object({
  id: z.number(),
  accessKeyId: z.string(),
  description: z.string().nullish(),
  enabled: z.boolean(),
  createTime: z.string(),
  lastUsedTime: z.string().nullish(),
});
const keysSchema = z.object({ contents: z.array(keySchema) });
const newKeySchema = z.object({ accessKeyId: z.string(), accessKeySecret: z.string() });
type KeyDocument = z.output<typeof keySchema>;

/** Adds `obflow key …` to the program. */
export function addKeyCommands(program: Command): void {
  const key = program
    .command('key')
    .description('access keys, which sign requests instead of a password, through the API')
    .showHelpAfterError('(obflow key --help lists the commands)')
    .addHelpText('after', ACCESS_HELP);

  declareFor(key, 'ls', 'list access keys')
    .alias('list')
    .action((options: KeyOptions) =>
      run(async (api) => show((await keysOf(api, await pathOf(api, options))).contents, options)),
    );

  declareFor(key, 'add', 'add an access key and print its secret, which is shown this once')
    .option('--description <text>', 'what it is for')
    .action((options: KeyOptions & { description?: string }) =>
      run(async (api) => {
        const { description } = options;
        const body = description === undefined ? {} : { description };
        // Under a key of its own: when the answer is lost, the same secret is answered again.
        const answer = await api.command(await pathOf(api, options), body);
        if (options.output === 'json') return say(JSON.stringify(answer, null, 2));
        const made = parsed(newKeySchema, answer);
        say(`OBFLOW_ACCESS_KEY_ID=${made.accessKeyId}`);
        say(`OBFLOW_ACCESS_KEY_SECRET=${made.accessKeySecret}`);
        return complain('The secret is shown this once; keep it where only its client can read it.');
      }),
    );

  for (const [verb, description] of [
    ['disable', 'refuse an access key from now on'],
    ['enable', 'take a disabled access key again'],
  ] as const) {
    declareFor(key, verb, description)
      .argument('<key>', 'access key id')
      .action((wanted: string, options: KeyOptions) =>
        run(async (api) => {
          const path = await pathOf(api, options);
          const { id } = await keyCalled(api, path, wanted);
          const changed = parsed(keySchema, await api.call('POST', `${path}/${id}/${verb}`));
          show([changed], options);
        }),
      );
  }

  declareFor(key, 'rm', 'delete an access key')
    .argument('<key>', 'access key id')
    .action((wanted: string, options: KeyOptions) =>
      run(async (api) => {
        const path = await pathOf(api, options);
        const { id, accessKeyId } = await keyCalled(api, path, wanted);
        await api.call('DELETE', `${path}/${id}`);
        say(`Access key ${accessKeyId} is deleted.`);
      }),
    );
}

function declareFor(parent: Command, name: string, description: string): Command {
  return declare(parent, name, description).option(
    '--user <name>',
    'of another user (administrators only); left out: the own ones',
  );
}

async function pathOf(api: ApiClient, { user }: KeyOptions): Promise<string> {
  if (user === undefined) return '/api/v2/iam/me/accessKeys';
  return `/api/v2/iam/users/${(await userCalled(api, user)).id}/accessKeys`;
}

async function keysOf(api: ApiClient, path: string) {
  return parsed(keysSchema, await api.call('GET', path));
}

async function keyCalled(api: ApiClient, path: string, wanted: string): Promise<KeyDocument> {
  const { contents } = await keysOf(api, path);
  const found = contents.find(({ id, accessKeyId }) => accessKeyId === wanted || String(id) === wanted);
  if (found !== undefined) return found;
  throw new Error(
    `There is no access key ${wanted} here. obflow key ls lists them; --user names another user.`,
  );
}

function show(keys: readonly KeyDocument[], { output }: OutputOptions): void {
  if (output === 'json') {
    say(JSON.stringify({ contents: keys }, null, 2));
    return;
  }
  if (keys.length === 0) {
    complain('There is no access key. obflow key add makes one.');
    return;
  }
  const rows = keys.map((key) => [
    key.accessKeyId,
    key.enabled ? 'enabled' : 'disabled',
    key.createTime,
    key.lastUsedTime ?? 'never',
    key.description ?? '',
  ]);
  say(table(['ACCESS KEY', 'STATE', 'ADDED', 'LAST USED', 'DESCRIPTION'], rows));
}
