import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { privateKeyFault } from '../../hosts/privateKey';
import type { FileCredential } from './inventoryFile';

/** A credential as the API takes it. */
export interface DeclaredCredential {
  readonly name: string;
  readonly kind: 'SSH_KEY' | 'SSH_PASSWORD' | 'DATABASE';
  readonly username: string;
  readonly secret: string;
  readonly passphrase?: string;
}

export interface ResolveOptions {
  /** Folder of the inventory file: relative files start there. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly warn: (text: string) => void;
}

/**
 * Fetches the secrets that a credential refers to. One line break at the end of a password's file is not part of it.
 * Throws Error naming the credential and the file or variable, never a value; also for a
 * private key that no login could use.
 */
export async function resolveCredential(
  credential: FileCredential,
  options: ResolveOptions,
): Promise<DeclaredCredential> {
  const { name, kind, username } = credential;
  const read = async (what: string, source: { inline?: string; file?: string; env?: string }) =>
    readSecret(`credential "${name}": ${what}`, source, options);
  if (credential.kind === 'SSH_KEY') {
    const secret = await read(
      'privateKey',
      given({ file: credential.privateKeyFile, env: credential.privateKeyEnv }),
    );
    const passphrase = await read(
      'passphrase',
      given({
        inline: credential.passphrase,
        file: credential.passphraseFile,
        env: credential.passphraseEnv,
      }),
    );
    const text = `${(secret ?? '').trimEnd()}\n`;
    const fault = privateKeyFault(text, passphrase);
    if (fault !== undefined) throw new Error(`credential "${name}": ${fault.en}`);
    return { name, kind, username, secret: text, ...given({ passphrase }) };
  }
  const secret = await read(
    'password',
    given({ inline: credential.password, file: credential.passwordFile, env: credential.passwordEnv }),
  );
  return { name, kind, username, secret: secret ?? '' };
}

async function readSecret(
  what: string,
  source: { inline?: string; file?: string; env?: string },
  { folder, env, warn }: ResolveOptions,
): Promise<string | undefined> {
  if (source.inline !== undefined) {
    warn(
      `${what} stands in the file in clear; better use ${what.split(': ').at(-1)}File or ${what.split(': ').at(-1)}Env`,
    );
    return source.inline;
  }
  if (source.env !== undefined) {
    const value = env[source.env] ?? '';
    if (value === '') throw new Error(`${what}: the environment variable ${source.env} is not set`);
    return value;
  }
  if (source.file !== undefined) {
    const file = path.resolve(folder, source.file);
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new Error(`${what}: cannot read ${file} (${error.code ?? error.message})`);
    });
    const value = text.replace(/\r?\n$/, '');
    if (value === '') throw new Error(`${what}: ${file} is empty`);
    return value;
  }
  return undefined;
}

/** Without the keys that are undefined. */
function given<T extends Record<string, string | undefined>>(values: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}
