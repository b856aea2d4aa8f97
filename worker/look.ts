import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { addressOf } from '../contact/hostAddress';
import { lookAtHost, openToLook } from '../contact/lookAtHost';
import { lookAtObproxy } from '../contact/lookAtObproxy';
import { lookAtObServers } from '../contact/lookAtObServers';
import { clusterSeen, recordClusterLook } from '../contact/obServersSeen';
import {
  hostLook,
  isNews,
  obproxyLook,
  type PlacedLook,
  recordLooks,
  type StatusChange,
} from '../contact/recordLooks';
import type { Hosts } from '../hosts/types';
import { ownAddress, type RuntimeConfig } from '../runtime/config';
import type { Logger } from '../runtime/logger';
import { lookSeconds, statusChanges } from '../runtime/metrics';
import type { HostRow, ObClusterRow, ObproxyToLookAt, Observation, Seen, Store } from '../store/types';
import { workerIdentity } from '../workflows/ids';
import { Remembered } from './remembered';

export interface LookDeps {
  readonly store: Store;
  readonly hosts: Hosts;
  readonly config: Pick<RuntimeConfig, 'addresses' | 'lookSeconds'>;
  readonly logger: Logger;
  /** Names it among the workers of one database; default as Temporal shows this one. */
  readonly identity?: string;
}

/** Looks under way together, and how long one takes at least: 50 looks a second, whatever the inventory holds. */
const LANES = 16;
const LEAST_MS = 320;
/** Hosts, clusters and what could not be asked are looked at in one round of so many; what is as it was is written so often. */
const SLOW = 4;
/** Whoever looks may be silent for so long before another worker takes over. */
const LEASE_MS = 40_000;
const LEASE = 'look';
/** A log-in that was refused is not tried at every look: hosts lock accounts. */
const REFUSED_MS = 10 * 60_000;
/** What was seen is written after so long, while a round goes on. */
const FLUSH_MS = 500;
const PAGE = 200;

type Job = () => Promise<void>;

/**
 * The background look: keeps what hosts, OBProxies and OBServers are like beside what is recorded of them. One worker of all
 * does it (a lease in the database), one round after the other. It repairs nothing, and leaves alone what a task works on.
 *
 * What is worse than before counts when a second look says the same: a proxy that is being restarted, or a packet that was
 * lost, is no news.
 */
export class BackgroundLook {
  readonly #deps: LookDeps;
  readonly #identity: string;
  readonly #everyMs: number;
  readonly #stop = new AbortController();
  readonly remembered = new Remembered();
  readonly #ended: Promise<void>;
  #leasedUntil = 0;
  #seen: PlacedLook[] = [];
  #changed: StatusChange[] = [];
  #flushed = Date.now();

  constructor(deps: LookDeps) {
    this.#deps = deps;
    this.#identity = deps.identity ?? workerIdentity(ownAddress(), process.pid, hostname());
    this.#everyMs = deps.config.lookSeconds * 1_000;
    this.#ended = this.#everyMs === 0 ? Promise.resolve() : this.#run();
  }

