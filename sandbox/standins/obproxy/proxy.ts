/** The proxy process itself: from an empty or a lived-in home to an open listener, and out again. */
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { type MysqlServer, startMysqlServer } from '../mysql/server';
import { type AdminParts, administer } from './admin';
import type { GoodServer, Verdict } from './clusterCheck';
import { type CommandLine, parseExtra } from './commandLine';
import { ConfigServer } from './configServer';
import { Counters } from './counters';
import { answerWhenReleased } from './heldAnswers';
import { identity, traits } from './identity';
import { Log } from './log';
import { admit } from './logins';
import { serveMetrics } from './metrics';
import { Settings } from './settings';
import { BrokenStore, Store } from './store';
import { isTrue } from './values';

/** With enable_proxy_scramble=false every greeting carries the same scramble (ob_mysql_client_session.cpp). */
const CONSTANT_SCRAMBLE = Buffer.from('aceaceaceaceaceacea!', 'latin1');
const EXIT_DELAY_MS = 500;

/** Thrown when the real one would die with a line in its log; the launcher has long said 0. */
export class Died extends Error {}

export interface RunningProxy {
  /** Resolves when the process should leave. */
  readonly done: Promise<void>;
}

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
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

/** The whole start. Throws Died; a home that cannot be written fails with the system's error and no log at all. */
export async function startProxy(home: string, line: CommandLine): Promise<RunningProxy> {
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
    const proxy = new Listeners(home, settings, store, log, counters, byUrl ? configServer : undefined);
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
    return proxy;
  } catch (error) {
    log.write('EDIAG', `fail to start: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

class Listeners implements RunningProxy {
  readonly done: Promise<void>;
  private leave: () => void = () => undefined;
  private sql: MysqlServer | undefined;
  private userTraffic = false;
  private status = 'ACTIVE';
  private leaving = false;

  constructor(
    private readonly home: string,
    private readonly settings: Settings,
    private readonly store: Store,
    private readonly log: Log,
    private readonly counters: Counters,
    private readonly configServer: ConfigServer | undefined,
  ) {
    this.done = new Promise((resolve) => {
      this.leave = resolve;
    });
  }

  async open(): Promise<void> {
    const { settings } = this;
    const mine = identity();
    const host = settings.value('local_bound_ip');
    const has = traits(mine.version);
    // The rpc port taken kills the start as the SQL port does.
    if (has.hasRpcPort && settings.isOn('enable_obproxy_rpc_service'))
      await listen(Number(settings.value('rpc_listen_port')), host);
    const { configServer } = this;
    const clusters = configServer === undefined ? () => undefined : () => configServer.clusters();
    const parts: AdminParts = {
      identity: mine,
      has,
      settings,
      store: this.store,
      log: this.log,
      counters: this.counters,
      clusters,
      configVersion: () => configServer?.version() ?? '',
      rootServersOf: (cluster) => configServer?.rootServersOf(cluster) ?? [],
      status: () => this.status,
      changed: (name) => this.changed(name),
    };
    this.sql = await startMysqlServer(host, Number(settings.value('listen_port')), {
      serverVersion: '5.6.25',
      scramble: () => (isTrue(settings.value('enable_proxy_scramble')) ? undefined : CONSTANT_SCRAMBLE),
      login: (login) =>
        admit(
          {
            settings,
            counters: this.counters,
            log: this.log,
            clusters,
            diagnosis: new Log(this.home, 'log/obproxy_diagnosis.log', 'PROXY.DIAGNOSIS'),
            userLogin: (cluster) => this.lookAtCluster(cluster),
          },
          login,
        ),
      query: (_session, sql) => answerWhenReleased(this.home, sql, administer(parts, sql)),
      useDatabase: () => ({ kind: 'drop' }),
    });
    // Also with enable_prometheus=false the port is open; only the odp_* lines are away (OBProxy 4.3.1, observed).
    await serveMetrics(Number(settings.value('prometheus_listen_port')), {
      userTraffic: () => this.userTraffic && settings.isOn('enable_prometheus'),
      sessions: () => this.sql?.sessions() ?? 0,
    });
    this.onSignals();
  }

  /** Before a user's login goes on. */
  private async lookAtCluster(cluster: string): Promise<Verdict | GoodServer> {
    const { settings, configServer, store } = this;
    this.userTraffic = true;
    if (configServer?.rootServersOf(cluster).length === 0) await configServer.fetchRootServers(cluster);
    const servers =
      configServer?.rootServersOf(cluster).map(({ sqlAddress }) => sqlAddress) ??
      settings.value('rootservice_list').split(';');
    const hashes = ['observer_sys_password', 'observer_sys_password1'].map(
      (name) => store.clusterValue(cluster, name) ?? settings.value(name),
    );
    const { checkCluster } = await import('./clusterCheck');
    return checkCluster(cluster, servers, hashes);
  }

  private onSignals(): void {
    process.on('SIGTERM', () => this.exit(EXIT_DELAY_MS));
    process.on('SIGINT', () => this.exit(EXIT_DELAY_MS));
    process.on('SIGHUP', () => undefined);
    process.on('SIGUSR1', () => this.exitGently());
  }

  /** New connections are taken and dropped; sessions work on for a moment. */
  private exit(delay: number): void {
    if (this.leaving) return;
    this.leaving = true;
    this.log.write('INFO', 'leaving');
    this.sql?.refuse();
    this.configServer?.stop();
    setTimeout(this.leave, delay);
  }

  /** Sessions may go on up to hot_upgrade_exit_timeout. */
  private exitGently(): void {
    const deadline = Date.now() + Number(this.settings.value('hot_upgrade_exit_timeout')) / 1000;
    this.sql?.refuse();
    const timer = setInterval(() => {
      if (this.sql?.sessions() !== 0 && Date.now() < deadline) return;
      clearInterval(timer);
      this.exit(EXIT_DELAY_MS);
    }, 100);
  }

  /** proxy_local_cmd is looked at only every proxy_hot_upgrade_check_interval. */
  private changed(name: string): void {
    if (name !== 'proxy_local_cmd') return;
    setTimeout(() => this.localCommand(), this.settings.milliseconds('proxy_hot_upgrade_check_interval'));
  }

  private localCommand(): void {
    const command = this.settings.value('proxy_local_cmd');
    this.settings.reset('proxy_local_cmd');
    if (command === '1') this.exit(EXIT_DELAY_MS);
    // Offline and online change only what a load balancer reads.
    if (command === '3') this.status = 'INACTIVE';
    if (command === '4') this.status = 'ACTIVE';
    if (command === '2') this.log.write('WDIAG', 'hot restart is not imitated by this stand-in');
  }
}
