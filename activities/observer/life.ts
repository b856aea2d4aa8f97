/** What the subtasks that stop, start and restart an OBServer have in common. */
import type { ClusterState } from '../../contact/clusterState';
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import type { ClusterServer, ClusterZone } from '../../oceanbase/clusterSql';
import { RUN_USER } from '../../oceanbase/observerLayout';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObServerStatus } from '../../store/statuses';
import { CLUSTER_WIDE, isClusterWide, withCluster } from '../cluster/cluster';
import { readCluster, recordUndone } from '../cluster/clusterState';
import { restoreWork, type Worked } from '../common/work';
import { forgetTask } from '../host/forgetTask';
import { holderText, isOwnPort, processText, type ServiceProcesses } from '../host/serviceProcesses';
import { troublesOf } from '../host/trouble';
import type { Needs, SubtaskScope } from '../types';
import {
  type ClusterMember,
  listedServer,
  memberOf,
  OBSERVER,
  type ObserverScope,
  placeOf,
} from './observer';
import { lookForObservers } from './process';

/** Keys of tasks that stop, start or restart servers. */
export const SERVER_LIFE = {
  ...OBSERVER,
  /** `true`: what is against the stop is only logged. */
  force: 'value?',
  /** `false`: its memory is not frozen before it stops. */
  freeze_server: 'value?',
  /** `true`: its zone is stopped and started as a whole, so the server is not. */
  zone_wide: 'value?',
  ...CLUSTER_WIDE,
} as const satisfies Needs;

export type LifeScope = SubtaskScope<typeof SERVER_LIFE>;

export function workedServer({ server, address }: ClusterMember): Worked<'obServer'> {
  return { object: { kind: 'obServer', id: server.id }, what: `OBServer ${address}` };
}

/** Its zone or its cluster stops or starts as a whole, whatever is so with a server already. */
export function isPartOfMore(scope: LifeScope): boolean {
  return scope.value('zone_wide') === 'true' || isClusterWide(scope);
}

/** The statuses in which a server may be stopped. */
export function mayStopFrom(scope: LifeScope): ObServerStatus[] {
  return ['RUNNING', 'UNAVAILABLE', ...(isPartOfMore(scope) ? (['STOPPED'] as const) : [])];
}

/** For the undo of a Prepare subtask: the former status, and nothing of this task on the host. */
export async function undoPrepareServer(scope: ObserverScope): Promise<void> {
  const member = await memberOf(scope);
  await restoreWork(scope, workedServer(member));
  await recordUndone(scope, member.cluster);
  if (member.server.hostId !== null) await forgetTask(scope, [member.server.hostId]);
}

export interface SeenMember {
  readonly server: ClusterServer;
  readonly zone: ClusterZone | undefined;
  /** All that was seen. */
  readonly state: ClusterState;
}

/** The server as its cluster lists it now, and its zone. PermanentError NotInCluster when it is no part of it. */
export async function seenMember(
  scope: SubtaskScope,
  { cluster, server, address }: ClusterMember,
): Promise<SeenMember> {
  const state = await readCluster(scope, cluster);
  const listed = listedServer(state.servers, server);
  if (listed !== undefined)
    return { server: listed, zone: state.zones.find(({ name }) => name === listed.zone), state };
  throw new PermanentError({
    type: 'NotInCluster',
    code: 'OBE19001',
    tried: say('observer.askState'),
    where: address,
    cameBack: say('observer.noServerOf', { cluster: cluster.name }),
    next: say('next.lookAtCluster'),
  });
}

/** Stopped by itself or with its zone: clients stay away and its leaders have gone. */
export function isOutOfService({ server, zone }: Pick<SeenMember, 'server' | 'zone'>): boolean {
  return server.stopTime !== null || (zone !== undefined && zone.innerStatus !== 'ACTIVE');
}

/** A server whose home is known. */
export interface HomedObserver extends ClusterMember {
  readonly layout: { readonly home: string };
}

const trouble = troublesOf(say('server.findHome'));

/** The home of the process that holds the server's RPC port. */
async function homeSeen(host: Host, { server }: ClusterMember): Promise<string | undefined> {
  const look = await lookForObservers(host, '/');
  const pid = look.listeners.find(({ port }) => port === server.rpcPort)?.pid;
  const cwd = look.others.find((process) => process.pid === pid)?.cwd;
  return cwd === undefined || cwd === '' ? undefined : cwd;
}