  /** Ends the round, and gives the lease to who wants it. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { store, logger } = this.#deps;
    let failing = false;
    let pause = this.#everyMs;
    for (;;) {
      await delay(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const began = Date.now();
      try {
        if (await this.#mine()) await this.#round();
        failing = false;
      } catch (error) {
        // The database is away, mostly; said once.
        if (!signal.aborted && !failing) logger.warn({ err: error }, 'could not look at hosts and services');
        failing = true;
      }
      pause = Math.max(this.#everyMs - (Date.now() - began), this.#everyMs / 10);
    }
    await store.leases.end(LEASE, this.#identity).catch(() => undefined);
  }

  /** Whether this worker is the one that looks. */
  async #mine(): Promise<boolean> {
    const ms = Math.max(LEASE_MS, 3 * this.#everyMs);
    const now = Date.now();
    if (this.#leasedUntil - now > ms / 2) return true;
    const taken = await this.#deps.store.leases.take(LEASE, this.#identity, ms);
    this.#leasedUntil = taken ? now + ms : 0;
    return taken;
  }

  async #round(): Promise<void> {
    const took = lookSeconds.startTimer();
    const there = new Set<string>();
    const jobs = [
      ...(await this.#proxyJobs(there)),
      ...(await this.#hostJobs(there)),
      ...(await this.#clusterJobs(there)),
    ];
    this.remembered.keep(there);
    const { signal } = this.#stop;
    const lane = async () => {
      for (let job = jobs.shift(); job !== undefined && !signal.aborted; job = jobs.shift()) {
        if (!(await this.#mine())) return;
        const least = delay(LEAST_MS, undefined, { signal }).catch(() => undefined);
        await job();
        await this.#flush(FLUSH_MS);
        if (jobs.length > 0) await least;
      }
    };
    // All of them: the next round, and who stops this one, must not meet a lane of it.
    const lanes = await Promise.allSettled(Array.from({ length: Math.min(LANES, jobs.length) }, lane));
    const failed = lanes.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    if (signal.aborted) return;
    await this.#flush(0);
    took();
  }

  /** @param there receives what there is, due or not */
  async #proxyJobs(there: Set<string>): Promise<Job[]> {
    const proxies = await this.#deps.store.observations.obproxies();
    for (const { id } of proxies) there.add(`obproxy ${id}`);
    return proxies
      .filter(({ id }) => this.#isDue(`obproxy ${id}`))
      .map((proxy) => () => this.#lookAtProxy(proxy));
  }

  async #lookAtProxy(proxy: ObproxyToLookAt): Promise<void> {
    const { store, hosts, config } = this.#deps;
    const { addresses } = config;
    const { signal } = this.#stop;
    const time = new Date().toISOString();
    const seen = await lookAtObproxy(proxy, {
      ...{ addresses, signal, first: proxy.observed?.by ?? undefined },
      openHost: (within) => openToLook({ store, hosts, addresses }, proxy.hostId, within),
    });
    const key = `obproxy ${proxy.id}`;
    if (!this.#isSure(key, seen, proxy.observed)) return;
    if (seen.state === 'UNKNOWN') this.remembered.due.set(key, Date.now() + this.#slowMs);
    this.#keep(obproxyLook(proxy, seen, time), proxy.observed);
  }

  async #hostJobs(there: Set<string>): Promise<Job[]> {
    const { store } = this.#deps;
    const jobs: Job[] = [];
    for (let page = 1; ; page += 1) {
      const { contents, totalElements } = await store.hosts.list({}, { page, size: PAGE });
      for (const { id } of contents) there.add(`host ${id}`);
      const due = contents.filter(({ id }) => this.#isDue(`host ${id}`));
      const observed = await store.observations.of(
        'host',
        due.map(({ id }) => id),
      );
      jobs.push(...due.map((host) => () => this.#lookAtHost(host, observed.get(host.id))));
      if (page * PAGE >= totalElements) return jobs;
    }
  }

  async #lookAtHost(host: HostRow, before: Observation | undefined): Promise<void> {
    const { addresses } = this.#deps.config;
    const key = `host ${host.id}`;
    const time = new Date().toISOString();
    const greeted = await lookAtHost(host, { addresses, signal: this.#stop.signal });
    if (!this.#isSure(key, greeted, before)) return;
    this.remembered.due.set(key, Date.now() + this.#slowMs - this.#everyMs / 2);
    const fault =
      greeted.state === 'ALIVE' && host.status === 'OFFLINE' ? await this.#loginFault(host, key) : undefined;
    this.#keep(hostLook(host, greeted, { fault, addresses, time }), before);
  }

  async #loginFault(host: HostRow, key: string): Promise<string | undefined> {
    const { store, hosts } = this.#deps;
    const refused = this.remembered.refused.get(key);
    if (refused !== undefined && refused.until > Date.now()) return refused.reason;
    try {
      await hosts.open(await addressOf(store, host), { signal: this.#stop.signal });
      this.remembered.refused.delete(key);
      return undefined;
    } catch (error) {
      this.#stop.signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      this.remembered.refused.set(key, { reason, until: Date.now() + REFUSED_MS });
      return reason;
    }
  }

  async #clusterJobs(there: Set<string>): Promise<Job[]> {
    const { store } = this.#deps;
    const jobs: Job[] = [];
    for (let page = 1; ; page += 1) {
      const { contents, totalElements } = await store.obClusters.list({ page, size: PAGE });
      for (const { id } of contents) there.add(`cluster ${id}`);
      const due = contents.filter(({ id, work }) => work === null && this.#isDue(`cluster ${id}`));
      jobs.push(...due.map((cluster) => () => this.#lookAtCluster(cluster)));
      if (page * PAGE >= totalElements) return jobs;
    }
  }

  async #lookAtCluster(cluster: ObClusterRow): Promise<void> {
    const { store, config } = this.#deps;
    const key = `cluster ${cluster.id}`;
    const time = new Date().toISOString();
    const look = await lookAtObServers(store, cluster, {
      ...{ addresses: config.addresses, signal: this.#stop.signal },
    });
    const away = 'reason' in look;
    const seen = clusterSeen(look);
    const wasAway = cluster.status === 'UNAVAILABLE' ? { ...seen, state: 'UNKNOWN' as const } : undefined;
    if (away && wasAway === undefined && !this.#isSure(key, seen, undefined)) return;
    this.remembered.doubts.delete(key);
    this.remembered.due.set(
      key,
      Date.now() + (away && look.refused ? REFUSED_MS : this.#slowMs - this.#everyMs / 2),
    );
    const { servers, changed } = await recordClusterLook(store, cluster, look, time);
    for (const { look: own, before } of servers) this.#keep(own, before);
    this.#changed.push(...changed);
  }

  get #slowMs(): number {
    return SLOW * this.#everyMs;
  }

  #isDue(key: string): boolean {
    return (this.remembered.due.get(key) ?? 0) <= Date.now();
  }

  /** Whether what was seen counts. */
  #isSure(key: string, { state }: Seen, before: Observation | undefined): boolean {
    if (state === 'ALIVE' || state === before?.state || this.remembered.doubts.get(key) === state) {
      this.remembered.doubts.delete(key);
      return true;
    }
    this.remembered.doubts.set(key, state);
    return false;
  }

  #keep(look: PlacedLook, before: Observation | undefined): void {
    if (isNews(look, before, this.#slowMs)) this.#seen.push(look);
  }

  /** Writes what was seen when the last time is `ms` ago. */
  async #flush(ms: number): Promise<void> {
    if (this.#seen.length + this.#changed.length === 0 || Date.now() - this.#flushed < ms) return;
    const [seen, changed] = [this.#seen, this.#changed];
    this.#seen = [];
    this.#changed = [];
    this.#flushed = Date.now();
    const { store, logger } = this.#deps;
    for (const { kind, id, path, from, to, why } of await recordLooks(store, ownAddress(), seen, changed)) {
      statusChanges.inc({ kind, from, to });
      logger.warn({ object: path, id, from, to, why }, 'status seen to change');
    }
  }
}
