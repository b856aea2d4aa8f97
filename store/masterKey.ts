import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PermanentError } from '../runtime/errors';
import { type Said, say, type Text } from '../runtime/messages/catalogue';
import { codeOf, messageOf } from './errors';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Seals the secrets that the inventory stores. */
export interface MasterKey {
  /** Names the key without telling it; stands before everything it sealed. */
  readonly id: string;
  /**
   * AES-256-GCM under a fresh nonce: `<key id>.<base64url of nonce, ciphertext, tag>`. `place` says where the text
   * will be stored and is authenticated with it, so that sealed texts cannot be swapped between rows.
   */
  seal(secret: string, place: string): string;
  /** Throws PermanentError when another key sealed it (MasterKeyWrong) or it was altered (SecretDamaged). */
  open(sealed: string, place: string): string;
}

/**
 * Reads the key file; makes it (0600, 32 random bytes in base64) when it is absent and `mayCreate`. Processes that
 * start together end with one key. Throws PermanentError when the file is readable by others, holds no key, or is
 * missing and may not be made.
 */
export async function loadMasterKey(file: string, mayCreate: boolean): Promise<MasterKey> {
  let found = await readKey(file);
  if (found === undefined && mayCreate) {
    await createKey(file);
    found = await readKey(file);
  }
  if (found === undefined) {
    throw trouble('MasterKeyMissing', file, say('key.missing'), say('next.restoreKeyOrSet'));
  }
  return masterKey(found);
}

async function readKey(file: string): Promise<Buffer | undefined> {
  let text: string;
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      throw trouble(
        'MasterKeyExposed',
        file,
        say('key.readable', { mode: (mode & 0o777).toString(8).padStart(4, '0') }),
        say('next.chmodKey', { file }),
      );
    }
    text = await readFile(file, 'latin1');
  } catch (error) {
    if (error instanceof PermanentError) throw error;
    if (codeOf(error) === 'ENOENT') return undefined;
    throw trouble('MasterKeyUnreadable', file, messageOf(error), say('next.giveKeyFile'), error);
  }
  const encoded = text.trim();
  const key = Buffer.from(encoded, 'base64');
  if (key.length !== KEY_BYTES || key.toString('base64') !== encoded) {
    throw trouble('MasterKeyInvalid', file, say('key.notBase64'), say('next.restoreKey'));
  }
  return key;
}

/** Writes under another name and links: the key's name never shows half a key, and the first process wins. */
async function createKey(file: string): Promise<void> {
  const folder = dirname(file);
  const draft = join(folder, `.${basename(file)}.${randomBytes(8).toString('hex')}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(`${randomBytes(KEY_BYTES).toString('base64')}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    try {
      await link(draft, file);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    } finally {
      await unlink(draft);
    }
    const directory = await open(folder, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    throw trouble('MasterKeyNotMade', file, messageOf(error), say('next.setKeyFile'), error);
  }
}

function masterKey(key: Buffer): MasterKey {
  const id = createHash('sha256').update('obflow master key id\n').update(key).digest('hex').slice(0, 12);
  return {
    id,
    seal(secret, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(place));
      const sealed = Buffer.concat([
        nonce,
        cipher.update(secret, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return `${id}.${sealed.toString('base64url')}`;
    },
    open(sealed, place) {
      const dot = sealed.indexOf('.');
      if (sealed.slice(0, dot) !== id) throw wrongMasterKey(sealed.slice(0, dot), id);
      const bytes = Buffer.from(sealed.slice(dot + 1), 'base64url');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        });
        decipher.setAAD(Buffer.from(place));
        decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
        const secret = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES));
        return Buffer.concat([secret, decipher.final()]).toString('utf8');
      } catch (error) {
        throw new PermanentError(
          {
            type: 'SecretDamaged',
            tried: say('key.openSecret', { place }),
            cameBack: say('key.altered'),
            next: say('next.declareAgain'),
          },
          { cause: error },
        );
      }
    },
  };
}

/** The database was sealed by another key than the file holds. */
export function wrongMasterKey(expected: string, given: string): PermanentError {
  return new PermanentError({
    type: 'MasterKeyWrong',
    tried: say('key.openSecrets'),
    cameBack: say('key.otherKey', { expected, given }),
    next: say('next.setOwnKeyFile'),
  });
}

function trouble(type: string, file: string, cameBack: Said, next: Text, cause?: unknown): PermanentError {
  return new PermanentError(
    { type, tried: say('key.read'), where: `file ${file}`, cameBack, next },
    { cause },
  );
}
