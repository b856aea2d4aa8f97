/** The proxy process itself: from an empty or a lived-in home to an open listener, and out again. */
import { existsSync, mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import path from 'node:path';
import { typedWords } from '../launcher';
import { type Answer, type MysqlServer, startMysqlServer } from '../mysql/server';
import { Port } from '../port';
import { type AdminParts, administer } from './admin';
import type { GoodServer, Verdict } from './clusterCheck';
import { type CommandLine, parseExtra } from './commandLine';
import { ConfigServer } from './configServer';
import { Counters } from './counters';
import { crashIfTold } from './faults';
import { answerWhenReleased } from './heldAnswers';
import { identity, traits } from './identity';
import type { Inheritance } from './inheritance';
import { LifeCycle } from './lifeCycle';
import { Log } from './log';
import { admit } from './logins';
import { serveMetrics } from './metrics';
import { type Session, Sessions, userStatement } from './sessions';
import { Settings } from './settings';
import { BrokenStore, Store } from './store';
import { isTrue } from './values';

/** With enable_proxy_scramble=false every greeting carries the same scramble (ob_mysql_client_session.cpp). */
const CONSTANT_SCRAMBLE = Buffer.from('aceaceaceaceaceacea!', 'latin1');

/** Thrown when the real one would die with a line in its log; the launcher has long said 0. */
export class Died extends Error {}

export interface RunningProxy {
  /** Resolves when the process should leave. */
  readonly done: Promise<void>;
}

/** Folders first: also a start that fails later leaves them, in whatever directory it was started. */
function makeFolders(home: string): void {
  for (const folder of ['etc', 'log', '.conf', 'control-config', 'sharding-config'])
    mkdirSync(path.join(home, folder), { recursive: true });
}

async function openStore(home: string): Promise<Store> {
  try {
    return await Store.open(home, traits(identity().version));
  } catch (error) {
    const why = error instanceof BrokenStore ? 'fail to load the stored configuration' : 'fail to open etc';
    throw new Died(`${why}, ${error instanceof Error ? error.message : ''} ret=-4016`);
  }
}

/** Command line over environment over stored values over defaults; what was given is stored for later starts. */
function configure(settings: Settings, line: CommandLine, storesInDatabase: boolean): void {
  settings.takeStored();
  for (const name of ['observer_sys_password', 'observer_sys_password1']) {
    const value = process.env[name];
    if (value !== undefined) settings.takeOption(name, value);
  }
  // The text goes unescaped into SQLite's SQL, so a single quote ends it (OBProxy 4.3.1, observed).
  if (storesInDatabase && line.extra.includes("'"))
    throw new Died('fail to store -o: near "\'": syntax error, ret=-4016');
  const extra = parseExtra(line.extra);
  if (extra.broken !== undefined) throw new Died(`invalid -o part "${extra.broken}", ret=-4147`);
  for (const [name, value] of [...extra.values, ...line.named])
    if (!settings.takeOption(name, value)) throw new Died(`invalid value of option ${name}, ret=-4147`);
  if (settings.value('rootservice_list') === '' && settings.value('obproxy_config_server_url') === '')
    throw new Died('neither rootservice_list nor obproxy_config_server_url, ret=-4147');
  try {
    // Stored before the listeners open: a start that fails on its port has changed the configuration all the same.
    settings.storeAll();
  } catch {
    throw new Died('fail to store the configuration, ret=-4016');
  }
  settings.freeze();
}

/**
 * The whole start, on the ports of the process before it if there is one. Throws Died; a home that cannot be written fails
 * with the system's error and no log at all.
 */
export async function startProxy(
  home: string,
  line: CommandLine,
  inheritance?: Inheritance,
): Promise<RunningProxy> {
  makeFolders(home);
  const log = new Log(home);
  const counters = new Counters(home);
  counters.count('startAttempts');
  const mine = identity();
  const has = traits(mine.version);
  try {
    const store = await openStore(home);
    const settings = new Settings(mine.version, store, (text) => log.write('EDIAG', text));
    configure(settings, line, has.storesInDatabase);
    // All settings stand in a log of mode 0644, hashes of passwords included (OBProxy 4.3.1, observed).
    for (const { parameter, value } of settings.list())
      log.write('INFO', `[CONFIG] ${parameter.name} = ${value}`);

    const byUrl = settings.value('rootservice_list') === '';
    const configServer = new ConfigServer(home, settings, log);
    if (byUrl) await configServer.start();
    const proxy = new Listeners({
      home,
      settings,
      store,
      log,
      counters,
      configServer: byUrl ? configServer : undefined,
      inheritance,
      foreground: line.foreground,
    });
    try {
      await proxy.open();
    } catch (error) {
      configServer.stop();
      const code = (error as NodeJS.ErrnoException).code;
      throw new Died(
        `fail to listen, error: ${code === 'EADDRINUSE' ? 'Address already in use, errno=98' : String(code)}`,
      );
    }
    counters.count('starts');
    log.write('INFO', 'obproxy (stand-in) is serving');
    proxy.begin();
    return proxy;
  } catch (error) {
    log.write('EDIAG', `fail to start: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

interface Parts {
  readonly home: string;
  readonly settings: Settings;
  readonly store: Store;
  readonly log: Log;
  readonly counters: Counters;
  readonly configServer: ConfigServer | undefined;
  readonly inheritance: Inheritance | undefined;
  readonly foreground: boolean;
}

class Listeners implements RunningProxy {
  readonly done: Promise<void>;
  private readonly life: LifeCycle;
  private readonly sessions = new Sessions();
  private sql: MysqlServer | undefined;
  private rpc: Port | undefined;
  private metrics: Server | undefined;
  private userTraffic = false;
  /** Servers of clusters, as these listed them at the last login, `ip:sql_port`. */
  private readonly seen = new Map<string, readonly string[]>();

  constructor(private readonly parts: Parts) {
    const { settings, store, log, inheritance, foreground, configServer } = parts;
    this.life = new LifeCycle({
      settings,
      store,
      log,
      inheritance,
      foreground,
      words: typedWords(),
      connections: () => this.connections(),
      refuse: () => this.sql?.refuse(),
      ignore: () => this.sql?.ignore(),
      hold: () => this.hold(),
      release: () => this.release(),
      openMetrics: () => this.openMetrics(),
      closeMetrics: () => this.closeMetrics(),
      stopPolling: () => configServer?.stop(),
    });
    this.done = this.life.done;
  }

  /** When the ports are open and the start is counted. */
  begin(): void {
    if (this.parts.inheritance !== undefined) crashIfTold(this.parts.home);
    this.life.begin();
  }

  private connections(): number {
    return this.sql?.sessions() ?? 0;
  }

  private opensRpcPort(): boolean {
    const { hasRpcPort } = traits(identity().version);
    return hasRpcPort && this.parts.settings.isOn('enable_obproxy_rpc_service');
  }

  async open(): Promise<void> {
    const { home, settings, store, log, counters, configServer, inheritance } = this.parts;
    const mine = identity();
    const host = settings.value('local_bound_ip');
    // The rpc port taken kills the start as the SQL port does.
    if (this.opensRpcPort()) await this.openRpc(inheritance?.rpcFd);
    const clusters = configServer === undefined ? () => undefined : () => configServer.clusters();
    const parts: AdminParts = {
      identity: mine,
      has: traits(mine.version),
      settings,
      store,
      log,
      counters,
      sessions: this.sessions,
      clusters,
      configVersion: () => configServer?.version() ?? '',
      rootServersOf: (cluster) => configServer?.rootServersOf(cluster) ?? [],
      connections: () => this.connections(),
      status: () => this.life.status(),
      upgradeInfo: () => this.life.upgradeInfo(),
      forgetCluster: (name) => this.forgetCluster(name),
    };
    this.sql = await startMysqlServer<Session>(host, Number(settings.value('listen_port')), {
      inherited: inheritance?.sqlFd,
      serverVersion: '5.6.25',
      scramble: () => (isTrue(settings.value('enable_proxy_scramble')) ? undefined : CONSTANT_SCRAMBLE),
      login: (login) =>
        admit(
          {
            settings,
            sessions: this.sessions,
            counters,
            log,
            clusters,
            diagnosis: new Log(home, 'log/obproxy_diagnosis.log', 'PROXY.DIAGNOSIS'),
            userLogin: (cluster) => this.lookAtCluster(cluster),
            servesUsers: () => existsSync(path.join(home, '.standin/serve-users')),
          },
          login,
        ),
      query: (session, sql) => answerWhenReleased(home, sql, this.answer(parts, session, sql)),
      useDatabase: () => ({ kind: 'drop' }),
      ended: (session) => this.sessions.end(session),
    });
    await this.openMetrics();
  }

  /** Every statement outside of a transaction is one. */
  private answer(parts: AdminParts, session: Session, sql: string): Answer {
    const asked = /^\s*select\s+proxy_status\(\)/i.test(sql) || session.isAdministrator;
    const answer = asked ? administer(parts, sql) : userStatement(session, sql);
    if (session.inTransaction) return answer;
    session.transactions += 1;
    const last = this.life.sheds() || this.sessions.isOfDeletedCluster(session);
    return last ? { ...answer, last } : answer;
  }

  private forgetCluster(name: string): boolean {
    const isKnown = this.parts.configServer?.forget(name) === true || this.sessions.knowsCluster(name);
    if (isKnown) this.sessions.deleteCluster(name);
    return isKnown;
  }

  private async openRpc(fd?: number): Promise<void> {
    const { settings } = this.parts;
    this.rpc = new Port((socket) => socket.destroy());
    const place = { host: settings.value('local_bound_ip'), port: Number(settings.value('rpc_listen_port')) };
    await this.rpc.listen(fd === undefined ? place : { fd });
  }

  private async openMetrics(): Promise<void> {
    const { settings } = this.parts;
    // Also with enable_prometheus=false the port is open; only the odp_* lines are away (OBProxy 4.3.1, observed).
    this.metrics = await serveMetrics(Number(settings.value('prometheus_listen_port')), {
      userTraffic: () => this.userTraffic && settings.isOn('enable_prometheus'),
      sessions: () => this.connections(),
    });
  }

  private closeMetrics(): void {
    this.metrics?.closeAllConnections();
    this.metrics?.close();
  }

  private async hold(): Promise<{ sqlFd: number; rpcFd: number | undefined }> {
    const { sql, rpc } = this;
    if (sql === undefined) throw new Error('the SQL port is not open');
    if (traits(identity().version).handsOnRpcPort) {
      const [sqlFd, rpcFd] = await Promise.all([sql.hold(), rpc?.hold()]);
      return { sqlFd, rpcFd };
    }
    await rpc?.close();
    return { sqlFd: await sql.hold(), rpcFd: undefined };
  }

  private async release(): Promise<void> {
    await this.sql?.release();
    if (traits(identity().version).handsOnRpcPort) await this.rpc?.release();
    else if (this.opensRpcPort()) await this.openRpc();
  }

  /** Before a user's login goes on. */
  private async lookAtCluster(cluster: string): Promise<Verdict | GoodServer> {
    const { settings, configServer, store } = this.parts;
    this.userTraffic = true;
    if (configServer?.rootServersOf(cluster).length === 0) await configServer.fetchRootServers(cluster);
    const given =
      configServer?.rootServersOf(cluster).map(({ sqlAddress }) => sqlAddress) ??
      settings.value('rootservice_list').split(';');
    // While it runs it goes by the servers that it has seen, and falls back to what it was given when these are silent
    // (OceanBase documentation, ODP, "RootService list").
    const servers = [...(this.seen.get(cluster) ?? []), ...given];
    const hashes = ['observer_sys_password', 'observer_sys_password1'].map(
      (name) => store.clusterValue(cluster, name) ?? settings.value(name),
    );
    const { checkCluster } = await import('./clusterCheck');
    const verdict = await checkCluster(cluster, servers, hashes);
    if ('server' in verdict && verdict.listed.length > 0) this.seen.set(cluster, verdict.listed);
    return verdict;
  }
}
