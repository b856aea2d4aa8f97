import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { declare, type OutputOptions, run } from '../access/run';
import { newPassword, type PasswordSource } from '../access/secretInput';
import { ACCESS_HELP } from '../apiClient';
import {
  allCredentials,
  CREDENTIALS,
  type CredentialDocument,
  credentialCalled,
  hostsCalled,
  validated,
} from '../host/inventory';
import { showTries } from '../host/show';
import { say } from '../output';
import { table } from '../table';

interface AddOptions extends OutputOptions, PasswordSource {
  readonly username: string;
  readonly description?: string;
  readonly privateKeyFile?: string;
  readonly keyPassphraseFile?: string;
  readonly validate?: readonly string[];
}

/** Adds `obflow credential …` to the program. */
export function addCredentialCommands(program: Command): void {
  const credential = program
    .command('credential')
    .description('logins of hosts, through the API; a secret is given once and never shown again')
    .showHelpAfterError('(obflow credential --help lists the commands)')
    .addHelpText('after', `\nA credential is named by its name or id.${ACCESS_HELP}`);

  declare(credential, 'ls', 'list credentials')
    .alias('list')
    .addOption(new Option('--target <type>', 'only those of hosts, or of databases').choices(['HOST', 'OB']))
    .action((options: OutputOptions & { readonly target?: string }) =>
      run(async (api) => {
        const query = options.target === undefined ? '' : `&targetType=${options.target}`;
        show(await allCredentials(api, query), options);
      }),
    );

  declare(credential, 'add', 'add a login of hosts; asks for the password unless a private key is given')
    .argument('<name>', '2 to 64 letters, digits or "_"')
    .requiredOption('--username <user>', 'account on the hosts')
    .option('--password-file <file>', 'read the password from a file instead of asking')
    .option('--password-stdin', 'read it from standard input')
    .option('--private-key-file <file>', 'log in by this private key instead')
    .option('--key-passphrase-file <file>', 'pass-phrase of a private key that is encrypted')
    .option('--description <text>')
    .option('--validate <host...>', 'try it on these hosts; it is added only when it works on all')
    .action((name: string, options: AddOptions) =>
      run(async (api) => {
        const { username, description, validate } = options;
        const hostIdList =
          validate === undefined ? undefined : (await hostsCalled(api, validate)).map(({ id }) => id);
        const body = {
          targetType: 'HOST',
          name,
          ...(description === undefined ? {} : { description }),
          ...(hostIdList === undefined ? {} : { validate: true }),
          sshCredentialProperty: {
            username,
            ...(await secretOf(name, options)),
            ...(hostIdList === undefined ? {} : { hostIdList }),
          },
        };
        await api.call('POST', CREDENTIALS, { body });
        const added = await credentialCalled(api, name);
        if (options.output === 'json') say(JSON.stringify(added, null, 2));
        else show([added], options);
      }),
    );

  declare(credential, 'rm', 'delete a credential that nothing uses')
    .argument('<credential>')
    .action((word: string) =>
      run(async (api) => {
        const { id, name } = await credentialCalled(api, word);
        await api.call('DELETE', `${CREDENTIALS}/${id}`);
        say(`Credential ${name} is deleted.`);
      }),
    );

  declare(credential, 'validate', 'log in to hosts with a credential; without names to those that use it')
    .argument('<credential>')
    .argument('[host...]')
    .addHelpText(
      'after',
      '\nExit codes: 0 it works on all of them; 1 on some it does not, and they are named.',
    )
    .action((word: string, words: string[], options: OutputOptions) =>
      run(async (api) => {
        const { id } = await credentialCalled(api, word);
        const ids = words.length === 0 ? undefined : (await hostsCalled(api, words)).map((host) => host.id);
        if (!showTries(await validated(api, id, ids), options)) process.exitCode = 1;
      }),
    );
}

/** The secret as the API takes it, and of which type it is. Throws Error naming the file, never what is in it. */
async function secretOf(name: string, options: AddOptions) {
  const { privateKeyFile, keyPassphraseFile } = options;
  if (privateKeyFile === undefined) {
    return { type: 'PASSWORD', passphrase: await newPassword(options, `credential ${name}`) };
  }
  return {
    type: 'PRIVATE_KEY',
    passphrase: textIn(privateKeyFile),
    ...(keyPassphraseFile === undefined
      ? {}
      : { keyPassphrase: textIn(keyPassphraseFile).replace(/\r?\n$/, '') }),
  };
}

function textIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`Cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? String(error)}).`);
  }
}

function show(credentials: readonly CredentialDocument[], { output }: OutputOptions): void {
  if (output === 'json') {
    say(JSON.stringify({ contents: credentials }, null, 2));
    return;
  }
  const rows = credentials.map(({ id, name, targetType, description, ...one }) => [
    String(id),
    name,
    targetType,
    one.sshCredentialProperty?.type ?? 'PASSWORD',
    one.sshCredentialProperty?.username ?? one.obJdbcCredentialProperty?.username ?? '',
    one.sshCredentialProperty === undefined ? '' : String(one.sshCredentialProperty.hostIdList.length),
    description ?? '',
  ]);
  say(table(['ID', 'NAME', 'FOR', 'TYPE', 'USER', 'HOSTS', 'DESCRIPTION'], rows));
}
