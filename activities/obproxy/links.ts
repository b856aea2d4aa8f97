/** The OceanBase clusters that an OBProxy is linked to, and the users by which it reads them. */
import { withWorkingSecret } from '../../contact/workingSecret';
import { firstToAnswer } from '../../oceanbase/firstToAnswer';
import { sysLogin, sysUser } from '../../oceanbase/loginName';
import {
  ACCESS_DENIED,
  NO_SUCH_TABLE,
  type ObserverSession,
  openObserver,
} from '../../oceanbase/observerSql';
import { valueFault } from '../../oceanbase/parameters';
import { crowdedPair } from '../../oceanbase/proxyroSlots';
import { couldNotAsk, SqlConnectionError, SqlError } from '../../oceanbase/sqlSession';
import { PermanentError, TransientError, type Trouble } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { ObClusterRow, ObLinkRow, OpenCredential } from '../../store/types';
import { hideSecrets } from '../cluster/cluster';
import type { SubtaskScope } from '../types';
import type { ObproxyInstance } from './proxy';

/** Short enough for three servers, a look-up and a creation within the documented 30 s. */
const OBSERVER_TIMEOUT_MS = 3_000;

/** What the proof of a link needs: a subtask has it, and the API. */
export type LinkScope = Pick<SubtaskScope, 'store' | 'log' | 'config' | 'signal'>;

export interface Link {
  readonly link: ObLinkRow;
  readonly cluster: ObClusterRow;
  readonly password: string;
}

function about(cluster: ObClusterRow, more: Pick<Trouble, 'type' | 'code' | 'cameBack' | 'next'>): Trouble {
  return { tried: say('link.cluster', { cluster: cluster.name }), where: cluster.name, ...more };
}

function unreachable(cluster: ObClusterRow, cameBack: Said, next: Text): TransientError {
  return new TransientError(
    about(cluster, { type: 'ObserverUnreachable', code: 'OBE11028', cameBack, next }),
  );
}

async function linkOf(scope: LinkScope, link: ObLinkRow): Promise<Link> {
  const cluster = await scope.store.obClusters.find(link.clusterId);
  if (cluster === undefined) {
    throw new PermanentError({
      type: 'InventoryIncomplete',
      code: 'OBE11001',
      tried: say('link.cluster', { cluster: link.clusterName }),
      cameBack: say('link.unknownCluster'),
      next: say('next.declare'),
    });
  }
  const credential = await scope.store.credentials.open(cluster.proxyroCredentialId);
  scope.log.hide(credential.secret);
  return { link, cluster, password: credential.secret };
}

/**
 * Logs in at the first root server that answers, from this machine: an observer is no host of ours, so there is no
 * tunnel to it. SqlError when all that answer refuse the login.
 */
async function anyServer(
  scope: LinkScope,
  cluster: ObClusterRow,
  user: string,
  password: string,
): Promise<ObserverSession> {
  try {
    return await firstToAnswer(cluster.rootServers, scope.signal, ({ ip, sqlPort }) =>
      openObserver({
        ...{ ip, sqlPort, addresses: scope.config.addresses, user, password },
        ...{ timeoutMs: OBSERVER_TIMEOUT_MS, signal: scope.signal },
      }),
    );
  } catch (error) {
    if (!(error instanceof SqlConnectionError)) throw error;
    throw unreachable(cluster, error.said, say('next.reachRootServers'));
  }
}

/** The same as root of the sys tenant. */
function sysSession(scope: LinkScope, cluster: ObClusterRow): Promise<ObserverSession> {
  return withWorkingSecret(scope.store, cluster.sysCredentialId, ({ username, secret }) =>
    anyServer(scope, cluster, username, secret),
  );
}

/** OBProxy cannot take every password; one that it cannot must not become that of a new user either. */
export function refuseUnfitPassword({ link, cluster, password }: Link): void {
  const fault = valueFault(password);
  if (fault === undefined) return;
  throw new PermanentError(
    about(cluster, {
      type: 'ProxyroPasswordUnfit',
      code: 'ODP21006',
      cameBack: say('link.unfitPassword', { username: link.username, fault }),
      next: say('next.anotherPassword', { username: link.username }),
    }),
  );
}

/** What SHOW GRANTS says of a user who was given nothing. */
const NOTHING_GRANTED = /^GRANT USAGE ON /i;

/** A session of the proxy's user, and what was granted. */
interface ProxyUser {
  readonly session: ObserverSession;
  readonly grants: readonly string[];
}

async function logIn(scope: LinkScope, { link, cluster, password }: Link): Promise<ProxyUser> {
  const session = await anyServer(scope, cluster, link.username, password);
  try {
    return { session, grants: await session.grants() };
  } catch (error) {
    session.close();
    throw error;
  }
}

/**
 * The proxy's user, who is made first when there is none and root of the sys tenant may. One who is let in and was granted
 * nothing is one whose making was cut off: it is made to its end.
 */
async function proxyUser(scope: LinkScope, proxyLink: Link): Promise<ProxyUser> {
  const { link, cluster } = proxyLink;
  try {
    const user = await logIn(scope, proxyLink);
    if (!user.grants.every((grant) => NOTHING_GRANTED.test(grant))) return user;
    user.session.close();
    await makeReader(scope, proxyLink);
    return await logIn(scope, proxyLink);
  } catch (error) {
    if (!(error instanceof SqlError) || error.errno !== ACCESS_DENIED) throw error;
  }
  // 1045 says neither whether the user exists nor whether the password is wrong: root can tell.
  const sys = await scope.store.credentials.open(cluster.sysCredentialId);
  hideSecrets(scope, sys);
  if (await userExists(scope, cluster, sys, link.username)) {
    throw new PermanentError(
      about(cluster, {
        type: 'ProxyroPasswordDiffers',
        code: 'ODP21006',
        cameBack: say('link.refusedPassword', { user: sysLogin(link.username) }),
        next: say('next.correctCredential', { username: link.username }),
      }),
    );
  }
  refuseUnfitPassword(proxyLink);
  await makeReader(scope, proxyLink);
  return logIn(scope, proxyLink);
}

