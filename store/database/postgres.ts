import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  PostgresDialect,
  PostgresDriver,
  type QueryResult,
  type TransactionSettings,
} from 'kysely';
import type { Pool } from 'pg';
import { translateError, withoutNul } from '../errors';

const INT8 = 20;
/** Milliseconds. */
const LOCK_TIMEOUT = 10_000;

/**
 * PostgreSQL through pg. int8 comes back as number (ids stay below 2^53). A process that hangs in a transaction
 * loses it after a minute, because it would hold up every other writer.
 */
export class PgDialect extends PostgresDialect {
  readonly #pool: () => Promise<Pool>;
  readonly #where: string;

  readonly #lockTimeout: number;

  constructor(
    databaseUrl: string,
    where: string,
    options: { lockTimeoutMs?: number; applicationName?: string } = {},
  ) {
    const pool = () => openPool(databaseUrl, options.applicationName ?? 'obflow');
    super({ pool });
    this.#pool = pool;
    this.#where = where;
    this.#lockTimeout = options.lockTimeoutMs ?? LOCK_TIMEOUT;
  }

  override createDriver(): Driver {
    return new TranslatingDriver(this.#pool, this.#where, this.#lockTimeout);
  }
}

/** Loads pg, which a start on SQLite is spared. */
async function openPool(connectionString: string, applicationName: string): Promise<Pool> {
  const { Pool, types } = await import('pg');
  const pool = new Pool({
    connectionString,
    application_name: applicationName,
    max: 10,
    // A process that is up shows itself by a connection, however idle it is: see databaseUse.ts.
    min: 1,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    types: {
      getTypeParser: ((id: number, format: 'text' | 'binary') =>
        id === INT8 ? Number : types.getTypeParser(id, format as 'text')) as typeof types.getTypeParser,
    },
  });
  // Without a listener a connection that the server closes between two queries would end the process: idle in the
  // pool (the next query gets another) or inside a transaction (whose next statement fails).
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Kysely's driver, its errors translated. */
class TranslatingDriver implements Driver {
  readonly #driver: PostgresDriver;
  readonly #where: string;
  readonly #wrapped = new WeakMap<DatabaseConnection, TranslatingConnection>();

  constructor(pool: () => Promise<Pool>, where: string, lockTimeout: number) {
    this.#where = where;
    this.#driver = new PostgresDriver({
      pool,
      onCreateConnection: async (connection) => {
        await connection.executeQuery(CompiledQuery.raw(`set lock_timeout = ${lockTimeout}`));
        await connection.executeQuery(CompiledQuery.raw("set idle_in_transaction_session_timeout = '60s'"));
      },
    });
  }

  init(): Promise<void> {
    return this.#driver.init();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    try {
      const inner = await this.#driver.acquireConnection();
      let wrapped = this.#wrapped.get(inner);
      if (wrapped === undefined) {
        wrapped = new TranslatingConnection(inner, this.#where);
        this.#wrapped.set(inner, wrapped);
      }
      return wrapped;
    } catch (error) {
      throw translateError(error, this.#where);
    }
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    if (!(connection instanceof TranslatingConnection)) return;
    // Kysely knows the connections it made by a private symbol.
    await this.#driver.releaseConnection(
      connection.inner as Parameters<PostgresDriver['releaseConnection']>[0],
    );
  }

  beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    return this.#driver.beginTransaction(connection, settings);
  }

  commitTransaction(connection: DatabaseConnection): Promise<void> {
    return this.#driver.commitTransaction(connection);
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await this.#driver.rollbackTransaction(connection);
    } catch {
      // The connection is gone, and the transaction with it; the error that led here says so.
    }
  }

  destroy(): Promise<void> {
    return this.#driver.destroy();
  }
}

class TranslatingConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection;
  readonly #where: string;

  constructor(inner: DatabaseConnection, where: string) {
    this.inner = inner;
    this.#where = where;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return await this.inner.executeQuery<R>({ ...query, parameters: withoutNul(query.parameters) });
    } catch (error) {
      throw translateError(error, this.#where);
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize?: number): AsyncIterableIterator<QueryResult<R>> {
    return this.inner.streamQuery<R>(query, chunkSize);
  }
}
