/** Looks on demand: what the background look does now and then, at once, for the one who asks. Nothing is repaired. */
import { setTimeout as delay } from 'node:timers/promises';
import { addressOf } from '../../contact/hostAddress';
import { lookAtHost, openToLook } from '../../contact/lookAtHost';
import { lookAtObproxy } from '../../contact/lookAtObproxy';
import { lookAtObServers } from '../../contact/lookAtObServers';
import { recordClusterLook } from '../../contact/obServersSeen';
import {
  hostLook,
  obproxyLook,
  type PlacedLook,
  recordLooks,
  type StatusChange,
} from '../../contact/recordLooks';
import type { Hosts } from '../../hosts/types';
import type { AddressPolicy } from '../../runtime/addresses';
import { withDeadline } from '../../runtime/deadline';
import type { Logger } from '../../runtime/logger';
import { statusChanges } from '../../runtime/metrics';
import { Slots } from '../../runtime/slots';
import type { HostRow, ObClusterRow, ObproxyToLookAt, Observation, Seen, Store } from '../../store/types';

export interface CheckDeps {
  readonly store: Store;
  readonly hosts: Hosts;
  readonly addresses: AddressPolicy;
  readonly logger: Logger;
  /** Address of this process, for the audit. */
  readonly who: string;
}

/** Looks of a process under way together; the others wait. */
const LANES = 16;
/** Whoever asks again so soon gets what was seen just now: nobody can make obflow knock at a host more often. */
const AGAIN_MS = 2_000;
/** All looks of one request together; what could not be looked at by then stays as it was seen before. */
const ALL_MS = 60_000;
/** A worse state counts when a second look says the same. */
const DOUBT_MS = 500;

export class Checks {
  readonly #deps: CheckDeps;
  readonly #lanes = new Slots(LANES);
  /** By object: the look under way, or the one that has just ended. */
  readonly #recent = new Map<string, Promise<void>>();

  constructor(deps: CheckDeps) {
    this.#deps = deps;
  }

  /** Those of the ids that no task works on. */
  async obproxies(ids: readonly number[]): Promise<void> {
    const { store } = this.#deps;
    const wanted = new Set(ids);
    const proxies = (await store.observations.obproxies()).filter(({ id }) => wanted.has(id));
    await this.#all(
      proxies.map((proxy) => [
        `obproxy ${proxy.id}`,
        async (signal) => {
          const seen = await sure(proxy.observed, signal, () => this.#seenProxy(proxy, signal));
          await this.#record([obproxyLook(proxy, seen, new Date().toISOString())]);
        },
      ]),
    );
  }

  /** Logs in, unless it does not even greet. */
  async host(host: HostRow): Promise<void> {
    const { store, hosts, addresses } = this.#deps;
    const before = (await store.observations.of('host', [host.id])).get(host.id);
    await this.#all([
      [
        `host ${host.id}`,
        async (signal) => {
          const greeted = await sure(before, signal, () => lookAtHost(host, { addresses, signal }));
          const fault =
            greeted.state === 'ALIVE'
              ? await addressOf(store, host)
                  .then((address) => hosts.open(address, { signal }))
                  .then(() => undefined, words)
              : undefined;
          signal.throwIfAborted();
          const time = new Date().toISOString();
          await this.#record([hostLook(host, greeted, { fault, addresses, time })]);
        },
      ],
    ]);
  }

  /** The cluster is asked for all of its servers. One that a task works on is left alone. */
  async obCluster(cluster: ObClusterRow): Promise<void> {
    if (cluster.work !== null) return;
    const { store, addresses } = this.#deps;
    await this.#all([
      [
        `cluster ${cluster.id}`,
        async (signal) => {
          const look = await lookAtObServers(store, cluster, { addresses, signal });
          const time = new Date().toISOString();
          const { servers, changed } = await recordClusterLook(store, cluster, look, time);
          await this.#record(
            servers.map((server) => server.look),
            changed,
          );
        },
      ],
    ]);
  }

  #seenProxy(proxy: ObproxyToLookAt, signal: AbortSignal): Promise<Seen> {
    const { store, hosts, addresses } = this.#deps;
    return lookAtObproxy(proxy, {
      ...{ addresses, signal, first: proxy.observed?.by ?? undefined },
      openHost: (within) => openToLook({ store, hosts, addresses }, proxy.hostId, within),
    });
  }

  /** Each once; what takes too long is left as it was. */
  async #all(looks: readonly (readonly [key: string, look: (signal: AbortSignal) => Promise<void>])[]) {
    await withDeadline(ALL_MS, undefined, async (signal) => {
      await Promise.all(looks.map(([key, look]) => this.#once(key, () => look(signal))));
    }).catch((error: unknown) => {
      this.#deps.logger.info({ err: error }, 'not everything could be looked at');
    });
  }

  #once(key: string, look: () => Promise<void>): Promise<void> {
    const known = this.#recent.get(key);
    if (known !== undefined) return known;
    const run = async () => {
      const free = await this.#lanes.take();
      try {
        await look();
      } finally {
        free();
        setTimeout(() => this.#recent.delete(key), AGAIN_MS).unref();
      }
    };
    const running = run();
    this.#recent.set(key, running);
    return running;
  }

  async #record(looks: readonly PlacedLook[], changed: readonly StatusChange[] = []): Promise<void> {
    const { store, logger, who } = this.#deps;
    for (const { kind, id, path, from, to, why } of await recordLooks(store, who, looks, changed)) {
      statusChanges.inc({ kind, from, to });
      logger.warn({ object: path, id, from, to, why }, 'status seen to change');
    }
  }
}

/** What one look saw, or a second one where the first is worse than before: a lost packet is no news. */
async function sure(
  before: Observation | undefined,
  signal: AbortSignal,
  look: () => Promise<Seen>,
): Promise<Seen> {
  const seen = await look();
  if (seen.state === 'ALIVE' || seen.state === before?.state) return seen;
  await delay(DOUBT_MS, undefined, { signal });
  return look();
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
