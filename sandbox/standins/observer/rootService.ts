/** The root service: who belongs to the cluster and who serves. */

import { atLeast } from '../obproxy/identity';
import { Accounts, refuse } from './accounts';
import type { AdminStatement, StopHow } from './adminStatement';
import {
  addressOf,
  type ClusterState,
  now,
  type ServerState,
  saveCluster,
  steering,
  tenantsOf,
  type ZoneState,
} from './clusterState';
import type { ObserverCounters } from './counters';
import { identity, observerTraits } from './edition';
import { type LogStream, logStreams, outOfService, stopFault } from './logStreams';
import { setParameters } from './parameters';
import type { NodeCard } from './rpc';
import {
  ALREADY_DELETED,
  ENTRY_EXIST,
  ENTRY_NOT_EXIST,
  NOT_DELETING,
  NOT_ENOUGH_RESOURCE,
  NOT_IN_CLUSTER,
  SERVER_ZONE_NOT_MATCH,
  ZONE_INFO_NOT_EXIST,
  ZONE_NOT_ACTIVE,
} from './sqlErrors';
import { hasSeveral, isMajority, sysHolders } from './standby';
import { beginMoves, cancelMoves, findsRoom, holdsUnits, moveUnits } from './units';
import { changeZone } from './zones';

/** Where the root service's word leads: other servers, asked for their card. Rejects when one is unreachable. */
export type AskCard = (address: string) => Promise<NodeCard>;

export class RootService {
  readonly accounts: Accounts;
  /** Grows with every change, so that tables need a refresh only then. */
  revision = 1;
  private readonly lastHeard = new Map<string, number>();

  constructor(
    readonly state: ClusterState,
    private readonly place: { readonly self: string; readonly file: string },
    private readonly counters: ObserverCounters,
    private readonly askCard: AskCard,
  ) {
    this.accounts = Accounts.restored(state.accounts);
    // Nobody has been heard by this process yet; a lease begins now, so that a restart makes nobody INACTIVE at once.
    for (const server of state.servers) this.lastHeard.set(addressOf(server), now());
  }

  changed(): void {
    this.revision++;
    this.state.version++;
    this.state.accounts = this.accounts.stored();
    saveCluster(this.place.file, this.state);
  }

  streams(): LogStream[] {
    return logStreams(this.state, this.place.self, observerTraits(identity().version).hasViews);
  }

  /** Whether it hears a majority of the servers that hold sys: another one may have taken over from a root service that does not. */
  isHeard(): boolean {
    const { state } = this;
    const lease = steering(state, '_standin_lease') * 1000;
    const heard = sysHolders(state).filter((server) => {
      const address = addressOf(server);
      return address === this.place.self || now() - (this.lastHeard.get(address) ?? 0) <= lease;
    });
    return !hasSeveral(state) || isMajority(state, heard.length);
  }

  /** Leaders leave a server that is stopped. */
  shouldMove(self: string): boolean {
    const own = this.server(self);
    return own !== undefined && hasSeveral(this.state) && outOfService(this.state, own);
  }

  /** They leave one that is being deleted as well, with their units at the latest. */
  isLeaving(self: string): boolean {
    const own = this.server(self);
    return own?.holdsSysUnit !== true || (own.status === 'DELETING' && hasSeveral(this.state));
  }

  server(address: string): ServerState | undefined {
    return this.state.servers.find((server) => addressOf(server) === address);
  }

  private zone(name: string): ZoneState | undefined {
    return this.state.zones.find((zone) => zone.name === name);
  }

  /**
   * A server says it lives. ADD SERVER alone makes nobody ACTIVE: that takes a heartbeat and a while, and serving begins
   * later still. A new process of a known server begins its service anew.
   */
  heartbeat(card: NodeCard): ServerState | undefined {
    this.tick();
    const server = this.server(addressOf(card));
    if (server === undefined || server.zone !== card.zone) return undefined;
    this.lastHeard.set(addressOf(card), now());
    let news = server.status === 'DELETING' && server.silentSince > 0;
    if (news) server.silentSince = 0;
    if (server.instance !== card.instance) {
      Object.assign(server, { instance: card.instance, heardSince: now(), startServiceTime: 0 });
      Object.assign(server, { sqlPort: card.sqlPort, build: card.build, version: card.version });
      news = true;
    }
    const heardFor = (now() - server.heardSince) / 1000;
    const activeAfter = steering(this.state, '_standin_active_delay');
    if (server.status === 'INACTIVE' && heardFor >= activeAfter) {
      Object.assign(server, { status: 'ACTIVE', silentSince: 0 });
      news = true;
    }
    const servesAfter = activeAfter + steering(this.state, '_standin_service_delay');
    if (server.startServiceTime === 0 && server.status !== 'INACTIVE' && heardFor >= servesAfter) {
      server.startServiceTime = now();
      news = true;
    }
    if (news) this.changed();
    return server;
  }

