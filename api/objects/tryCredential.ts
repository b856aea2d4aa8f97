import { privateKeyFault } from '../../hosts/privateKey';
import { Refusal } from '../../operations/refusal';
import type { ContactedHost } from '../../operations/types';
import { addressText } from '../../runtime/addressText';
import { joined, type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { OpenCredential } from '../../store/types';
import type { ApiServices } from '../route';
import { sideBySide } from './contactHosts';
import { tryHost } from './contactNewHosts';

/** What came of a credential on one host. */
export interface CredentialTry {
  readonly hostId: number;
  /** Address and port; the id where there is no such host. */
  readonly target: string;
  readonly connectionResult: 'SUCCEEDED' | 'CONNECT_FAILED' | 'SUDO_NOT_ALLOWED' | 'HOST_NOT_EXISTS';
  readonly message: Said;
  /** What stands in the way of tasks there, or makes them slow. */
  readonly findings: ContactedHost['findings'];
}

/** Why nobody can log in with a secret; undefined when somebody may. Of a password only a host can tell. */
export function secretFault(
  kind: OpenCredential['kind'],
  { secret, passphrase }: { readonly secret: string; readonly passphrase?: string | undefined },
): Text | undefined {
  return kind === 'SSH_KEY' ? privateKeyFault(secret, passphrase) : undefined;
}

/** Logs in to each host with a credential that need not be stored; a pinned key must be shown. Changes nothing. */
export async function tryCredential(
  { store, hosts }: Pick<ApiServices, 'store' | 'hosts'>,
  { kind, username, secret, passphrase }: Omit<OpenCredential, 'id' | 'name'>,
  hostIds: readonly number[],
): Promise<CredentialTry[]> {
  const rows = new Map((await store.hosts.findMany(hostIds)).map((row) => [row.id, row]));
  const auth =
    kind === 'SSH_KEY'
      ? { kind: 'key' as const, privateKey: secret, ...(passphrase === undefined ? {} : { passphrase }) }
      : { kind: 'password' as const, password: secret };
  return sideBySide(hostIds, async (hostId, signal): Promise<CredentialTry> => {
    const row = rows.get(hostId);
    if (row === undefined) {
      const message = say('contact.noHost', { id: hostId });
      return { hostId, target: String(hostId), connectionResult: 'HOST_NOT_EXISTS', message, findings: [] };
    }
    const { ip, sshPort, hostKey } = row;
    const address = { ip, sshPort, username, auth, ...(hostKey === null ? {} : { hostKey }) };
    const { refused, findings } = await tryHost(hosts, address, signal);
    return {
      hostId,
      target: addressText(ip, sshPort),
      connectionResult: refused?.result ?? 'SUCCEEDED',
      message: refused?.text ?? say('contact.loggedIn'),
      findings,
    };
  });
}

/** Throws Refusal CRD08006 when sudo is what fails, CRD08003 for everything else; it names every such host. */
export function refuseWhereItFails(tries: readonly CredentialTry[]): void {
  const failed = tries.filter(({ connectionResult }) => connectionResult !== 'SUCCEEDED');
  if (failed.length === 0) return;
  const sudo = failed.every(({ connectionResult }) => connectionResult === 'SUDO_NOT_ALLOWED');
  const hosts = joined(
    failed.map(({ target, message }) => say('contact.named', { ip: target, said: message })),
    'list.comma',
  );
  throw new Refusal(400, sudo ? 'CRD08006' : 'CRD08003', say('credential.notAccepted', { hosts }), {
    target: 'sshCredentialProperty',
  });
}
