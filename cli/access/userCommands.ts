import type { Command } from 'commander';
import { z } from 'zod';
import { ACCESS_HELP, type ApiClient } from '../apiClient';
import { say } from '../output';
import { table } from '../table';
import { allUsers, declare, type OutputOptions, parsed, run, type UserDocument, userCalled } from './run';
import { ask, newPassword, type PasswordSource } from './secretInput';

const USERS = '/api/v2/iam/users';
const rolesSchema = z.object({
  contents: z.array(z.object({ name: z.string(), permissions: z.array(z.string()) })),
});

/** Adds `obflow user …` to the program. */
export function addUserCommands(program: Command): void {
  const user = program
    .command('user')
    .description('users and their roles, through the API; only administrators may')
    .showHelpAfterError('(obflow user --help lists the commands)')
    .addHelpText('after', `${ACCESS_HELP}\nobflow user roles lists the roles and what they permit.`);

  declare(user, 'ls', 'list users')
    .alias('list')
    .action((options: OutputOptions) => run(async (api) => show(await allUsers(api), options)));

  withPassword(declare(user, 'add', 'add a user; asks for the password'))
    .argument('<name>', '2 to 64 letters, digits, "_", "." or "-"')
    .option('--role <role...>', 'roles; without one a user may only look at itself', [])
    .action((name: string, options: OutputOptions & PasswordSource & { role: string[] }) =>
      run(async (api) => {
        const password = await newPassword(options, name);
        const body = { name, password, roles: options.role.map((role) => role.toUpperCase()) };
        await api.call('POST', USERS, { body });
        await showOne(api, name, options);
      }),
    );

  withPassword(declare(user, 'passwd', 'set a password; without a name the own one'))
    .argument('[name]')
    .action((name: string | undefined, options: OutputOptions & PasswordSource) =>
      run((api) => (name === undefined ? setOwnPassword(api, options) : setPassword(api, name, options))),
    );

  declare(user, 'roles', 'set the roles of a user; without roles show them, without a name every role')
    .argument('[name]')
    .argument('[roles...]')
    .option('--none', 'take every role away', false)
    .action((name: string | undefined, roles: string[], options: OutputOptions & { none: boolean }) =>
      run(async (api) => {
        if (name === undefined) return showRoles(api, options);
        const { id } = await userCalled(api, name);
        if (roles.length > 0 || options.none) {
          const body = { roles: options.none ? [] : roles.map((role) => role.toUpperCase()) };
          await api.call('PUT', `${USERS}/${id}/roles`, { body });
        }
        return showOne(api, name, options);
      }),
    );

  for (const [verb, description] of [
    ['disable', 'refuse a user and its access keys from now on'],
    ['enable', 'let a disabled user in again'],
  ] as const) {
    declare(user, verb, description)
      .argument('<name>')
      .action((name: string, options: OutputOptions) =>
        run(async (api) => {
          const { id } = await userCalled(api, name);
          await api.call('POST', `${USERS}/${id}/${verb}`);
          await showOne(api, name, options);
        }),
      );
  }

  declare(user, 'rm', 'delete a user and its access keys')
    .argument('<name>')
    .action((name: string) =>
      run(async (api) => {
        const { id } = await userCalled(api, name);
        await api.call('DELETE', `${USERS}/${id}`);
        say(`User ${name} is deleted.`);
      }),
    );
}

/** Adds `obflow reset-admin`, which asks the database instead of the API. */
export function addResetAdmin(program: Command): void {
  withPassword(
    program
      .command('reset-admin')
      .description(
        'give a user a new password and the role ADMIN, in the database itself; for when nobody can log in',
      )
      .argument('[name]', 'user', 'admin'),
  ).action(async (name: string, source: PasswordSource) =>
    (await import('./resetAdmin')).resetAdmin(name, source),
  );
}

function withPassword(command: Command): Command {
  return command
    .option('--password-file <file>', 'read the new password from a file instead of asking')
    .option('--password-stdin', 'read it from standard input');
}

async function setPassword(api: ApiClient, name: string, source: PasswordSource): Promise<void> {
  const { id } = await userCalled(api, name);
  const password = await newPassword(source, name);
  await api.call('PUT', `${USERS}/${id}/password`, { body: { password } });
  say(`User ${name} has a new password. Its access keys stay as they are: obflow key ls --user ${name}`);
}

async function setOwnPassword(api: ApiClient, source: PasswordSource): Promise<void> {
  const me = parsed(z.object({ name: z.string() }), await api.call('GET', '/api/v2/iam/me'));
  const old = api.password ?? (await ask(`Present password of ${me.name}: `))[0];
  const body = { oldPassword: old, newPassword: await newPassword(source, me.name) };
  await api.call('PUT', '/api/v2/iam/me/password', { body });
  say(`User ${me.name} has a new password.`);
}

async function showOne(api: ApiClient, name: string, options: OutputOptions): Promise<void> {
  const user = await userCalled(api, name);
  if (options.output === 'json') say(JSON.stringify(user, null, 2));
  else show([user], options);
}

function show(users: readonly UserDocument[], { output }: OutputOptions): void {
  if (output === 'json') {
    say(JSON.stringify({ contents: users }, null, 2));
    return;
  }
  const rows = users.map(({ id, name, enabled, roles, createTime }) => [
    String(id),
    name,
    enabled ? 'enabled' : 'disabled',
    roles.join(' '),
    createTime,
  ]);
  say(table(['ID', 'NAME', 'STATE', 'ROLES', 'ADDED'], rows));
}

async function showRoles(api: ApiClient, { output }: OutputOptions): Promise<void> {
  const roles = parsed(rolesSchema, await api.call('GET', '/api/v2/iam/roles'));
  if (output === 'json') return say(JSON.stringify(roles, null, 2));
  const rows = roles.contents.map(({ name, permissions }) => [name, permissions.join(' ')]);
  return say(table(['ROLE', 'PERMITS'], rows));
}