  /** Leases that ran out and deletions that came to their end. */
  tick(): void {
    const lease = steering(this.state, '_standin_lease') * 1000;
    const deletion = steering(this.state, '_standin_delete_delay') * 1000;
    let news = moveUnits(this.state);
    for (const server of this.state.servers) {
      const silent = now() - (this.lastHeard.get(addressOf(server)) ?? 0) > lease;
      if (!silent || server.silentSince > 0 || server.status === 'INACTIVE') continue;
      if (server.status === 'ACTIVE') server.status = 'INACTIVE';
      server.silentSince = this.lastHeard.get(addressOf(server)) ?? now();
      news = true;
    }
    const staying = this.state.servers.filter(
      (server) =>
        // The root service goes with sys before its server does: where it is, nobody has left.
        addressOf(server) === this.place.self ||
        server.status !== 'DELETING' ||
        now() - server.deletingSince < deletion ||
        holdsUnits(this.state, addressOf(server)),
    );
    if (staying.length < this.state.servers.length) {
      this.state.servers = staying;
      news = true;
    }
    if (news) this.changed();
  }

  /** Does what the statement says, or throws SqlRefusal with OceanBase's number. */
  async run(statement: AdminStatement): Promise<void> {
    this.tick();
    switch (statement.kind) {
      case 'server':
        for (const address of statement.addresses) {
          if (statement.verb === 'ADD') await this.addServer(address, statement.zone);
          else if (statement.verb === 'START' || statement.verb === 'STOP')
            await this.serve(statement.verb, this.listed(address, statement.zone), statement.how);
          else this.changeServer(statement.verb, address, statement.zone);
          this.changed();
        }
        return;
      case 'zone':
        changeZone(this.state, statement, (stops, how) => this.refuseStop(statement.zone, stops, how));
        this.counters.countOf('zoneChanges', `${statement.verb} ${statement.zone}`);
        break;
      case 'minorFreeze':
        for (const address of statement.addresses) {
          const server = this.server(address);
          if (server === undefined) refuse(...ENTRY_NOT_EXIST);
          server.frozenAt = now() + steering(this.state, '_standin_freeze_delay') * 1000;
          this.counters.countOf('minorFreeze', address);
        }
        break;
      case 'majorFreeze':
        this.counters.countOf('majorFreeze', statement.tenant ?? '');
        return;
      case 'set':
        setParameters(
          {
            ...{ state: this.state, servers: this.state.servers, tenants: tenantsOf(this.state) },
            zones: this.state.zones.map(({ name }) => name),
          },
          statement,
        );
        break;
      case 'bootstrap':
        // oceanbase: bootstrap of a cluster that has data ends with OB_INIT_TWICE (ob_errno.h).
        refuse(4005, 'Initialized twice');
    }
    this.changed();
  }

  /**
   * The new server is asked before it becomes known: it must be reachable, empty and of this zone
   * (oceanbase:src/rootserver/ob_server_zone_op_service.cpp).
   */
  private async addServer(address: string, wanted: string | undefined): Promise<void> {
    try {
      if (this.server(address) !== undefined) refuse(...ENTRY_EXIST);
      if (wanted !== undefined) this.checkZone(wanted);
      const card = await this.askCard(address).catch(() =>
        refuse(4012, 'Timeout, query has reached the maximum query timeout: 10000000(us)'),
      );
      // Another statement may have added it while its card was on the way.
      if (this.server(address) !== undefined) refuse(...ENTRY_EXIST);
      if (!card.empty) refuse(4179, `add non-empty server "${address}" not allowed`);
      if (wanted !== undefined && wanted !== card.zone) refuse(...SERVER_ZONE_NOT_MATCH);
      this.checkZone(card.zone);
      this.insert(card, false);
    } catch (error) {
      this.counters.countOf('refusedAddServer', address);
      throw error;
    }
    this.counters.countOf('addServer', address);
  }

