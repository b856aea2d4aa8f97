import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import Libsql from 'libsql';
import { isSqliteBusy, messageOf, translateError, withoutNul } from '../errors';

/** Milliseconds a statement waits for the file's write lock. */
const BUSY_TIMEOUT = 10_000;
/** Milliseconds that statements may follow each other before something else has its turn. */
const LONGEST_TURN = 20;
const LONGEST_PAUSE = 25;

/**
 * A SQLite file through libsql. Every transaction is a writer (`begin immediate`): a deferred one that reads before
 * it writes fails with SQLITE_BUSY_SNAPSHOT as soon as another process wrote in between.
 */
export class LibsqlDialect implements Dialect {
  readonly #file: string;
  readonly #busyTimeout: number;
  constructor(file: string, busyTimeout: number = BUSY_TIMEOUT) {
    this.#file = file;
    this.#busyTimeout = busyTimeout;
  }
  createDriver(): Driver {
    return new LibsqlDriver(this.#file, this.#busyTimeout);
  }
  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }
  createAdapter(): DialectAdapter {
    return new LibsqlAdapter();
  }
  createIntrospector(db: Parameters<Dialect['createIntrospector']>[0]): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

/** With transactional DDL Kysely migrates in one (immediate) transaction, so two processes cannot both do it. */
class LibsqlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class LibsqlDriver implements Driver {
  readonly #file: string;
  readonly #busyTimeout: number;
  #connection: LibsqlConnection | undefined;
  /** Resolves when the one connection is free; every user appends itself. */
  #queue: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(file: string, busyTimeout: number) {
    this.#file = file;
    this.#busyTimeout = busyTimeout;
  }

  async init(): Promise<void> {
    this.#connection = await LibsqlConnection.open(this.#file, this.#busyTimeout);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#queue;
    let release: () => void = () => undefined;
    this.#queue = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    this.#release = release;
    try {
      return this.#open();
    } catch (error) {
      release();
      throw error;
    }
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  beginTransaction(): Promise<void> {
    return this.#open().exec('begin immediate');
  }

  commitTransaction(): Promise<void> {
    return this.#open().exec('commit');
  }

  async rollbackTransaction(): Promise<void> {
    // See executeQuery.
    if (this.#open().inTransaction) await this.#open().exec('rollback');
  }

  #open(): LibsqlConnection {
    if (this.#connection === undefined) throw new Error(`The database ${this.#file} is closed`);
    return this.#connection;
  }

  /** Waits for the transaction under way, if any. */
  async destroy(): Promise<void> {
    await this.acquireConnection();
    this.#connection?.close();
    this.#connection = undefined;
    await this.releaseConnection();
  }
}

class LibsqlConnection implements DatabaseConnection {
  readonly #database: Libsql.Database;
  readonly #where: string;
  readonly #busyTimeout: number;
  #turnedAt = 0;

  private constructor(database: Libsql.Database, file: string, busyTimeout: number) {
    this.#database = database;
    this.#busyTimeout = busyTimeout;
    this.#where = `file ${file}`;
  }

  /**
   * Opens or makes the file (0600, for it holds password hashes), in WAL mode with every commit on disk
   * (synchronous=FULL: an acknowledged row survives kill -9 and power loss).
   */
  static async open(file: string, busyTimeout: number): Promise<LibsqlConnection> {
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      closeSync(openSync(file, 'a', 0o600));
      const connection = new LibsqlConnection(new Libsql(file), file, busyTimeout);
      for (const pragma of ['journal_mode=WAL', 'synchronous=FULL', 'foreign_keys=ON']) {
        await connection.exec(`PRAGMA ${pragma}`);
      }
      return connection;
    } catch (error) {
      throw translateError(asSqliteError(error), `file ${file}`);
    }
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /**
   * Runs one statement; a write outside a transaction gets one of its own, so that only `begin` ever finds the file
   * busy. libsql leaves a busy statement in progress until it is collected, and no commit succeeds beside one.
   */
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    await this.#letOthersRun();
    const { kind } = query.query;
    if (kind === 'SelectQueryNode' || this.inTransaction) {
      return this.#patiently(() => this.#execute<R>(query));
    }
    await this.exec('begin immediate');
    try {
      const result = this.#execute<R>(query);
      await this.exec('commit');
      return result;
    } catch (error) {
      // A full disk or an I/O error has rolled back already; a second rollback would hide that error.
      if (this.inTransaction) await this.exec('rollback');
      throw translateError(error, this.#where);
    }
  }

  /**
   * libsql is synchronous: a request with thousands of statements in a row (2 000 hosts) would keep the process from
   * everything else for seconds.
   */
  async #letOthersRun(): Promise<void> {
    if (Date.now() - this.#turnedAt < LONGEST_TURN) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#turnedAt = Date.now();
  }

  /** Runs SQL that answers nothing. */
  async exec(sql: string): Promise<void> {
    await this.#patiently(() => this.#database.exec(sql));
  }

  /**
   * Waits for a busy file without blocking: SQLite's own busy_timeout would stop the whole process (libsql is
   * synchronous), heartbeats of activities included, and two connections of one process would wait for each other
   * until it ran out.
   */
  async #patiently<T>(attempt: () => T): Promise<T> {
    const deadline = Date.now() + this.#busyTimeout;
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        return attempt();
      } catch (error) {
        if (!isSqliteBusy(error) || Date.now() >= deadline) throw translateError(error, this.#where);
      }
      await sleep(pause * (0.5 + Math.random()));
    }
  }

  #execute<R>(query: CompiledQuery): QueryResult<R> {
    const parameters = withoutNul(query.parameters);
    const statement = this.#database.prepare(query.sql);
    if (statement.reader) return { rows: statement.all(parameters) as R[] };
    const { changes } = statement.run(parameters);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  // biome-ignore lint/correctness/useYield: part of Kysely's contract that nothing here uses
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('Streaming is not supported; read a page');
  }

  close(): void {
    this.#database.close();
  }
}

/** Errors of the file system read like SQLite's own when the file cannot be made. */
function asSqliteError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('syscall' in error)) return error;
  return Object.assign(new Error(messageOf(error), { cause: error }), { code: 'SQLITE_CANTOPEN' });
}
