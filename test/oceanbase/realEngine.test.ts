/** Our SQL on OceanBase's own engine, by the code that the stand-in is asked by. */

import { readdirSync } from 'node:fs';
import path from 'node:path';
import {
  CONFIG_ERRNO,
  isHidden,
  isShownAs,
  obValueFault,
  setParameterSql,
} from '../../oceanbase/clusterParameters';
import { type ClusterSession, openCluster } from '../../oceanbase/clusterSession';
import { ACCESS_DENIED, type ObserverSession, openObserver } from '../../oceanbase/observerSql';
import { SqlConnectionError, SqlError } from '../../oceanbase/sqlSession';
import { repositoryRoot } from '../../runtime/paths';
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
  servers: { ip: '192.0.2.1', rpcPort: 2882 },
  firstServers: [{ region: 'r', zone: 'zone9', ip: '192.0.2.1', rpcPort: 2882 }],
  zoneName: 'zone9',
  place: { region: 'r', idc: 'i' },
  primaryZone: 'zone9',
  url: 'http://192.0.2.1:8080/services?Action=ObRootServiceInfo&ObRegion=obcluster',
  user: 'reader',
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
  // One server: the method has no form without its columns (see WITHOUT_PLACE).
  'ClusterSession.parameterByServer': 1054,
  // The grammar has no statement about a cluster, a zone or a tenant: it stops at REGION, ZONE and TENANT.
  bootstrapSql: 1064,
  setSysPrimaryZoneSql: 1064,
  startZoneSql: 1064,
  addZoneSql: 1064,
  modifyZoneSql: 1064,
  deleteZoneSql: 1064,
  stopZoneSql: 1064,
};

/** Nor have its views columns that say of which zone, server, tenant or log stream a row is: statements must work without. */
const WITHOUT_PLACE: Readonly<Record<string, string>> = {
  ZONE: "'zone1'",
  SVR_IP: "'192.0.2.1'",
  SVR_PORT: '2882',
  TENANT_ID: '1',
  LS_ID: '1',
  svr_ip: "'192.0.2.1'",
  svr_port: '2882',
  tenant_id: '1',
};
const NO_SUCH_COLUMN = 1054;

/** What only 2.x and 3.x have, as obdeploy asks them: from 4.0 on the table has cpu_capacity and mem_capacity instead. */
const OF_OLD_VERSIONS: Readonly<Record<string, string>> = {
  placementSql: "Unknown column 'cpu_total'",
};

const NO_SUCH_TABLE = 1146;
const SILENT = -1;

type Call = (...words: never[]) => unknown;

/** Every statement that oceanbase/ makes, by its name: `<what>Sql` makes one or more, `<WHAT>_SQL` is one. */
async function statements(): Promise<[string, unknown][]> {
  const folder = path.join(repositoryRoot(), 'oceanbase');
  const found: [string, unknown][] = [];
  for (const file of readdirSync(folder)) {
    const exported = (await import(path.join(folder, file))) as Record<string, unknown>;
    found.push(...Object.entries(exported).filter(([name]) => /(Sql|_SQL)$/.test(name)));
  }
  return found;
}

/** The values for a function's parameters; an unknown name is a mistake of whoever added it. */
function argumentsFor(what: string, call: Call, version?: string): never[] {
  const given = version === undefined ? ARGUMENTS : { ...ARGUMENTS, version };
  return namesOf(call).map((name) => {
    if (!(name in given)) throw new Error(`give ${what} a value for its parameter "${name}" above`);
    return given[name] as never;
  });
}

function namesOf(call: Call): string[] {
  const list = /^[^(]*\(([^)]*)\)/s.exec(call.toString())?.[1] ?? '';
  return list
    .split(',')
    .map((name) => name.trim().replace(/^(_|\.\.\.)/, ''))
    .filter((name) => name !== '');
}

/** The texts that a statement of the list above stands for. */
function textsOf(name: string, made: unknown, version?: string): string[] {
  const call = made as (...words: never[]) => unknown;
  const text = typeof made === 'function' ? call(...argumentsFor(name, call, version)) : made;
  return Array.isArray(text) ? text.map(String) : [String(text)];
}

describeIf(longRunOnly() ?? seekdbUnavailable(), "OceanBase's own engine", () => {
  let engine: Seekdb;
  let cluster: ClusterSession;
  let observer: ObserverSession;
  const seen = new Set<string>();

  const at = () => ({ ip: '127.0.0.1', sqlPort: engine.port });
  const openRoot = (password = SEEKDB_PASSWORD) =>
    openCluster({ servers: [at()], addresses: ANY_ADDRESS, user: 'root@sys', password, timeoutMs: 30_000 });

  async function askedWithoutPlace(sql: string): Promise<void> {
    try {
      await cluster.alter(sql);
    } catch (error) {
      if (!(error instanceof SqlError) || error.errno !== NO_SUCH_COLUMN) throw error;
      await cluster.alter(sql.replace(/(?<!AS )\b\w+\b/g, (word) => WITHOUT_PLACE[word] ?? word));
    }
  }

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
    await observer.createReader('reader@sys', "it's.22@@");
    for (const [name, made] of await statements()) {
      const texts = textsOf(name, made);
      for (const [at, sql] of texts.entries())
        tried.push([texts.length === 1 ? name : `${name}.${at + 1}`, () => askedWithoutPlace(sql)]);
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

  test.each(['2.2.77', '3.1.4'])('reads every statement for %s: only tables are missing', async (version) => {
    const refused: string[] = [];
    let tried = 0;
    for (const [name, made] of await statements()) {
      if (typeof made !== 'function' || !namesOf(made as Call).includes('version')) continue;
      for (const sql of textsOf(name, made, version)) {
        tried += 1;
        await askedWithoutPlace(sql).catch((error: unknown) => {
          const { errno, message } = error as SqlError;
          const known = errno === NO_SUCH_TABLE || message.startsWith(OF_OLD_VERSIONS[name] ?? '-');
          if (!known) refused.push(`${name}: ${errno} ${message}`);
        });
      }
    }
    expect(tried).toBeGreaterThan(15);
    expect(refused).toEqual([]);
  });
});
