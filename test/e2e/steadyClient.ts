import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2/promise';

/** How many zones are out of service: asked as often as an application asks for anything. */
const STATEMENT =
  "SELECT COUNT(*) AS away FROM oceanbase.__all_zone WHERE name = 'status' AND info <> 'ACTIVE'";
const PAUSE_MS = 50;

/** Where clients knock: servers, or an OBProxy. */
export interface Door {
  readonly ip: string;
  readonly port: number;
}

/**
 * A client with one session at a time, as an application behind a driver that knows all doors: a session that is lost is opened
 * at the next one, and its statement is sent again there, at each door once and at the first that was tried once more.
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
    private readonly doors: readonly [Door, ...Door[]],
    private readonly login: { readonly user: string; readonly password: string },
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
      for (let tries = 0; tries <= this.doors.length; tries += 1) {
        try {
          session ??= await this.#open();
          const [answer] = await session.query(STATEMENT);
          const [row] = answer as { away: unknown }[];
          this.#mostZonesAway = Math.max(this.#mostZonesAway, Number(row?.away));
          this.#first();
          faults = [];
          break;
        } catch (error) {
          faults.push(`${this.#door().ip}: ${String(error)}`);
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

  #door(): Door {
    const { doors } = this;
    return doors[this.#at % doors.length] ?? doors[0];
  }

  async #open(): Promise<Connection> {
    const { ip, port } = this.#door();
    const stream = connect({ host: ip, port });
    const connection = await createConnection({ stream, ...this.login });
    connection.on('error', () => undefined);
    return connection;
  }
}
