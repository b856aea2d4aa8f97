import type { HostAddress } from '../hosts/types';
import { PermanentError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import type { HostRow, Store } from '../store/types';

/**
 * Where and how to log in to a declared host, with its secret in clear: whoever writes a log hides it (secretsOf).
 * Throws PermanentError CMP07016 when its credential is one for databases, whose password must not be offered to an SSH
 * server, and CredentialMissing when it is gone.
 */
export async function addressOf(store: Pick<Store, 'credentials'>, host: HostRow): Promise<HostAddress> {
  const credential = await store.credentials.open(host.credentialId);
  const common = {
    hostId: host.id,
    ip: host.ip,
    sshPort: host.sshPort,
    username: credential.username,
    ...(host.hostKey === null ? {} : { hostKey: host.hostKey }),
  };
  if (credential.kind === 'SSH_PASSWORD') {
    return { ...common, auth: { kind: 'password', password: credential.secret } };
  }
  if (credential.kind === 'SSH_KEY') {
    const passphrase = credential.passphrase === undefined ? {} : { passphrase: credential.passphrase };
    return { ...common, auth: { kind: 'key', privateKey: credential.secret, ...passphrase } };
  }
  throw new PermanentError({
    type: 'CredentialUnfit',
    code: 'CMP07016',
    tried: say('ssh.logInAny'),
    where: host.ip,
    cameBack: say('ssh.databaseCredential', { name: credential.name }),
    next: say('next.giveSshCredential'),
  });
}

/** What no log may show of an address. */
export function secretsOf({ auth }: HostAddress): string[] {
  return auth.kind === 'password' ? [auth.password] : [auth.privateKey, auth.passphrase ?? ''];
}
