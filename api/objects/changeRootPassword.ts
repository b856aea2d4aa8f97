/**
 * Changing the password of root@sys, by which obflow itself asks a cluster. At every moment both passwords are kept, sealed, until
 * the new one has proven itself on every root server that answers; so a process that dies anywhere, or an answer that is lost,
 * leaves a credential with two secrets of which one works, and whoever logs in next tries both (contact/workingSecret.ts).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openWith } from '../../contact/clusterState';
import { isDenied, SPREADING_MS } from '../../contact/workingSecret';
import type { ClusterSession } from '../../oceanbase/clusterSession';
import { setPasswordSql } from '../../oceanbase/clusterSql';
import { sysUser } from '../../oceanbase/loginName';
import { SqlConnectionError, SqlError } from '../../oceanbase/sqlSession';
import { Refusal } from '../../operations/refusal';
import { addressText } from '../../runtime/addressText';
import { saidOf, TransientError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { ObClusterRow, OpenCredential, RootServer } from '../../store/types';
import { type Asking, clusterRefusal, contactOf, sqlSaid } from './askCluster';
import { underLease } from './underLease';

const ROOT = 'root';
/** Other servers take the new password with their next refresh of the schema: seconds. */
const SPREAD_MS = 15_000;
/** OceanBase gives the statement up after so long; one whose answer was lost is under way no longer. */
const STATEMENT_MS = 5_000;
/** By these the statement did nothing: syntax, no such user, no privilege (1133: engine 4.3.5.3, observed). */
const REFUSALS: ReadonlySet<number> = new Set([1064, 1133, 1142, 1227, 1396]);
const LOOK_EVERY_MS = 300;

interface Change extends Asking {
  readonly cluster: ObClusterRow;
  readonly wished: string;
}

/**
 * Changes it, and the credential with it; nothing when it is that already. Of several at once one goes on, in whatever process;
 * the same wish waits for it, another is refused. Throws Refusal, before anything is changed, and TransientError when the
 * outcome is not known: the same request again goes on from there.
 */
export function changeRootPassword(services: Asking, cluster: ObClusterRow, wished: string): Promise<void> {
  const { store } = services;
  const refuseOther = async (waitedMs: number) => {
    const { pending } = await store.credentials.open(cluster.sysCredentialId);
    const another = pending !== undefined && pending.secret !== wished;
    if (another || waitedMs > SPREAD_MS) refuseUnderWay(cluster);
  };
  return underLease(store.leases, `root password of ${cluster.id}`, refuseOther, () =>
    changeAlone(services, cluster, wished),
  );
}

async function changeAlone(services: Asking, cluster: ObClusterRow, wished: string): Promise<void> {
  const change: Change = { store: services.store, config: services.config, cluster, wished };
  if (cluster.status === 'CREATING' || cluster.status === 'DELETING') {
    const { name, status } = cluster;
    refuse(cluster, 409, 'OBE11007', say('sysPassword.inWork', { name, status }));
  }
  await refuseOthersCredential(change);
  const { credentials } = change.store;
  const id = cluster.sysCredentialId;
  const stored = await credentials.open(id);
  const begun = stored.pending?.secret === wished;
  if (stored.pending !== undefined && !begun) refuseUnderWay(cluster, stored.pending.since);
  const working = await whichWorks(change, stored, begun);
  if (working === wished) {
    // The present one; or one that somebody has set by hand, or an attempt of which nobody has heard.
    if (stored.secret === wished) return begun ? credentials.settle(id, wished) : undefined;
    if (!begun && !(await credentials.propose(id, wished, stored))) return refuseUnderWay(cluster);
    return proven(change, undefined);
  }
  const settled = stored.pending !== undefined && working === stored.pending.secret;
  if (settled) await credentials.settle(id, working);
  // Compared with what was seen before anybody was asked: a change that came between is another one's.
  const seen = settled ? { secret: working } : stored;
  if (!begun && !(await credentials.propose(id, wished, seen))) return refuseUnderWay(cluster);
  const lost = await send(change, working);
  return proven(change, lost);
}

function refuse(cluster: ObClusterRow, status: number, code: string, text: Text): never {
  throw new Refusal(status, code, text, { target: `obCluster:${cluster.id}` });
}

function refuseUnderWay(cluster: ObClusterRow, since = new Date().toISOString()): void {
  const left = SPREADING_MS - (Date.now() - Date.parse(since));
  if (left <= 0) return;
  const seconds = Math.ceil(left / 1000);
  throw new Refusal(409, 'COM20003', say('obPassword.underWay', { cluster: cluster.name, seconds }), {
    target: `obCluster:${cluster.id}`,
    retryAfterSeconds: seconds,
  });
}

/** What the credential is for, beside this: the other clusters would be locked out. */
async function refuseOthersCredential({ store, cluster }: Change): Promise<void> {
  const credential = await store.credentials.open(cluster.sysCredentialId);
  if (sysUser(credential.username) !== ROOT) {
    const { username } = credential;
    refuse(cluster, 409, 'COM10005', say('obPassword.notRoot', { cluster: cluster.name, username }));
  }
  const { obClusters } = await store.credentials.users(credential.id);
  const users = [
    ...(cluster.proxyroCredentialId === credential.id ? [say('obPassword.usedByProxyro')] : []),
    ...obClusters
      .filter(({ id }) => id !== cluster.id)
      .map(({ name }) => say('obPassword.usedByCluster', { name })),
  ];
  if (users.length === 0) return;
  const text = say('obPassword.shared', { credential: credential.name, cluster: cluster.name, users });
  refuse(cluster, 409, 'COM10005', text);
}

