import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2/promise';
import type { ObserverCluster, ObserverServer } from '../../sandbox/standins/observer/cluster';

/** How many zones are out of service: asked as often as an application asks for anything. */
const STATEMENT =
  "SELECT COUNT(*) AS away FROM oceanbase.__all_zone WHERE name = 'status' AND info <> 'ACTIVE'";
const PAUSE_MS = 50;

/**
 * A client with one session at a time, as an application behind a driver that knows all servers: a session that is lost is
 * opened at the next server that lets it in, and its statement is sent again there.
 */
export class SteadyClient {
  #stopping = false;
  #at = 0;
  #lost = 0;
  #mostZonesAway = 0;
  readonly #failed: string[] = [];
  readonly #running: Promise<void>;
  #first: () => void = () => undefined;
  readonly #begun = new Promise<void>((resolve) => {
    this.#first = resolve;
  });

  constructor(
    private readonly cluster: ObserverCluster,
    private readonly password: string,
  ) {
    this.#running = this.#work();
  }

  /** Resolves when a statement was answered. */
  works(): Promise<void> {
    return this.#begun;
  }

  async stop(): Promise<{ lost: number; failed: readonly string[]; mostZonesAway: number }> {
    this.#stopping = true;
    await this.#running;
    return { lost: this.#lost, failed: this.#failed, mostZonesAway: this.#mostZonesAway };
  }

  async #work(): Promise<void> {
    let session: Connection | undefined;
    while (!this.#stopping) {
      let faults: string[] = [];
      for (let tries = 0; tries <= this.cluster.servers.length; tries += 1) {
        try {
          session ??= await this.#open();
          const [answer] = await session.query(STATEMENT);
          const [row] = answer as { away: unknown }[];
          this.#mostZonesAway = Math.max(this.#mostZonesAway, Number(row?.away));
          this.#first();
          faults = [];
          break;
        } catch (error) {
          faults.push(`${this.#server().host.ip}: ${String(error)}`);
          if (session !== undefined) this.#lost += 1;
          session?.destroy();
          session = undefined;
          this.#at += 1;
        }
      }
      if (faults.length > 0) this.#failed.push(faults.join('; '));
      await delay(PAUSE_MS);
    }
    session?.destroy();
  }

  #server(): ObserverServer {
    const { servers } = this.cluster;
    return servers[this.#at % servers.length]!;
  }

  async #open(): Promise<Connection> {
    const { host, sqlPort } = this.#server();
    const stream = connect({ host: host.ip, port: sqlPort });
    const connection = await createConnection({ stream, user: 'root@sys', password: this.password });
    connection.on('error', () => undefined);
    return connection;
  }
}