/** Repeatable: a user who exists keeps the password, and is granted what is missing. */
async function makeReader(scope: LinkScope, { link, cluster, password }: Link): Promise<void> {
  const root = await sysSession(scope, cluster);
  try {
    await root.createReader(link.username, password);
    scope.log.info(say('link.created', { user: sysLogin(link.username), cluster: cluster.name }));
  } finally {
    root.close();
  }
}

async function userExists(
  scope: LinkScope,
  cluster: ObClusterRow,
  sys: OpenCredential,
  username: string,
): Promise<boolean> {
  try {
    const root = await sysSession(scope, cluster);
    try {
      return await root.hasUser(username);
    } finally {
      root.close();
    }
  } catch (error) {
    if (!(error instanceof SqlError) || couldNotAsk(error)) throw error;
    throw new PermanentError(
      about(cluster, {
        type: 'ProxyroPasswordDiffers',
        code: 'ODP21006',
        cameBack: say('link.cannotLookUp', {
          username: sysLogin(username),
          sys: sysLogin(sys.username),
          errno: error.errno,
        }),
        next: say('next.correctBoth', { username, sys: sys.username }),
      }),
    );
  }
}

/** The proxy's user can log in to OceanBase and read what the proxy reads. */
export async function proveLogin(scope: LinkScope, link: Link): Promise<void> {
  const { cluster } = link;
  const username = sysLogin(link.link.username);
  try {
    const { session, grants } = await proxyUser(scope, link);
    try {
      const version = (await session.version()) || cluster.version;
      const servers = await session.servers(version);
      compareNames(scope, cluster, await session.clusterName(version));
      scope.log.info(
        say('link.canLogIn', { username, cluster: cluster.name, version, count: servers.length }),
      );
      for (const grant of grants) scope.log.info(`${username}: ${grant}`);
    } finally {
      session.close();
    }
  } catch (error) {
    const later = say('next.checkObCluster');
    if (error instanceof SqlConnectionError) throw unreachable(cluster, error.said, later);
    if (!(error instanceof SqlError)) throw error;
    const cameBack = say('link.errorFor', {
      errno: error.errno,
      username,
      said: error.message.replaceAll(link.password, '***'),
    });
    if (couldNotAsk(error)) throw unreachable(cluster, cameBack, later);
    if (error.errno === NO_SUCH_TABLE) {
      const next = say('next.noSuchView', { cluster: cluster.name });
      throw new PermanentError(
        about(cluster, { type: 'ObserverViewMissing', code: 'ODP21011', cameBack, next }),
      );
    }
    throw new PermanentError(
      about(cluster, {
        type: 'ObserverRefused',
        code: 'ODP21011',
        cameBack,
        next: say('next.grantSelect', { user: sysUser(link.link.username) }),
      }),
    );
  }
}

/**
 * A proxy compares the name it was given with the one the cluster gives itself, and sends every user away when they differ
 * (4666, in its obproxy_diagnosis.log only).
 */
function compareNames(scope: LinkScope, cluster: ObClusterRow, own: string | undefined): void {
  if (own === undefined || own === '') {
    scope.log.warn(say('link.nameless', { cluster: cluster.name }));
    return;
  }
  if (own === cluster.name) return;
  throw new PermanentError(
    about(cluster, {
      type: 'ClusterNameDiffers',
      code: 'ODP21011',
      cameBack: say('link.otherName', { own, cluster: cluster.name }),
      next: say('next.declareAs', { own }),
    }),
  );
}

/** The links with the passwords that come with them, as the inventory has them. */
export function openLinks(scope: LinkScope, links: readonly ObLinkRow[]): Promise<Link[]> {
  return Promise.all(links.map((link) => linkOf(scope, link)));
}

/** The linked clusters, whose users have just logged in to OceanBase with the passwords that come with them. */
export async function provenLinks(scope: LinkScope, proxy: ObproxyInstance): Promise<Link[]> {
  const links = await openLinks(scope, proxy.cluster.obLinks);
  if (links.length === 0) scope.log.info(say('link.none'));
  refuseSeveralPasswords(proxy, links);
  await Promise.all(links.map((link) => proveLogin(scope, link)));
  return links;
}

/** A link as the pairs of slots see it. */
export interface SlotLink {
  readonly clusterName: string;
  readonly password: string;
  readonly link: Link;
}

export function slotLink(link: Link): SlotLink {
  return { clusterName: link.cluster.name, password: link.password, link };
}

export function refuseSeveralPasswords(proxy: ObproxyInstance, links: readonly Link[]): void {
  const perCluster = proxy.family !== 'before-4.0';
  const crowded = crowdedPair(links.map(slotLink), perCluster);
  if (crowded === undefined) return;
  const sharing = perCluster
    ? say('link.sharingName', { cluster: crowded.clusterName })
    : say('link.sharing');
  throw new PermanentError({
    type: 'SeveralPasswords',
    code: 'ODP21006',
    tried: say('link.setPasswords'),
    where: proxy.server.ip,
    cameBack: say('link.crowded', {
      version: proxy.version,
      each: perCluster ? say('link.eachName') : say('link.allClusters'),
      sharing,
      count: crowded.links.length,
    }),
    next: say('next.samePassword', { or: perCluster ? '' : say('next.orNewerObproxy') }),
  });
}