  private checkZone(name: string): void {
    const zone = this.zone(name);
    if (zone === undefined) refuse(...ZONE_INFO_NOT_EXIST);
    if (zone.status !== 'ACTIVE') refuse(...ZONE_NOT_ACTIVE);
  }

  /** A row without life: INACTIVE until a heartbeat comes. */
  insert(card: NodeCard, holdsSysUnit: boolean): void {
    this.state.servers.push({
      ip: card.ip,
      rpcPort: card.rpcPort,
      sqlPort: card.sqlPort,
      zone: card.zone,
      id: this.state.nextServerId++,
      status: 'INACTIVE',
      startServiceTime: 0,
      stopTime: 0,
      build: card.build,
      version: card.version,
      holdsSysUnit,
      instance: '',
      heardSince: 0,
      deletingSince: 0,
      silentSince: 0,
      frozenAt: 0,
    });
    this.lastHeard.set(addressOf(card), now());
  }

  private listed(address: string, zone: string | undefined): ServerState {
    const server = this.server(address);
    if (server === undefined)
      return observerTraits(identity().version).hasViews
        ? refuse(...NOT_IN_CLUSTER)
        : refuse(...ENTRY_NOT_EXIST);
    if (zone !== undefined && server.zone !== zone) refuse(...SERVER_ZONE_NOT_MATCH);
    return server;
  }

  private changeServer(verb: 'DELETE' | 'CANCEL DELETE', address: string, zone: string | undefined): void {
    const server = this.listed(address, zone);
    if (verb === 'CANCEL DELETE') {
      if (server.status !== 'DELETING') refuse(...NOT_DELETING);
      Object.assign(server, { status: server.silentSince > 0 ? 'INACTIVE' : 'ACTIVE', deletingSince: 0 });
      cancelMoves(this.state, address);
      this.counters.countOf('cancelDeleteServer', address);
      return;
    }
    // Asynchronous: the row stays DELETING until its units have moved away.
    if (server.status === 'DELETING') refuse(...ALREADY_DELETED);
    if (!findsRoom(this.state, address)) refuse(...NOT_ENOUGH_RESOURCE);
    beginMoves(this.state, address);
    Object.assign(server, { status: 'DELETING', deletingSince: now() });
    this.counters.countOf('deleteServer', address);
  }

  /**
   * One zone at a time; STATUS stays ACTIVE, only STOP_TIME says it (ask.oceanbase.com topic 35637273). Who is stopped
   * already may be stopped again without any question (oceanbase:src/rootserver/ob_root_service.cpp, stop_server).
   */
  private async serve(verb: 'START' | 'STOP', server: ServerState, how?: StopHow): Promise<void> {
    const address = addressOf(server);
    if (verb === 'STOP') {
      if (server.stopTime === 0) {
        this.refuseStop(server.zone, (one) => one === server, how);
        server.stopTime = now();
      }
      this.counters.countOf('stopServer', address);
      return;
    }
    // From 4.2.5 and 4.3.2 on the server is asked first (oceanbase:src/rootserver/ob_server_zone_op_service.cpp).
    const { version } = identity();
    const asks = atLeast(version, 4, 3, 2) || (atLeast(version, 4, 2, 5) && !atLeast(version, 4, 3));
    if (asks && server.stopTime > 0) {
      await this.askCard(address).catch(() =>
        refuse(4179, `server ${address} is not reachable, start server not allowed`),
      );
    }
    server.stopTime = 0;
    this.counters.countOf('startServer', address);
  }

  /** Stopped servers and zones of one zone only, and a majority of every log stream stays. */
  private refuseStop(zone: string, stops: (server: ServerState) => boolean, how: StopHow | undefined): void {
    const { servers, zones } = this.state;
    const other =
      servers.find((one) => one.stopTime > 0 && one.zone !== zone)?.zone ??
      zones.find((one) => one.name !== zone && one.status === 'INACTIVE' && this.hasServers(one.name))?.name;
    if (other !== undefined) this.refuseSecondZone(other);
    if (how === 'ISOLATE') return;
    const fault = stopFault(this.state, this.streams(), stops, how !== 'FORCE');
    if (fault !== undefined) refuse(4179, fault);
  }

  private hasServers(zone: string): boolean {
    return this.state.servers.some((server) => server.zone === zone);
  }

  private refuseSecondZone(zone: string): never {
    return refuse(
      4660,
      `Can not stop server in multiple zones, there are already servers stopped in zone:${zone}`,
    );
  }
}
