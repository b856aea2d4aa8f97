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
import AsyncLibsql from 'libsql/promise';
import { ownTurn } from '../../runtime/ownTurn';
import { isSqliteBusy, messageOf, translateError, withoutNul } from '../errors';

/** Milliseconds a statement waits for the file's write lock. */
const BUSY_TIMEOUT = 10_000;
/** Milliseconds that statements may follow each other before something else has its turn. */
const LONGEST_TURN = 20;
const LONGEST_PAUSE = 25;
/** Single writes of one commit. */
const MOST_TOGETHER = 200;
const MOST_PREPARED = 200;

/** libsql's two faces share the connection below: statements are run by one, commits by the other. */
const execAside: (this: unknown, sql: string) => Promise<void> = AsyncLibsql.prototype.exec;

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
  #open: SqliteFile | undefined;

  constructor(file: string, busyTimeout: number) {
    this.#file = file;
    this.#busyTimeout = busyTimeout;
  }

  async init(): Promise<void> {
    this.#open = await SqliteFile.open(this.#file, this.#busyTimeout);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#open === undefined) throw new Error(`The database ${this.#file} is closed`);
    return new Session(this.#open);
  }

  /** A session waits when it writes, not when it is made. */
  async releaseConnection(): Promise<void> {}

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as Session).begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as Session).commit();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as Session).rollback();
  }

  /** Waits for the transaction under way, if any. */
  async destroy(): Promise<void> {
    await this.#open?.close();
    this.#open = undefined;
  }
}

/** What Kysely calls a connection; all of them share the two of the file. */
class Session implements DatabaseConnection {
  readonly #file: SqliteFile;
  #inside = false;
  constructor(file: SqliteFile) {
    this.#file = file;
  }

  async begin(): Promise<void> {
    await this.#file.begin();
    this.#inside = true;
  }

  async commit(): Promise<void> {
    // A commit that fails is followed by a rollback, which ends the turn.
    await this.#file.commit();
    this.#inside = false;
    this.#file.endTurn();
  }

  async rollback(): Promise<void> {
    if (!this.#inside) return;
    this.#inside = false;
    try {
      await this.#file.rollback();
    } finally {
      this.#file.endTurn();
    }
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#inside) return this.#file.inside<R>(query);
    return query.query.kind === 'SelectQueryNode' ? this.#file.read<R>(query) : this.#file.write<R>(query);
  }

  // biome-ignore lint/correctness/useYield: part of Kysely's contract that nothing here uses
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('Streaming is not supported; read a page');
  }
}

/** A write outside of any transaction, waiting for the next commit. */
interface Single {
  readonly query: CompiledQuery;
  done(result: QueryResult<unknown>): void;
  failed(error: unknown): void;
}

/** A single whose statement has run; it is told so when the commit is on disk. */
type Ran = Single & { readonly result: QueryResult<unknown> };

/**
 * One SQLite file, open twice: for what writes, in turns, and for reads, which see what was committed last and wait for
 * nobody. Statements run on the caller's thread, in microseconds; a commit waits for the disk, so it runs on a thread of
 * libsql's. Every caller hears of its write when that is on disk, and single writes that come up while another commit is
 * under way share the next one.
 */
class SqliteFile {
  readonly #writer: Statements;
  readonly #reader: Statements;
  readonly #where: string;
  readonly #busyTimeout: number;
  #turnedAt = 0;
  /** Whether somebody has the writer. */
  #taken = false;
  #closed = false;
  /** The turn before the next one is that of single writes. */
  #singlesWere = false;
  readonly #waiting: (() => void)[] = [];
  #singles: Single[] = [];

  private constructor(writer: Statements, reader: Statements, where: string, busyTimeout: number) {
    this.#writer = writer;
    this.#reader = reader;
    this.#where = where;
    this.#busyTimeout = busyTimeout;
  }

