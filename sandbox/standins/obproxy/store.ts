/**
 * What survives a restart: etc/proxyconfig_v1.db from 4.1 on (SQLite, schema as seen on OBProxy 4.3.1), before that the
 * text lines of etc/obproxy_config.bin; 4.0 has etc/proxyconfig.db beside it, with the levels and what was altered, and
 * does not read global values there (source). The whole file is rewritten at every change, which is quick at this size
 * and leaves no half-written state.
 */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Database } from 'sql.js';
import { replaceFile } from '../files';
import type { Traits } from './identity';

const PROXY_CONFIG = `CREATE TABLE IF NOT EXISTS proxy_config(vid int NOT NULL default -1,
 vip varchar(100) NOT NULL default '', vport int NOT NULL default 0,
 tenant_name varchar(128) collate nocase NOT NULL default '',
 cluster_name varchar(260) collate nocase NOT NULL default '', name varchar(130) collate nocase NOT NULL,
 value varchar(4100) NOT NULL, info varchar(1024), range varchar(64), need_reboot bool,
 visible_level varchar(20), config_level varchar(20) NOT NULL,
 primary key(vid, vip, vport, tenant_name, cluster_name, name))`;
/** The real one adds these beside proxy_config at its first start; nothing of them is used here. */
const OTHER_TABLES = ['all_table_version', 'white_list', 'resource_unit', 'ssl_config'].map(
  (name) => `CREATE TABLE IF NOT EXISTS ${name}(name varchar(130) primary key, value varchar(4100))`,
);

const INSERT_GLOBAL = `REPLACE INTO proxy_config(name, value, info, range, need_reboot, visible_level, config_level)
 VALUES (?, ?, ?, ?, ?, ?, 'LEVEL_GLOBAL')`;

export interface StoredRow {
  readonly name: string;
  readonly value: string;
  readonly info: string;
  readonly range: string;
  readonly needReboot: boolean;
  readonly visibleLevel: string;
}

export type Cell = string | number | null;

/** Thrown when the stored configuration cannot be read: the start fails with -4016. */
export class BrokenStore extends Error {}

export class Store {
  private constructor(
    private opened: Database | undefined,
    private readonly databaseFile: string | undefined,
    private readonly textFile: string | undefined,
    private readonly global: Map<string, string>,
    /** Written at a hot restart also by versions that do not read it (OBProxy 4.3.1, observed). */
    private readonly handOverFile: string,
  ) {}

  /** SQLite is closed: nothing can be changed from now on. */
  private isHandedOver = false;

  /** For a hot restart. Throws the system's error. */
  handOver(): void {
    this.writeText(this.handOverFile);
    this.isHandedOver = true;
  }

  /** The hot restart has failed. */
  goOn(): void {
    this.isHandedOver = false;
  }

  private writeText(file: string): void {
    replaceFile(file, [...this.global].map(([name, value]) => `${name}=${value}\n`).join(''));
  }

  /** Opens or makes the files under `home`/etc. Throws BrokenStore, or the system's error where it may not write. */
  static async open(home: string, has: Traits): Promise<Store> {
    const name = has.storesInDatabase ? 'etc/proxyconfig_v1.db' : 'etc/proxyconfig.db';
    const databaseFile = has.hasConfigTable ? path.join(home, name) : undefined;
    const text = path.join(home, 'etc/obproxy_config.bin');
    const textFile = has.storesInDatabase ? undefined : text;
    const database = databaseFile === undefined ? undefined : await openDatabase(databaseFile);
    const store = new Store(database, databaseFile, textFile, new Map(), text);
    store.readGlobal();
    return store;
  }

  private get database(): Database {
    if (this.opened === undefined) throw new Error('this version of OBProxy has no table proxy_config');
    return this.opened;
  }

  /** Values stored for the whole proxy. Rows of any other level are not among them (OBProxy 4.3.1, observed). */
  globalValues(): ReadonlyMap<string, string> {
    return this.global;
  }

  /** Value of a cluster's own level; undefined when it has none, and in versions without the table. */
  clusterValue(cluster: string, name: string): string | undefined {
    if (this.opened === undefined) return undefined;
    const { rows } = this.select(
      "SELECT value FROM proxy_config WHERE config_level = 'LEVEL_CLUSTER' AND cluster_name = ? AND name = ?",
      [cluster, name],
    );
    const value = rows[0]?.[0];
    return value === undefined || value === null ? undefined : String(value);
  }

