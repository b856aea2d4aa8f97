/**
 * The root service is the leader of the sys tenant's log stream: every server that holds sys has a copy of what it knows,
 * and one of them takes over when it falls silent and a majority of them still lives. Below three copies nobody else can.
 */
import {
  addressOf,
  type ClusterState,
  loadCluster,
  type ServerState,
  saveCluster,
  steering,
} from './clusterState';
import { outOfService } from './logStreams';
import { askNode, RPC_TIMEOUT_MS, type RpcReply, type RpcRequest } from './rpc';

/** So many copies of sys make a majority that can lose one. */
const SEVERAL = 3;

export function sysHolders(state: ClusterState): ServerState[] {
  return state.servers.filter(({ holdsSysUnit }) => holdsSysUnit);
}

export function hasSeveral(state: ClusterState): boolean {
  return sysHolders(state).length >= SEVERAL;
}

/** Whether so many servers, the asking one among them, are a majority of those that hold sys. */
export function isMajority(state: ClusterState, count: number): boolean {
  return count * 2 > sysHolders(state).length;
}

function isNewer(one: Pick<ClusterState, 'term' | 'version'>, other: ClusterState | undefined): boolean {
  if (other === undefined) return true;
  return one.term === other.term ? one.version >= other.version : one.term > other.term;
}

/** Asks the other holders of sys; resolves to how many of all of them say yes, this one included. */
async function countYes(state: ClusterState, self: string, request: RpcRequest): Promise<number> {
  const others = sysHolders(state).filter((server) => addressOf(server) !== self);
  const answers = await Promise.all(
    others.map((server) =>
      askNode(addressOf(server), request, RPC_TIMEOUT_MS).catch((): RpcReply => ({ kind: 'no' })),
    ),
  );
  return 1 + answers.filter(({ kind }) => kind === 'yes').length;
}

/** Gives the copies what is known now; false when no majority has it, so that it may be lost. */
export async function spread(state: ClusterState, self: string): Promise<boolean> {
  if (!hasSeveral(state)) return true;
  return isMajority(state, await countYes(state, self, { op: 'replicate', state, rootService: self }));
}

/** Makes another holder of sys, one that is in service, the root service. Resolves to its address, or undefined. */
export async function handOver(state: ClusterState, self: string): Promise<string | undefined> {
  const next = { ...state, term: state.term + 1 };
  for (const server of sysHolders(state)) {
    const address = addressOf(server);
    if (address === self || server.status !== 'ACTIVE' || outOfService(state, server)) continue;
    const request: RpcRequest = { op: 'replicate', state: next, rootService: address, lead: true };
    const reply = await askNode(address, request, RPC_TIMEOUT_MS).catch(() => undefined);
    if (reply?.kind === 'yes') return address;
  }
  return undefined;
}

/** The copy of a server that is not the root service. */
export class Standby {
  state: ClusterState | undefined;
  private heardAt = Date.now();
  private voted = { term: 0, candidate: '' };

  constructor(
    private readonly file: string,
    private readonly self: () => string,
  ) {
    this.state = loadCluster(file);
  }

  /** The root service lives. */
  heard(): void {
    this.heardAt = Date.now();
  }

  /** A newer copy, to be kept; false when it is older than what is known. */
  take(state: ClusterState): boolean {
    if (!isNewer(state, this.state)) return false;
    this.state = state;
    saveCluster(this.file, state);
    this.heard();
    return true;
  }

  /**
   * One vote a term, for nobody who knows less, and for nobody while the root service is heard. The term of who knows less is
   * used up all the same: otherwise one that stands in vain, and more often, is always ahead of the one that could be elected.
   */
  votes({ term, knows, candidate }: Extract<RpcRequest, { op: 'vote' }>): boolean {
    if (this.state === undefined || Date.now() - this.heardAt < this.patienceMs(this.state) / 2) return false;
    if (term <= this.state.term || term < this.voted.term) return false;
    if (term === this.voted.term && candidate !== this.voted.candidate) return false;
    const fits = isNewer(knows, this.state);
    this.voted = { term, candidate: fits ? candidate : '' };
    return fits;
  }

  private patienceMs(state: ClusterState): number {
    return steering(state, '_standin_election');
  }

  /** Stands for the root service when it has been silent; resolves to the state to lead with when a majority agrees. */
  async stand(): Promise<ClusterState | undefined> {
    const { state } = this;
    if (state === undefined || !hasSeveral(state)) return undefined;
    const self = this.self();
    const rank = sysHolders(state).findIndex((server) => addressOf(server) === self);
    const own = sysHolders(state)[rank];
    if (own === undefined) return undefined;
    // One after the other, and a server that is out of service last.
    const patience = this.patienceMs(state) + 300 * rank + (outOfService(state, own) ? 2_000 : 0);
    if (Date.now() - this.heardAt < patience) return undefined;
    const term = Math.max(state.term, this.voted.term) + 1;
    this.voted = { term, candidate: self };
    const knows = { term: state.term, version: state.version };
    const yes = await countYes(state, self, { op: 'vote', term, knows, candidate: self });
    if (!isMajority(state, yes) || this.state !== state) return undefined;
    return { ...state, term };
  }
}
