import { utils } from 'ssh2';

const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/**
 * Why ssh2 cannot log in with this private key and pass-phrase, as one sentence with what to do; undefined when it can. No
 * network is asked, and nothing of the key is repeated.
 */
export function privateKeyFault(key: string, passphrase?: string): string | undefined {
  const first = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(key)?.[1] ?? '';
  if (/PUBLIC KEY/.test(first) || /^(ssh-|ecdsa-|sk-)\S+ /.test(key.trim())) {
    return 'this is no private key but a public one; give the file without .pub';
  }
  if (/CERTIFICATE/.test(first)) return 'this is no private key but a certificate';
  const isPrivate = /PRIVATE KEY$/.test(first) || /^PuTTY-User-Key-File-/.test(key);
  if (!isPrivate) {
    return 'this is no private key (a text that starts with -----BEGIN … PRIVATE KEY-----)';
  }
  if (/^PuTTY-User-Key-File-3/.test(key)) {
    return 'this is a key of PuTTY in its format 3, which cannot be read; export it in PuTTYgen (Conversions, Export OpenSSH key)';
  }
  const parsed = read(key, passphrase);
  if (!(parsed instanceof Error)) {
    return parsed.isPrivateKey() ? undefined : 'there is no private key in it; give the file without .pub';
  }
  const said = parsed.message;
  if (first === 'PRIVATE KEY' || first === 'ENCRYPTED PRIVATE KEY') {
    return 'the private key is in the format PKCS#8, which cannot be read; convert a copy of it: ssh-keygen -p -f FILE';
  }
  if (/no passphrase|passphrase given/i.test(said) || (passphrase === undefined && ENCRYPTED.test(key))) {
    return 'the private key is encrypted: give its pass-phrase (passphraseFile or passphraseEnv), or use a key without one';
  }
  if (passphrase !== undefined && /bad passphrase|integrity|decrypt/i.test(said)) {
    return 'the pass-phrase does not open the private key, or the key is damaged; check it with: ssh-keygen -y -f FILE';
  }
  return `the private key cannot be read (${said}); make one that can: ssh-keygen -t ed25519`;
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
