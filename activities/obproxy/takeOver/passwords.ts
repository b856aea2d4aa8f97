/** The password of root@proxysys of a proxy that is not ours yet. */

import { isDeniedByProxy, logInToObproxy } from '../../../contact/obproxyLogin';
import type { Host } from '../../../hosts/types';
import type { ObproxyAdmin } from '../../../oceanbase/obproxyAdmin';
import { addressText } from '../../../runtime/addressText';
import { PermanentError } from '../../../runtime/errors';
import { joined, say, type Text } from '../../../runtime/messages/catalogue';
import type { Store } from '../../../store/types';
import type { SubtaskLog, SubtaskScope } from '../../types';
import type { ObproxyInstance } from '../proxy';

/** A password that may be the right one, and who says so. */
export interface KnownPassword {
  readonly source: Text;
  readonly password: string;
}

/**
 * Name of the credential (kind DATABASE) by which an operator gives the password of a running proxy, or corrects the
 * one of the request: it is read anew at every run, so that a failed subtask can be retried.
 */
function proxysysCredentialName(ip: string, sqlPort: number): string {
  // Names of credentials hold no colons.
  return `proxysys@${ip.replaceAll(':', '_')}-${sqlPort}`;
}

/** Candidates in the order they are tried: given by the request, declared, the cluster's, empty. */
export async function knownPasswords(
  store: Store,
  at: { readonly ip: string; readonly sqlPort: number; readonly clusterId: number },
  given: string | undefined,
): Promise<KnownPassword[]> {
  const name = proxysysCredentialName(at.ip, at.sqlPort);
  const credential = await store.credentials.find(name);
  const declared = credential === undefined ? undefined : await store.credentials.open(credential.id);
  const candidates: (KnownPassword | undefined)[] = [
    given === undefined ? undefined : { source: say('password.ofRequest'), password: given },
    declared && { source: say('password.ofCredential', { name }), password: declared.secret },
    { source: say('password.ofCluster'), password: await store.obproxy.proxysysPassword(at.clusterId) },
    { source: say('password.empty'), password: '' },
  ];
  const found: KnownPassword[] = [];
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    if (!found.some(({ password }) => password === candidate.password)) found.push(candidate);
  }
  return found;
}

export interface OpenProxy {
  readonly admin: ObproxyAdmin;
  readonly used: KnownPassword;
}

/**
 * Logs in with the first password that the proxy takes.
 * @throws PermanentError ObproxyAccessDenied (ODP10001) when it takes none, saying how to give another.
 */
export async function logIn(
  host: Host,
  sqlPort: number,
  known: readonly KnownPassword[],
  signal: AbortSignal,
): Promise<OpenProxy> {
  const where = addressText(host.ip, sqlPort);
  const refused: Text[] = [];
  for (const used of known) {
    try {
      return { admin: await logInToObproxy(host, sqlPort, { passwords: [used.password], signal }), used };
    } catch (error) {
      if (!isDeniedByProxy(error)) throw error;
      refused.push(used.source);
    }
  }
  throw new PermanentError({
    type: 'ObproxyAccessDenied',
    code: 'ODP10001',
    tried: say('takeOver.logIn'),
    where,
    cameBack: say('takeOver.refuses', { sources: joined(refused, 'list.comma') }),
    next: say('next.declarePassword', { credential: proxysysCredentialName(host.ip, sqlPort) }),
  });
}

function hide(log: SubtaskLog, known: readonly KnownPassword[]): void {
  log.hide(...known.map(({ password }) => password));
}

/** Logs in to the proxy of this subtask; every candidate is hidden from the log. */
export async function administerAdopted(scope: SubtaskScope, proxy: ObproxyInstance): Promise<OpenProxy> {
  const { server, cluster } = proxy;
  const given = await scope.store.obproxy.formerPassword(server.id);
  const at = { ip: server.ip, sqlPort: server.sqlPort, clusterId: cluster.id };
  const known = await knownPasswords(scope.store, at, given);
  hide(scope.log, known);
  return logIn(await scope.host(), server.sqlPort, known, scope.signal);
}
