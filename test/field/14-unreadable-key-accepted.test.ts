/**
 * Private keys and pass-phrases that no login could use are refused where they are declared, in words.
 *
 * Source: mscdex/ssh2#893 (PKCS#8), tunnel-ssh#72, vscode-sftp#725.
 */

import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DeclaredInventory } from '../../api/objects/applyInventory';
import { resolveCredential } from '../../cli/apply/secrets';
import { privateKeyFault } from '../../hosts/privateKey';
import { faultOf } from '../../runtime/messages/catalogue';
import { sshKeyPair } from '../../sandbox/hosts/keys';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function made(name: string, ...args: string[]): string {
  const file = path.join(folder, name);
  const { status, stderr } = spawnSync('ssh-keygen', ['-q', '-f', file, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return readFileSync(file, 'utf8');
}
const pkcs8 = (cipher?: { cipher: string; passphrase: string }) =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', ...cipher },
  }).privateKey as string;

describe('a private key', () => {
  test('that can be read is taken, with or without a pass-phrase', () => {
    expect(privateKeyFault(sshKeyPair('x').privateKey)).toBeUndefined();
    expect(privateKeyFault(made('open', '-t', 'ecdsa', '-N', ''))).toBeUndefined();
    expect(
      privateKeyFault(made('locked', '-t', 'ed25519', '-N', 'Planted-words'), 'Planted-words'),
    ).toBeUndefined();
    const pem = made('pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'Planted-words');
    expect(privateKeyFault(pem, 'Planted-words')).toBeUndefined();
    expect(privateKeyFault(pem)?.en).toContain('passphraseFile');
    expect(privateKeyFault(pem, 'other-words')?.en).toContain('does not open');
  });

  test.each([
    ['PKCS#8', () => pkcs8(), undefined, /PKCS#8.*ssh-keygen -p -f FILE/],
    [
      'encrypted PKCS#8',
      () => pkcs8({ cipher: 'aes-256-cbc', passphrase: 'w' }),
      'w',
      /PKCS#8.*ssh-keygen -p/,
    ],
    [
      'encrypted, without words',
      () => made('a', '-t', 'ed25519', '-N', 'Planted-words'),
      undefined,
      /encrypted: give its pass-phrase \(passphraseFile/,
    ],
    [
      'encrypted, with others',
      () => made('b', '-t', 'ed25519', '-N', 'Planted-words'),
      'other',
      /does not open the private key/,
    ],
    ['the public half', () => `${sshKeyPair('x').publicKey}\n`, undefined, /but a public one/],
    [
      'a public key in PEM',
      () => '-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n',
      undefined,
      /but a public one/,
    ],
    [
      'a certificate',
      () => '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n',
      undefined,
      /certificate/,
    ],
    ['cut off', () => sshKeyPair('x').privateKey.slice(0, 200), undefined, /cannot be read|no private key/],
    [
      'damaged',
      () => sshKeyPair('x').privateKey.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA'),
      undefined,
      /cannot be read/,
    ],
    ['PuTTY’s newest', () => 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n', undefined, /PuTTYgen/],
    ['anything else', () => 'hello', undefined, /no private key/],
  ])('that is %s is refused by obflow apply and by the API', async (_, make, passphrase, words) => {
    const key = make();
    const said = privateKeyFault(key, passphrase);
    const fault = said?.en;
    expect(fault).toMatch(words);
    expect(fault).not.toContain('Planted');
    const file = path.join(folder, 'declared');
    writeFileSync(file, key);
    const credential = { name: 'hosts', kind: 'SSH_KEY', username: 'root', privateKeyFile: file } as const;
    const resolving = resolveCredential(
      passphrase === undefined ? credential : { ...credential, passphrase },
      {
        folder,
        env: {},
        warn: () => undefined,
      },
    );
    await expect(resolving).rejects.toThrow(`credential "hosts": ${fault}`);
    const declared = { name: 'hosts', kind: 'SSH_KEY', username: 'root', secret: key };
    const parsed = DeclaredInventory.safeParse({
      credentials: [passphrase === undefined ? declared : { ...declared, passphrase }],
    });
    const [issue] = parsed.error?.issues ?? [];
    expect(issue?.path).toEqual(['credentials', 0, 'secret']);
    expect(faultOf(issue?.message ?? '')).toEqual(said);
  });
});
