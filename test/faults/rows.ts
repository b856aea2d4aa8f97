/** The inventory as rows, past the product: a connection of the suite's own to the SQLite file. */
import Libsql from 'libsql';

type Row = Record<string, unknown>;

/** Counters and what belongs to no task's outcome. */
const KEPT = /^(sqlite_|kysely_|sequences$|settings$|write_lock$)/;
/** What every run of a task has of its own. */
const OF_A_RUN = /^(tasks|task_\w+|audit\w*|ob_cluster_turns|idempotency\w*|requests?)$/;
const SECRET = /password|secret|passphrase|hash/;
/**
 * Of a run, too: where the root service is after a restart or an election, what the last task has proposed for the parameters of a
 * cluster, and what a take-over has made.
 */
const VARIES =
  /^(id|with_rootserver|until|sequence|start_time|stop_time|\w+_time|who|holder|parameter_change|take_over)$/;

export class Rows {
  readonly #db: Libsql.Database;
  #base = new Map<string, Row[]>();

  constructor(file: string) {
    this.#db = new Libsql(file);
    this.#patiently(() => this.#db.exec('PRAGMA foreign_keys=OFF'));
  }

  close(): void {
    this.#db.close();
  }

  /** Ids of tasks that no other text holds by chance. */
  useLargeIds(): void {
    this.#patiently(() => this.#db.exec('update sequences set next = next + 7300000'));
  }

  /** Remembers every row as what `reset` goes back to. */
  remember(): void {
    for (const table of this.#tables()) this.#base.set(table, this.#all(table));
  }

  reset(): void {
    this.#patiently(() => this.#db.exec('begin immediate'));
    try {
      for (const table of this.#tables()) {
        this.#db.exec(`delete from "${table}"`);
        for (const row of this.#base.get(table) ?? []) {
          const columns = Object.keys(row);
          const places = columns.map(() => '?').join(', ');
          const names = columns.map((name) => `"${name}"`).join(', ');
          this.#db
            .prepare(`insert into "${table}" (${names}) values (${places})`)
            .run(columns.map((name) => row[name]));
        }
      }
      this.#db.exec('commit');
    } catch (error) {
      this.#db.exec('rollback');
      throw error;
    }
  }

  /** Rows without ids, times and secrets, one a line. */
  lines(): string[] {
    return this.#tables()
      .filter((table) => !OF_A_RUN.test(table))
      .flatMap((table) => this.#all(table).map((row) => `${table} ${JSON.stringify(comparable(row))}`))
      .sort();
  }

  query<R>(sql: string): R[] {
    return this.#patiently(() => this.#db.prepare(sql).all() as R[]);
  }

  count(sql: string): number {
    return this.query<{ n: number }>(sql)[0]?.n ?? 0;
  }

  ids(sql: string): number[] {
    return this.query<{ id: number }>(sql).map(({ id }) => id);
  }

  /** Hosts that exist in the inventory alone: copies of the first one, with addresses nobody has. Answers their ids. */
  copyHost(count: number): number[] {
    const [first] = this.#all('hosts');
    if (first === undefined) throw new Error('no host is declared');
    const columns = Object.keys(first).filter((column) => column !== 'id');
    const sql = `insert into hosts (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`;
    this.#patiently(() => this.#db.exec('begin immediate'));
    for (let index = 0; index < count; index += 1) {
      const ip = `198.18.${Math.floor(index / 250)}.${(index % 250) + 1}`;
      const own: Row = { ...first, ip, hostname: `chaos${index}`, declared_name: null };
      this.#db.prepare(sql).run(columns.map((column) => own[column]));
    }
    this.#db.exec('commit');
    return this.ids("select id from hosts where ip like '198.18.%' order by id");
  }

  /** What is noted at the first look at a server that obflow has added, and stays whatever becomes of the task that looks. */
  noteHome(ip: string, home: string): void {
    this.#patiently(() => this.#db.prepare('update ob_servers set home = ? where ip = ?').run([home, ip]));
  }

  locks(): string[] {
    return this.#all('locks').map((row) => JSON.stringify(row));
  }

  /** Runs `work` while no other connection can write. */
  async locked(work: () => Promise<void>): Promise<void> {
    this.#patiently(() => this.#db.exec('begin immediate'));
    try {
      await work();
    } finally {
      this.#db.exec('rollback');
    }
  }

  #tables(): string[] {
    const names = this.#patiently(
      () =>
        this.#db.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[],
    );
    return names.map(({ name }) => name).filter((name) => !KEPT.test(name));
  }

  #all(table: string): Row[] {
    return this.#patiently(() => this.#db.prepare(`select * from "${table}"`).all() as Row[]);
  }

  /** The programs under test write for milliseconds only. */
  #patiently<T>(work: () => T): T {
    for (let tries = 0; ; tries += 1) {
      try {
        return work();
      } catch (error) {
        if (tries > 500 || !/busy|locked/i.test(String(error))) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  }
}

function comparable(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => !VARIES.test(column))
      .map(([column, value]) => {
        if (SECRET.test(column)) return [column, value === null ? null : 'secret'];
        if (/_id$/.test(column) && column !== 'host_id') return [column, value === null ? null : 'id'];
        if (column === 'labels') return [column, String(value).replaceAll(/_id":"\d+"/g, '_id":"#"')];
        return [column, value];
      }),
  );
}