  /**
   * Opens or makes the file (0600, for it holds password hashes), in WAL mode with every commit on disk
   * (synchronous=FULL: an acknowledged row survives kill -9 and power loss).
   */
  static async open(file: string, busyTimeout: number): Promise<SqliteFile> {
    const where = `file ${file}`;
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      closeSync(openSync(file, 'a', 0o600));
      const writer = new Statements(file);
      for (const pragma of ['journal_mode=WAL', 'synchronous=FULL', 'foreign_keys=ON']) {
        await patiently(where, busyTimeout, () => writer.exec(`PRAGMA ${pragma}`));
      }
      const reader = new Statements(file);
      await patiently(where, busyTimeout, () => reader.exec('PRAGMA query_only=ON'));
      return new SqliteFile(writer, reader, where, busyTimeout);
    } catch (error) {
      throw translateError(asSqliteError(error), where);
    }
  }

  async read<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    await this.#letOthersRun();
    return this.#patiently(() => this.#reader.run<R>(query));
  }

  /** A statement of the transaction that has the turn. */
  async inside<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    await this.#letOthersRun();
    return this.#patiently(() => this.#writer.run<R>(query));
  }

  /**
   * One statement in a transaction with others of its kind, so that only `begin` ever finds the file busy: libsql leaves a
   * busy statement in progress until it is collected, and no commit succeeds beside one.
   */
  async write<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const result = await new Promise<QueryResult<R>>((resolve, reject) => {
      this.#singles.push({
        query,
        done: (result) => resolve(result as QueryResult<R>),
        failed: reject,
      });
      if (!this.#taken) void this.#writeSingles();
    });
    // Others hear of the same commit.
    await ownTurn();
    return result;
  }

  /** Waits for the turn, then for the file. */
  async begin(): Promise<void> {
    await this.#turn();
    try {
      this.#refuseClosed();
      await this.#patiently(() => this.#writer.exec('begin immediate'));
    } catch (error) {
      this.endTurn();
      throw error;
    }
  }

  async commit(): Promise<void> {
    const ran = this.#runSingles();
    try {
      await this.#patiently(() => this.#writer.execAside('commit'));
    } catch (error) {
      for (const single of ran) single.failed(error);
      throw error;
    }
    for (const single of ran) single.done(single.result);
  }

  async rollback(): Promise<void> {
    // A full disk or an I/O error has rolled back already; a second rollback would hide that error.
    if (this.#writer.inTransaction) await this.#patiently(() => this.#writer.exec('rollback'));
  }

  /** The next one's turn: a transaction after single writes, and single writes, all together, after a transaction. */
  endTurn(): void {
    const next = this.#waiting[0];
    if (this.#singles.length > 0 && (next === undefined || !this.#singlesWere)) void this.#writeSingles();
    else if (next === undefined) this.#taken = false;
    else {
      // Without being free in between, or somebody could step in before the next one hears of it.
      this.#waiting.shift();
      this.#singlesWere = false;
      next();
    }
  }

  async close(): Promise<void> {
    await this.#turn();
    if (!this.#closed) {
      this.#closed = true;
      this.#reader.close();
      this.#writer.close();
    }
    this.endTurn();
  }

  async #turn(): Promise<void> {
    if (this.#taken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#taken = true;
  }

  /** Never rejects: what goes wrong is told to those who wait for it. */
  async #writeSingles(): Promise<void> {
    this.#taken = true;
    this.#singlesWere = true;
    const first = [...this.#singles];
    try {
      this.#refuseClosed();
      await this.#patiently(() => this.#writer.exec('begin immediate'));
      await this.commit();
    } catch (error) {
      this.#singles = this.#singles.filter((single) => !first.includes(single));
      // Those that were told already hear it no more.
      for (const single of first) single.failed(error);
      await this.rollback().catch(() => undefined);
    }
    this.endTurn();
  }

  /** Runs the single writes that wait, as part of the transaction under way; answers those that its commit stores. */
  #runSingles(): Ran[] {
    const ran: Ran[] = [];
    while (this.#singles.length > 0 && ran.length < MOST_TOGETHER) {
      const single = this.#singles.shift();
      if (single === undefined) break;
      try {
        ran.push({ ...single, result: this.#writer.run(single.query) });
      } catch (error) {
        const translated = translateError(error, this.#where);
        // SQLite has undone this statement alone, unless the disk is full or broken: then everything is gone.
        single.failed(translated);
        if (this.#writer.inTransaction) continue;
        for (const lost of ran) lost.failed(translated);
        throw translated;
      }
    }
    return ran;
  }

  #refuseClosed(): void {
    if (this.#closed) throw new Error(`The database ${this.#where} is closed`);
  }

  /**
   * Statements follow each other without a pause: a request with thousands of them in a row (2 000 hosts) would keep the
   * process from everything else for seconds.
   */
  async #letOthersRun(): Promise<void> {
    if (Date.now() - this.#turnedAt < LONGEST_TURN) return;
    await ownTurn();
    this.#turnedAt = Date.now();
  }

  #patiently<T>(attempt: () => T | Promise<T>): Promise<T> {
    return patiently(this.#where, this.#busyTimeout, attempt);
  }
}

/**
 * Waits for a busy file without blocking: SQLite's own busy_timeout would stop the whole process, heartbeats of activities
 * included, and two connections of one process would wait for each other until it ran out.
 */
async function patiently<T>(where: string, busyTimeout: number, attempt: () => T | Promise<T>): Promise<T> {
  const deadline = Date.now() + busyTimeout;
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isSqliteBusy(error) || Date.now() >= deadline) throw translateError(error, where);
    }
    await sleep(pause * (0.5 + Math.random()));
  }
}

/** One connection of libsql's and the statements that were prepared on it, which costs as much as running them. */
class Statements {
  readonly #database: Libsql.Database;
  /** The least recently used first. */
  readonly #prepared = new Map<string, Libsql.Statement>();

  constructor(file: string) {
    this.#database = new Libsql(file);
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** Runs SQL that answers nothing. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** The same on a thread of libsql's. Nothing else may use this connection meanwhile: it would wait, and block. */
  async execAside(sql: string): Promise<void> {
    await execAside.call(this.#database, sql);
  }

  run<R>(query: CompiledQuery): QueryResult<R> {
    const parameters = withoutNul(query.parameters);
    const statement = this.#statement(query.sql);
    try {
      if (statement.reader) return { rows: statement.all(parameters) as R[] };
      const { changes } = statement.run(parameters);
      return { rows: [], numAffectedRows: BigInt(changes) };
    } catch (error) {
      this.#prepared.delete(query.sql);
      throw error;
    }
  }

  close(): void {
    this.#prepared.clear();
    this.#database.close();
  }

  #statement(sql: string): Libsql.Statement {
    const known = this.#prepared.get(sql);
    const statement = known ?? this.#database.prepare(sql);
    this.#prepared.delete(sql);
    this.#prepared.set(sql, statement);
    const [oldest] = this.#prepared.keys();
    if (this.#prepared.size > MOST_PREPARED && oldest !== undefined) this.#prepared.delete(oldest);
    return statement;
  }
}

/** Errors of the file system read like SQLite's own when the file cannot be made. */
function asSqliteError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('syscall' in error)) return error;
  return Object.assign(new Error(messageOf(error), { cause: error }), { code: 'SQLITE_CANTOPEN' });
}