function openRoot(
  { cluster, ...services }: Change,
  secret: string,
  at: readonly RootServer[],
): Promise<ClusterSession> {
  return openWith({ rootServers: at }, { username: ROOT, secret }, contactOf(services));
}

/** Which password opens the cluster now: the stored, the pending, or the wished one. Throws Refusal when none does. */
async function whichWorks(change: Change, stored: OpenCredential, begun: boolean): Promise<string> {
  const { cluster, wished } = change;
  const known = [stored.secret, ...(stored.pending === undefined ? [] : [stored.pending.secret])];
  // One that was sent before may work by now; as long as the first is let in, it has not been heard of here.
  const candidates = begun ? [wished, ...known] : [...known, wished];
  let refused: unknown;
  for (const secret of new Set(candidates)) {
    try {
      (await openRoot(change, secret, cluster.rootServers)).close();
      return secret;
    } catch (error) {
      if (!isDenied(error)) throw clusterRefusal(cluster, error);
      refused ??= error;
    }
  }
  throw clusterRefusal(cluster, refused);
}

/**
 * Sends the statement. Answers the error by which its outcome is not known, a refused login among them: the same request may
 * be under way in another process. Throws Refusal when OceanBase refuses the statement.
 */
async function send(change: Change, working: string): Promise<Error | undefined> {
  const { cluster, wished, store } = change;
  // Never a password that is not kept: the same change may have been settled, and followed by another, in between.
  const { pending } = await store.credentials.open(cluster.sysCredentialId);
  if (pending?.secret !== wished) refuseUnderWay(cluster);
  try {
    const session = await openRoot(change, working, cluster.rootServers);
    try {
      await session.alter(`SET ob_query_timeout = ${STATEMENT_MS * 1000}`);
      await session.alter(setPasswordSql(ROOT, wished));
      return undefined;
    } finally {
      session.close();
    }
  } catch (error) {
    if (!(error instanceof SqlError) || !REFUSALS.has(error.errno)) {
      if (error instanceof SqlError || error instanceof SqlConnectionError) return error;
      throw error;
    }
    await store.credentials.withdraw(cluster.sysCredentialId, wished);
    const text = say('obAsk.refused', { name: cluster.name, said: sqlSaid(error, wished) });
    return refuse(cluster, 409, 'OBE11007', text);
  }
}

interface Look {
  /** Servers that let the new one in. */
  readonly taken: readonly string[];
  /** Servers that refuse it. */
  readonly behind: readonly string[];
  /** Why others could not be asked. */
  readonly silent: readonly Said[];
}

async function look(change: Change): Promise<Look> {
  const found = { taken: [] as string[], behind: [] as string[], silent: [] as Said[] };
  for (const server of change.cluster.rootServers) {
    const at = addressText(server.ip, server.sqlPort);
    try {
      (await openRoot(change, change.wished, [server])).close();
      found.taken.push(at);
    } catch (error) {
      if (isDenied(error)) found.behind.push(at);
      else found.silent.push(saidOf(error));
    }
  }
  return found;
}

/**
 * Waits until every root server that answers lets the new password in; then it is the only one that is kept. After a lost
 * answer nothing is sent again before the statement cannot be under way any more, and no server has taken it.
 */
async function proven(change: Change, lost: Error | undefined): Promise<void> {
  const { cluster, store, wished } = change;
  let sentAt = Date.now();
  let repeated = lost === undefined;
  let error = lost;
  for (;;) {
    const { taken, behind, silent } = await look(change);
    if (taken.length > 0 && behind.length === 0) {
      return store.credentials.settle(cluster.sysCredentialId, wished);
    }
    const since = Date.now() - sentAt;
    const unheard = taken.length === 0 && error !== undefined;
    if (unheard && !repeated && behind.length > 0 && since > STATEMENT_MS + LOOK_EVERY_MS) {
      repeated = true;
      const stored = await store.credentials.open(cluster.sysCredentialId);
      error = await send(change, await whichWorks(change, stored, true));
      sentAt = Date.now();
    } else if (since > SPREAD_MS) {
      throw unsettled(change, { taken, behind, silent }, error);
    }
    await pause(LOOK_EVERY_MS);
  }
}

function unsettled({ cluster }: Change, { taken, behind, silent }: Look, lost: Error | undefined): Error {
  const cameBack =
    taken.length > 0 || (behind.length > 0 && lost === undefined)
      ? say('obPassword.behind', { servers: behind.join(', ') })
      : behind.length > 0
        ? say('obPassword.unchanged', { said: lost === undefined ? '' : saidOf(lost) })
        : say('obPassword.outcomeUnknown', { said: silent });
  return new TransientError({
    type: 'RootPasswordUnsettled',
    code: 'OBE11028',
    tried: say('obPassword.change', { cluster: cluster.name }),
    cameBack,
    next: say('obPassword.outcomeNext'),
  });
}