  private readGlobal(): void {
    if (this.textFile !== undefined) {
      const text = contentOf(this.textFile);
      for (const line of text === null ? [] : Buffer.from(text).toString('utf8').split('\n')) {
        const equals = line.indexOf('=');
        if (equals > 0) this.global.set(line.slice(0, equals), line.slice(equals + 1));
      }
      return;
    }
    for (const [name, value] of this.select(
      "SELECT name, value FROM proxy_config WHERE config_level = 'LEVEL_GLOBAL' AND cluster_name = '' AND tenant_name = ''",
    ).rows)
      this.global.set(String(name).toLowerCase(), String(value));
  }

  /** Stores values of the whole proxy as it starts. Throws the system's error, and then nothing has changed. */
  putAll(rows: readonly StoredRow[]): void {
    this.change(() => {
      for (const row of rows) this.global.set(row.name, row.value);
      if (this.textFile === undefined) this.insert(rows);
    });
  }

  /** Stores an altered value of the whole proxy. Throws the system's error, and then nothing has changed. */
  put(row: StoredRow): void {
    this.change(() => {
      this.global.set(row.name, row.value);
      this.insert([row]);
    });
  }

  private insert(rows: readonly StoredRow[]): void {
    if (this.opened === undefined) return;
    const statement = this.database.prepare(INSERT_GLOBAL);
    for (const { name, value, info, range, needReboot, visibleLevel } of rows)
      statement.run([name, value, info, range, needReboot ? 'true' : 'false', visibleLevel]);
    statement.free();
  }

  /**
   * Runs one changing statement on table proxy_config and stores it. Throws SQLite's or the system's error; then
   * nothing has changed.
   */
  run(sql: string, values: readonly Cell[] = []): void {
    this.change(() => this.database.run(sql, [...values]));
  }

  private change(make: () => void): void {
    if (this.isHandedOver) throw new Error('the database is closed');
    const [values, database] = [new Map(this.global), this.opened?.export()];
    try {
      make();
      this.write();
    } catch (error) {
      this.global.clear();
      for (const [name, value] of values) this.global.set(name, value);
      if (this.opened !== undefined && database !== undefined) {
        const Sqlite = this.opened.constructor as new (content: Uint8Array) => Database;
        this.opened.close();
        this.opened = new Sqlite(database);
      }
      throw error;
    }
  }

  select(sql: string, values: readonly Cell[] = []): { columns: string[]; rows: Cell[][] } {
    const statement = this.database.prepare(sql, [...values]);
    try {
      const rows: Cell[][] = [];
      while (statement.step())
        rows.push(statement.get().map((cell) => (cell === null ? null : String(cell))));
      return { columns: statement.getColumnNames(), rows };
    } finally {
      statement.free();
    }
  }

  private write(): void {
    if (this.textFile !== undefined) this.writeText(this.textFile);
    if (this.databaseFile !== undefined) replaceFile(this.databaseFile, this.database.export());
  }
}

/** Loads SQLite only where it is needed: a third of the start of an old version would go into it. */
async function openDatabase(file: string): Promise<Database> {
  const content = contentOf(file);
  // SQLite runs for milliseconds here: compiling it a second time for speed would cost more than it saves.
  setFlagsFromString('--liftoff-only');
  const [{ default: initSqlJs }, { default: wasm }] = await Promise.all([
    import('sql.js'),
    import('sql.js/dist/sql-wasm.wasm'),
  ]);
  const SQL = await initSqlJs({ wasmBinary: new Uint8Array(Buffer.from(wasm, 'base64')).buffer });
  const database = new SQL.Database(content);
  try {
    for (const table of [PROXY_CONFIG, ...OTHER_TABLES]) database.run(table);
  } catch (error) {
    throw new BrokenStore(`cannot use ${file}: ${String(error)}`);
  }
  return database;
}

/**
 * The bytes of a file, null when there is none or it is empty (a 0-byte database is fine). A file in write-ahead mode
 * whose log was folded in is marked back to the ordinary mode: SQLite in WebAssembly cannot open the other.
 */
function contentOf(file: string): Uint8Array | null {
  if (!existsSync(file)) return null;
  accessSync(file, constants.W_OK);
  const bytes = readFileSync(file);
  if (bytes.length === 0) return null;
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false });
  if (log !== undefined && log.size > 0)
    throw new BrokenStore(`${file} has a write-ahead log with changes in it`);
  if (file.endsWith('.db') && bytes[18] === 2) bytes.fill(1, 18, 20);
  return bytes;
}
