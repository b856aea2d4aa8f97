/** Our SQL on OceanBase's own engine, by the code that the stand-in is asked by. */

import * as clusterParameters from '../../oceanbase/clusterParameters';
import {
  CONFIG_ERRNO,
  isHidden,
  isShownAs,
  obValueFault,
  setParameterSql,
} from '../../oceanbase/clusterParameters';
import { type ClusterSession, openCluster } from '../../oceanbase/clusterSession';
import * as clusterSql from '../../oceanbase/clusterSql';
import { ACCESS_DENIED, type ObserverSession, openObserver } from '../../oceanbase/observerSql';
import { SqlConnectionError, SqlError } from '../../oceanbase/sqlSession';
import { ANY_ADDRESS } from '../support/addresses';
import { describeIf, longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { SEEKDB_PASSWORD, type Seekdb, seekdbUnavailable, startSeekdb } from './seekdb';

/** What a statement or a method is given, by the name of the parameter. */
const ARGUMENTS: Readonly<Record<string, unknown>> = {
  version: '4.3.5.3',
  name: 'proxyro',
  password: "it's.11@@",
  server: { ip: '192.0.2.1', rpcPort: 2882 },
  zoneName: 'zone9',
  place: { region: 'r', idc: 'i' },
  user: 'proxyro',
  parameter: 'undo_retention',
  tenant: 'sys',
  setting: { name: 'undo_retention', value: '1800', at: { zone: 'z1' }, tenant: 'sys' },
};

/** The engine has no cluster around it: what needs one, with the engine's number. A statement that is not here must work. */
const LACKS: Readonly<Record<string, number>> = {
  // Read and understood (a mistake in it would be 1064), and then there is no such server.
  addServerSql: 4016,
  cancelDeleteServerSql: 4016,
  deleteServerSql: 4016,
  startServerSql: 4016,
  stopServerSql: 4016,
  minorFreezeSql: 4025,
  // One zone: the view has no column for it, and the grammar no statement about one (it stops at the word ZONE).
  compactionSql: 1054,
  startZoneSql: 1064,
  addZoneSql: 1064,
  modifyZoneSql: 1064,
  deleteZoneSql: 1064,
  stopZoneSql: 1064,
};

const NO_SUCH_TABLE = 1146;
const SILENT = -1;

type Call = (...words: never[]) => unknown;

/** The values for a function's parameters; an unknown name is a mistake of whoever added it. */
function argumentsFor(what: string, call: Call): never[] {
  const list = /^[^(]*\(([^)]*)\)/s.exec(call.toString())?.[1] ?? '';
  const names = list
    .split(',')
    .map((name) => name.trim().replace(/^_/, ''))
    .filter((name) => name !== '');
  return names.map((name) => {
    if (!(name in ARGUMENTS)) throw new Error(`give ${what} a value for its parameter "${name}" above`);
    return ARGUMENTS[name] as never;
  });
}

describeIf(longRunOnly() ?? seekdbUnavailable(), "OceanBase's own engine", () => {
  let engine: Seekdb;
  let cluster: ClusterSession;
  let observer: ObserverSession;
  const seen = new Set<string>();

  const at = () => ({ ip: '127.0.0.1', sqlPort: engine.port });
  const openRoot = (password = SEEKDB_PASSWORD) =>
    openCluster({ servers: [at()], addresses: ANY_ADDRESS, user: 'root@sys', password, timeoutMs: 30_000 });

  beforeAll(async () => {
    engine = await startSeekdb();
    let ready = false;
    engine.ready.then(
      () => {
        ready = true;
      },
      () => undefined,
    );
    await until(
      'the engine',
      async () => {
        const session = await openRoot().catch((error: unknown) => {
          if (!ready)
            seen.add(error instanceof SqlConnectionError ? 'away' : `${(error as SqlError).errno} ${error}`);
        });
        session?.close();
        return ready;
      },
      120_000,
    );
    await engine.ready;
    cluster = await openRoot();
    observer = await openObserver({
      ...{ ...at(), addresses: ANY_ADDRESS, user: 'root@sys', password: SEEKDB_PASSWORD, timeoutMs: 30_000 },
    });
  }, 150_000);
  afterAll(async () => {
    cluster?.close();
    observer?.close();
    await engine?.stop();
  });

  test('while it boots is away, no server that refuses (8001, or no listener)', () => {
    // The first password is set by the engine's own process a moment before it is ready: until then 1045 is right.
    expect([...seen].filter((one) => one !== 'away' && !one.includes('Access denied'))).toEqual([]);
  });

  test('tells its version, its edition and its name as the stand-in does', async () => {
    expect(cluster.version).toBe('4.3.5.3');
    expect(await observer.clusterName(cluster.version)).toBe('obcluster');
    expect(await cluster.parameter('cluster')).toBe('obcluster');
    expect(await cluster.parameter('no_such_parameter')).toBeUndefined();
  });

  test('has parameters whose words, types and ranges we read, and refuses with the numbers we know', async () => {
    const parameters = new Map((await cluster.parameters()).map((one) => [one.name, one]));
    expect(parameters.size).toBeGreaterThan(200);
    // Of hidden ones only those that are not as they were made.
    const hidden = [...parameters.values()].filter(({ name }) => isHidden(name));
    expect(hidden.filter(({ value, facts }) => value === facts.defaultValue)).toEqual([]);
    expect(parameters.get('server_permanent_offline_time')?.facts).toMatchObject({
      ...{ type: 'TIME', typeTold: true, defaultValue: '3600s', readonly: false, needRestart: false },
      range: { min: { text: '20s', included: true }, max: undefined },
    });
    expect(parameters.get('stack_size')?.facts).toMatchObject({
      ...{ type: 'CAPACITY', needRestart: true },
      range: { min: { text: '512K', included: true }, max: { text: '20M', included: true } },
    });
    expect(parameters.get('data_dir')?.facts.readonly).toBe(true);
    // What it has is never what we would refuse.
    const odd = [...parameters.values()].filter(
      ({ facts, value }) => value === facts.defaultValue && obValueFault(facts, value)?.of === 'form',
    );
    expect(odd.map(({ name, value }) => `${name} = ${value}`)).toEqual([]);
    const set = (name: string, value: string) => cluster.alter(setParameterSql({ name, value }));
    await expect(set('no_such_parameter', '1')).rejects.toMatchObject({ errno: CONFIG_ERRNO.unknown });
    await expect(set('cluster_id', '1')).rejects.toMatchObject({ errno: CONFIG_ERRNO.notAllowed });
    for (const [name, value] of [
      ['freeze_trigger_percentage', '200'],
      ['memory_limit', '5'],
      ['memory_limit', '5X'],
      ['server_permanent_offline_time', '1min'],
      ['enable_rebalance', 'maybe'],
      ['data_dir', '/x'],
    ] as const)
      await expect(set(name, value)).rejects.toMatchObject({ errno: CONFIG_ERRNO.invalid });
    await set('enable_rebalance', 'off');
    expect((await cluster.parameterRows('enable_rebalance', undefined))[0]?.value).toBe('False');
    await set('backup_data_file_size', '1g');
    const [size] = await cluster.parameterRows('backup_data_file_size', undefined);
    expect(size && isShownAs(size.facts, size.value, '1024M')).toBe(true);
  });

  test('refuses a wrong password with the number we know', async () => {
    await expect(openRoot('wrong')).rejects.toMatchObject({ errno: ACCESS_DENIED });
  });

  test('makes a user that can log in and has the grant we show', async () => {
    expect(await observer.hasUser('reader@sys')).toBe(false);
    await observer.createReader('reader@sys', "it's.22@@");
    await observer.createReader('reader@sys', "it's.22@@");
    expect(await observer.hasUser('reader@sys')).toBe(true);
    const reader = await openObserver({
      ...{ ...at(), addresses: ANY_ADDRESS, user: 'reader', password: "it's.22@@" },
    });
    expect((await reader.grants()).join('\n')).toMatch(/GRANT SELECT ON `?oceanbase`?\.\* TO 'reader'/);
    reader.close();
  });

  test('answers every statement of ours but those of a cluster, which are listed', async () => {
    const tried: [string, () => Promise<unknown>][] = [];
    // Looked up when it is called: a session that got no answer is replaced.
    const methods = (kind: string, session: () => object) => {
      const now = () => session() as Record<string, Call>;
      for (const [name, call] of Object.entries(now())) {
        // alter sends what the statements below make.
        if (typeof call !== 'function' || name === 'close' || name === 'alter') continue;
        const what = `${kind}.${name}`;
        tried.push([what, async () => now()[name]?.(...argumentsFor(what, call))]);
      }
    };
    methods('ObserverSession', () => observer);
    methods('ClusterSession', () => cluster);
    for (const [name, made] of Object.entries({ ...clusterSql, ...clusterParameters })) {
      if (!/(Sql|_SQL)$/.test(name)) continue;
      const sql = () =>
        typeof made === 'function'
          ? (made as (...words: never[]) => string)(...argumentsFor(name, made as Call))
          : made;
      tried.push([name, async () => cluster.alter(String(sql()))]);
    }
    const refused: Record<string, number> = {};
    const words: string[] = [];
    for (const [what, run] of tried) {
      try {
        await run();
      } catch (error) {
        const { errno, message } = error as Partial<SqlError> & Error;
        refused[what] = errno ?? SILENT;
        words.push(`${what}: ${errno ?? ''} ${message}`);
        if (error instanceof SqlConnectionError) cluster = await openRoot();
        else if (!(error instanceof SqlError)) throw error;
      }
    }
    if (words.length > 0) process.stdout.write(`Not answered by the engine:\n  ${words.join('\n  ')}\n`);
    expect(tried.length).toBeGreaterThan(20);
    // A table that a single engine lacks says nothing about our statement; every other error does.
    // Silence is no answer about it either: the engine looks for 192.0.2.1 as long as it likes.
    const odd = Object.entries(refused).filter(
      ([what, errno]) =>
        errno !== NO_SUCH_TABLE && LACKS[what] !== errno && (LACKS[what] === undefined || errno !== SILENT),
    );
    expect(odd).toEqual([]);
    expect(Object.keys(LACKS).filter((what) => refused[what] === undefined)).toEqual([]);
  }, 180_000);
});
