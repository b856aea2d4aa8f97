/** The SQLite file has one writer: who waits for whom, what shares a commit, and what a commit holds up. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connectDatabase, type Database, migrate } from '../../store/database/database';
import { DuplicateError } from '../../store/types';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { startProcesses } from './processes';

/** Transactions in the write-ahead log: frames that end one (https://www.sqlite.org/fileformat2.html, "The WAL"). */
function commitsIn(file: string): number {
  const wal = readFileSync(`${file}-wal`);
  const frame = 24 + wal.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frame <= wal.length; at += frame) if (wal.readUInt32BE(at + 4) !== 0) commits += 1;
  return commits;
}

describe('Writes to a SQLite file', () => {
  let folder: string;
  let file: string;
  let database: Database;
  const add = (name: string) => database.db.insertInto('settings').values({ name, value: 'x' }).execute();
  const names = async () =>
    (await database.db.selectFrom('settings').select('name').where('name', 'like', 't%').execute()).map(
      ({ name }) => name,
    );
  const numbered = (count: number) => Array.from({ length: count }, (_, at) => `t${at}`);

  beforeEach(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-writer-'));
    file = path.join(folder, 'obflow.db');
    database = connectDatabase(`file:${file}`);
    await migrate(database);
  });
  afterEach(async () => {
    await database.db.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  test('that come up while another commits share the next commit, and all are on disk when they are told so', async () => {
    const before = commitsIn(file);
    await Promise.all(numbered(50).map(add));
    expect(commitsIn(file) - before).toBeLessThanOrEqual(3);
    const beside = connectDatabase(`file:${file}`);
    const { length } = await beside.db
      .selectFrom('settings')
      .where('name', 'like', 't%')
      .selectAll()
      .execute();
    await beside.db.destroy();
    expect(length).toBe(50);
  });

  test('of which one is refused store the others', async () => {
    await add('t1');
    const outcomes = await Promise.allSettled([add('t0'), add('t1'), add('t2'), add('t3')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: expect.any(DuplicateError) });
    expect((await names()).sort()).toEqual(numbered(4));
  });

  test('ride with a transaction that commits, and outlive one that is undone', async () => {
    const riding: Promise<unknown>[] = [];
    await database.db.transaction().execute(async (transaction) => {
      await transaction.insertInto('settings').values({ name: 't0', value: 'x' }).execute();
      riding.push(add('t1'));
      await new Promise((resolve) => setImmediate(resolve));
    });
    await Promise.all(riding);
    const undone = database.db.transaction().execute(async (transaction) => {
      await transaction.insertInto('settings').values({ name: 't2', value: 'x' }).execute();
      riding.push(add('t3'));
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await Promise.all(riding);
    expect((await names()).sort()).toEqual(['t0', 't1', 't3']);
  });

  test('and transactions all have their turn under a stream of each other', async () => {
    let streaming = true;
    const stream = async (name: string) => {
      for (let at = 0; streaming; at += 1) await add(`t${name}-${at}`);
    };
    const streams = ['a', 'b', 'c'].map(stream);
    for (let round = 0; round < 5; round += 1) {
      await database.db.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('settings')
          .values({ name: `t${round}`, value: 'x' })
          .execute();
      });
    }
    streaming = false;
    await Promise.all(streams);
    expect(await names()).toEqual(expect.arrayContaining(numbered(5)));
  });

  test('do not keep a reader waiting, who sees what was committed last', async () => {
    await database.db.transaction().execute(async (transaction) => {
      await transaction.insertInto('settings').values({ name: 't0', value: 'x' }).execute();
      expect(await names()).toEqual([]);
    });
    expect(await names()).toEqual(['t0']);
  });
});

const noStrace =
  spawnSync('strace', ['-V']).status === 0
    ? undefined
    : 'strace is missing; to get it: apt-get install strace';

describeIf(noStrace, 'On a disk that needs 0.3 s for every commit', () => {
  const { start } = startProcesses();

  test('the process goes on with everything else meanwhile', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-slow-'));
    const place = {
      folder,
      databaseUrl: `file:${path.join(folder, 'obflow.db')}`,
      masterKeyFile: path.join(folder, 'master.key'),
    };
    const made = connectDatabase(place.databaseUrl);
    await migrate(made);
    await made.db.destroy();
    const worker = await start('delays', place);
    const slow = spawn('strace', [
      ...['-f', '-qq', '-p', String(worker.child.pid), '-e', 'trace=fsync,fdatasync'],
      ...['-e', 'inject=fsync,fdatasync:delay_enter=300000', '-o', path.join(folder, 'trace')],
    ]);
    try {
      await until('it is traced', () =>
        /TracerPid:\t[1-9]/.test(readFileSync(`/proc/${worker.child.pid}/status`, 'utf8')),
      );
      worker.go();
      const [told] = (await worker.ended()) as { took: number; longest: number }[];
      expect(told?.took).toBeGreaterThan(1_500);
      expect(told?.longest).toBeLessThan(150);
    } finally {
      slow.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
