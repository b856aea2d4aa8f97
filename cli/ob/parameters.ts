/** `obflow ob parameters …` and `obflow ob password`: what OceanBase clusters are asked and told without a task. */
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { declare, type OutputOptions, parsed, run } from '../access/run';
import { newPassword, type PasswordSource } from '../access/secretInput';
import type { ApiClient } from '../apiClient';
import { complain, say } from '../output';
import { showList } from '../show';
import { OB_CLUSTERS, obClusterCalled } from './inventory';

const parameterSchema = z.object({
  name: z.string(),
  description: z.string(),
  needRestart: z.boolean(),
  readonly: z.boolean(),
  scope: z.string().optional(),
  valueRange: z.object({
    type: z.string(),
    minValue: z.string().nullable(),
    maxValue: z.string().nullable(),
  }),
  currentValue: z.object({ valueToServers: z.record(z.string(), z.array(z.string())) }),
});
type ParameterDocument = z.output<typeof parameterSchema>;

const changedSchema = z
  .object({ findings: z.array(z.object({ level: z.string(), message: z.string() })) })
  .optional();

interface ListOptions extends OutputOptions {
  readonly like?: string;
}

interface SetOptions extends OutputOptions {
  readonly zone?: readonly string[];
  readonly server?: readonly string[];
  readonly tenant?: readonly string[];
  readonly allTenants?: boolean;
}

/** One value as it is, several with the servers that have them. */
function valuesOf({ currentValue }: ParameterDocument): string {
  const values = Object.entries(currentValue.valueToServers);
  if (values.length === 1) return values[0]?.[0] ?? '';
  return values.map(([value, servers]) => `${value} (${servers.join(', ')})`).join('; ');
}

async function list(api: ApiClient, word: string, options: ListOptions): Promise<void> {
  const { id } = await obClusterCalled(api, word);
  const schema = z.object({ contents: z.array(parameterSchema) });
  const { contents } = parsed(schema, await api.call('GET', `${OB_CLUSTERS}/${id}/parameters`));
  const found = contents.filter(({ name }) => name.includes(options.like ?? ''));
  showList(found, options, {
    heading: ['NAME', 'VALUE', 'TYPE', 'FROM', 'TO', 'OF', 'NOTE'],
    row: (one) => [
      one.name,
      valuesOf(one),
      one.valueRange.type,
      one.valueRange.minValue ?? '',
      one.valueRange.maxValue ?? '',
      one.scope === 'TENANT' ? 'tenants' : 'cluster',
      one.readonly ? 'read-only' : one.needRestart ? 'after a restart' : '',
    ],
    nothing: 'There is no such parameter.',
  });
}

/** `name=value`; a value may hold further equal signs. Throws Error for what is none. */
function wishOf(word: string): { name: string; value: string } {
  const at = word.indexOf('=');
  if (at < 1) throw new Error(`${word} is no name=value.`);
  return { name: word.slice(0, at), value: word.slice(at + 1) };
}

async function set(
  api: ApiClient,
  word: string,
  wishes: readonly string[],
  options: SetOptions,
): Promise<void> {
  const { zone: zones, server: servers, tenant: tenants, allTenants } = options;
  const scope = {
    ...(zones === undefined ? {} : { zones }),
    ...(servers === undefined ? {} : { servers }),
    ...(tenants === undefined ? {} : { tenants }),
    ...(allTenants === true ? { allTenants } : {}),
  };
  const body = wishes.map((wish) => ({ ...wishOf(wish), ...scope }));
  const { id, name } = await obClusterCalled(api, word);
  const changed = parsed(changedSchema, await api.command(`${OB_CLUSTERS}/${id}/parameters`, body, 'PUT'));
  const findings = changed?.findings ?? [];
  if (options.output === 'json') say(JSON.stringify({ findings }, null, 2));
  else say(`Set in ${name}, and read back from its servers: ${body.map((wish) => wish.name).join(', ')}`);
  for (const { message } of findings) complain(message);
}

/** Adds them to `obflow ob`. */
export function addObParameterCommands(ob: Command): void {
  const parameters = ob.command('parameters').description('parameters of OceanBase clusters');
  declare(parameters, 'ls', 'list the parameters of a cluster, as its servers show them now')
    .alias('list')
    .argument('<cluster>')
    .option('--like <text>', 'only those with this in their name')
    .action((word: string, options: ListOptions) => run((api) => list(api, word, options)));
  declare(parameters, 'set', 'set parameters of a cluster, and read them back from every server')
    .argument('<cluster>')
    .argument('<name=value...>')
    .option('--zone <names...>', 'only in these zones')
    .option('--server <ip:port...>', 'only on these servers, with their RPC port')
    .option('--tenant <names...>', 'of these tenants, for parameters that belong to tenants')
    .addOption(new Option('--all-tenants', 'of every tenant of users').conflicts('tenant'))
    .action((word: string, wishes: string[], options: SetOptions) =>
      run((api) => set(api, word, wishes, options)),
    );
  declare(ob, 'password', 'change the password of root@sys; the credential of the cluster follows')
    .argument('<cluster>')
    .option('--password-file <file>', 'read the new password from a file')
    .option('--password-stdin', 'read it from standard input')
    .action((word: string, options: OutputOptions & PasswordSource) =>
      run(async (api) => {
        const { id, name } = await obClusterCalled(api, word);
        const password = await newPassword(options, `root@sys of ${name}`);
        // Without a key, of which a digest would be kept: sent again, the request goes on by itself.
        await api.call('POST', `${OB_CLUSTERS}/${id}/changePassword`, { body: { newPassword: password } });
        if (options.output === 'json') say('{}');
        else say(`The password of root@sys of ${name} is changed. Change it in the inventory file, too.`);
      }),
    );
}