/**
 * The home of a server: that of its package, for one that was there before obflow the one where its process works, or was
 * last seen at work. PermanentError HomeUnknown when nobody has seen it.
 */
export async function findHome(
  scope: Pick<SubtaskScope, 'store'>,
  host: Host,
  member: ClusterMember,
): Promise<HomedObserver> {
  const placed = await placeOf(scope, member);
  const home = placed?.layout.home ?? (await homeSeen(host, member)) ?? member.server.home;
  if (home !== null) return { ...member, layout: { home } };
  const text = say('server.homeUnknown', { port: member.server.rpcPort });
  throw trouble(host, 'HomeUnknown', text, say('server.startByHandOnce'));
}

/** The same; the home is recorded, because a process that was stopped shows it no more. */
export async function homedObserver(
  scope: SubtaskScope,
  host: Host,
  member: ClusterMember,
): Promise<HomedObserver> {
  const observer = await findHome(scope, host, member);
  const { home } = observer.layout;
  if (home !== member.server.home) await scope.store.obServers.recordHome(member.server.id, home);
  return observer;
}

const startTrouble = troublesOf(say('server.proveStart'), 'OBE19006');

/** Prints the first thing that would make a start fail: its kind, then what it is about. */
function startableScript(home: string): string {
  return `
    cd ${quote(home)} 2>/dev/null || { echo home; exit 0; }
    id -u ${RUN_USER} >/dev/null 2>&1 || { echo user; exit 0; }
    [ -x bin/observer ] || { echo program bin/observer; exit 0; }
    [ -s etc/observer.config.bin ] || { echo configuration etc/observer.config.bin; exit 0; }
    for folder in etc log run store; do
      [ -e $folder ] || continue
      other=$(find -L $folder -maxdepth 4 ! -user ${RUN_USER} -print -quit 2>/dev/null)
      [ -z "$other" ] || { echo "owner $other"; exit 0; }
    done
    runuser -u ${RUN_USER} -- test -r etc/observer.config.bin || { echo unreadable etc/observer.config.bin; exit 0; }
    echo fit`;
}

/**
 * What is needed to start the observer from what it stored is there and is the run user's, and nobody else holds its
 * ports: what could not be started again is not stopped. Files that a start as root has left would make the next start fail.
 * Resolves to the processes that it has seen.
 *
 * @param seen processes that have just been looked at; absent: they are looked at
 * @throws PermanentError HomeUnfit, PortTaken
 */
export async function proveStartable(
  host: Host,
  { server, layout }: HomedObserver,
  seen?: ServiceProcesses,
): Promise<ServiceProcesses> {
  const { stdout, stderr, exitCode } = await host.sh(startableScript(layout.home));
  const [kind = '', ...rest] = stdout.trim().split(' ');
  if (kind !== 'fit') {
    const what = rest.join(' ');
    const home = layout.home;
    const text =
      kind === 'owner'
        ? say('server.foreignFile', { home, what, user: RUN_USER })
        : kind === 'user'
          ? say('check.noRunUser', { user: RUN_USER })
          : kind === ''
            ? say('server.notTold', { said: stderr.trim().slice(0, 300) || String(exitCode) })
            : say('server.missing', { path: what === '' ? home : `${home}/${what}` });
    const next =
      kind === 'owner' ? say('server.chown', { home, user: RUN_USER }) : say('next.repairAndRetry');
    throw startTrouble(host, 'HomeUnfit', text, next);
  }
  const look = seen ?? (await lookForObservers(host, layout.home));
  for (const port of [server.sqlPort, server.rpcPort]) {
    const holder = holderText(look, port);
    if (holder === undefined || isOwnPort(look, port)) continue;
    const text = say('port.heldNamed', { port, name: port === server.sqlPort ? 'SQL' : 'RPC', holder });
    throw startTrouble(host, 'PortTaken', text, say('next.stopServiceAndRetry'));
  }
  return look;
}

/** The observers of a home as text, for the log; says so when there is none. */
export function sayProcesses(scope: SubtaskScope, home: string, { own }: ServiceProcesses): void {
  scope.log.info(
    own.length === 0
      ? say('observer.noneWorks', { home })
      : say('process.livesIn', { processes: own.map(processText), home }),
  );
}

/** Leaders that the cluster still sees on the server. */
export function leadersOf(scope: SubtaskScope, { cluster, server }: ClusterMember): Promise<number> {
  return withCluster(scope, cluster, say('server.askLeaders'), (session) => session.leaders(server));
}
