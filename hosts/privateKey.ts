import { utils } from 'ssh2';
import { say, type Text } from '../runtime/messages/catalogue';

const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/**
 * Why ssh2 cannot log in with this private key and pass-phrase, as one sentence with what to do; undefined when it can. No
 * network is asked, and nothing of the key is repeated.
 */
export function privateKeyFault(key: string, passphrase?: string): Text | undefined {
  const first = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(key)?.[1] ?? '';
  if (/PUBLIC KEY/.test(first) || /^(ssh-|ecdsa-|sk-)\S+ /.test(key.trim())) {
    return say('sshKey.isPublic');
  }
  if (/CERTIFICATE/.test(first)) return say('sshKey.isCertificate');
  const isPrivate = /PRIVATE KEY$/.test(first) || /^PuTTY-User-Key-File-/.test(key);
  if (!isPrivate) {
    return say('sshKey.isNone');
  }
  if (/^PuTTY-User-Key-File-3/.test(key)) {
    return say('sshKey.putty3');
  }
  const parsed = read(key, passphrase);
  if (!(parsed instanceof Error)) {
    return parsed.isPrivateKey() ? undefined : say('sshKey.noPrivate');
  }
  const said = parsed.message;
  if (first === 'PRIVATE KEY' || first === 'ENCRYPTED PRIVATE KEY') {
    return say('sshKey.pkcs8');
  }
  if (/no passphrase|passphrase given/i.test(said) || (passphrase === undefined && ENCRYPTED.test(key))) {
    return say('sshKey.encrypted');
  }
  if (passphrase !== undefined && /bad passphrase|integrity|decrypt/i.test(said)) {
    return say('sshKey.wrongPassphrase');
  }
  return say('sshKey.unreadable', { said });
}

function read(key: string, passphrase: string | undefined) {
  try {
    const parsed: unknown = utils.parseKey(key, passphrase);
    const one: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
    return one as ReturnType<typeof utils.parseKey>;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
