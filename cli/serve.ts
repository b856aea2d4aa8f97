import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ActivityDeps } from '../activities/types';
import type { RunningApi } from '../api/server';
import type { Hosts } from '../hosts/types';
import { defaultPublicUrl, type RuntimeConfig, readConfig } from '../runtime/config';
import { TransientError } from '../runtime/errors';
import { createLogger, type Logger, logFormat } from '../runtime/logger';
import { freePort } from '../runtime/ports';
import { leadsToItself } from '../runtime/publicUrl';
import type { TemporalHandle } from '../runtime/temporal';
import { temporalIsConfigured } from '../runtime/temporalPlace';
import type { Store, TemporalNamespace } from '../store/types';
import type { RunningWorker } from '../worker/main';
import { makeDataDir } from './dataDir';
import { load, type Part } from './load';
import { startMonitoring } from './monitoring';
import { complain, say, tellLog, textOf } from './output';
import { keepPublicUrl } from './publicUrlFile';
import { Shutdown } from './shutdown';
import { ownStatus } from './trust';

export interface ServeOptions {
  /** Starts a Temporal dev server unless another Temporal is configured. */
  readonly ownTemporal: boolean;
  /** The worker's activities; default the catalogue's. */
  readonly activities?: (deps: ActivityDeps) => object;
}

/** A dev server forgets closed workflows after a day unless told otherwise. */
const RETENTION_DAYS = 90;
const CONNECT_AGAIN_MS = 2_000;

/** What both parts stand on. */
interface Ground {
  readonly config: RuntimeConfig;
  readonly logger: Logger;
  readonly temporal: TemporalHandle;
  readonly store: Store;
  readonly hosts: Hosts;
}

/**
 * Runs the parts in the foreground until a signal, then drains them; sets the process's exit code. Prints where
 * what is, and last `ready: <api url>` (or `ready: worker …`) when the first request would succeed.
 */
export async function serve(parts: readonly Part[], options: ServeOptions): Promise<void> {
  const read = readConfig();
  const config = await withFreePorts(read.config);
  const logger = createLogger('obflow', config.logLevel, config.logFormat);
  if (logFormat(config.logFormat) === 'json') tellLog(logger, { everything: config.logFormat === 'json' });
  for (const warning of read.warnings) complain(`Warning: ${warning}`);

  const shutdown = new Shutdown();
  const failed = await shutdown.during(async () => {
    makeDataDir(config.dataDir);
    say(`Data folder: ${config.dataDir}`);
    const failures: Promise<never>[] = [];
    // While Temporal starts on another core, this one reads what comes next; not before, or Temporal would wait for it.
    const temporalStarts = event();
    const meanwhile = temporalStarts.happened.then(() =>
      Promise.all([openDatabase(config, parts.includes('api')), load(parts)]),
    );
    const [{ temporal, uiUrl, namespace }, [store]] = await Promise.all([
      openTemporal(config, options.ownTemporal, shutdown, failures, temporalStarts.happen),
      meanwhile,
    ]);
    shutdown.add(undefined, () => store.close());
    await useTemporal(store, namespace, config.acceptTemporal);
    const { createHosts } = await import('../hosts');
    const hosts = createHosts({
      pinHostKey: (id, fingerprint) => store.hosts.pinHostKey(id, fingerprint),
      addresses: config.addresses,
      loginSeconds: config.sshLoginSeconds,
      logger,
    });
    shutdown.add(undefined, () => hosts.close());
    const temporalUiUrl = config.temporalUiUrl ?? uiUrl;
    const ground: Ground = { config: { ...config, temporalUiUrl }, logger, temporal, store, hosts };
    // The worker first: its thread gets ready on another core while this one makes the API.
    const threadStarts = event();
    const starting = parts.includes('worker')
      ? startWorkerPart(ground, options.activities, shutdown, failures, threadStarts.happen)
      : undefined;
    const [worker, api] = await Promise.all([
      starting,
      parts.includes('api')
        ? Promise.race([threadStarts.happened, starting]).then(() => startApiPart(ground, shutdown))
        : undefined,
    ]);
    await startMonitoring({ ...ground, hosts, worker, api }, shutdown);
    const ready = api?.urls[0] ?? `worker of ${config.taskQueue}`;
    say(`ready: ${ready}`);
    return failures;
  });
  process.exit(await shutdown.finished(failed));
}

/** @param launched called when Temporal runs, or has been started, though it may not answer yet */
async function openTemporal(
  config: RuntimeConfig,
  ownTemporal: boolean,
  shutdown: Shutdown,
  failures: Promise<never>[],
  launched: () => void,
): Promise<{ temporal: TemporalHandle; uiUrl?: string; namespace: TemporalNamespace }> {
  if (ownTemporal && !temporalIsConfigured()) {
    const { startDevServer } = await import('../runtime/devServer');
    const server = await startDevServer({
      dataDir: config.dataDir,
      port: config.temporalPort,
      uiPort: config.temporalUiPort,
      persistent: true,
      onProgress: say,
      onLaunched: launched,
    });
    shutdown.add('Stopping Temporal.', () => server.stop());
    const died = server.died.then((text) => {
      throw new Error(text);
    });
    failures.push(noticed(died));
    const { connectTemporal, prepareNamespace } = await import('../runtime/temporal');
    const temporal = await connectTemporal({ address: server.address });
    shutdown.add(undefined, () => temporal.close());
    const id = await prepareNamespace(temporal, { retentionDays: RETENTION_DAYS });
    say(`Temporal: ${server.address} (own dev server, log in ${server.logFile})`);
    say(`Temporal Web UI: ${server.uiUrl}`);
    const { namespace: name, address } = temporal;
    return { temporal, uiUrl: server.uiUrl, namespace: { id, name, address, ownIn: config.dataDir } };
  }
  launched();
  const { connectTemporal, prepareNamespace } = await import('../runtime/temporal');
  const { temporal, id } = await whenReachable(async () => {
    const connected = await connectTemporal(
      temporalIsConfigured() ? {} : { address: `127.0.0.1:${config.temporalPort}` },
    );
    try {
      return { temporal: connected, id: await prepareNamespace(connected) };
    } catch (error) {
      await connected.close();
      throw error;
    }
  });
  shutdown.add(undefined, () => temporal.close());
  const { namespace: name, address } = temporal;
  say(`Temporal: ${address}, namespace ${name}`);
  return { temporal, namespace: { id, name, address } };
}

/** Throws PermanentError when open tasks are in another one. */
async function useTemporal(
  store: Store,
  namespace: TemporalNamespace,
  accepted: string | undefined,
): Promise<void> {
  if (namespace.id === '') {
    complain(
      'Warning: this Temporal does not tell the id of its namespace: another one would not be noticed.',
    );
    return;
  }
  const changed = await store.temporal.use(namespace, accepted);
  if (changed === undefined) return;
  const { former, lost } = changed;
  say(`The database was last used with another Temporal: ${former}. New tasks go to this one.`);
  if (lost.length > 0) {
    complain(
      `Warning: open tasks of that one (${lost.join(', ')}) cannot go on; they are FAILED in ten minutes and release their locks.`,
    );
  }
}

/** A restart during an outage of Temporal should wait for its end, not fail in a loop. */
async function whenReachable<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      complain(`${textOf(error)} Trying again in ${CONNECT_AGAIN_MS / 1000} s.`);
      await delay(CONNECT_AGAIN_MS);
    }
  }
}

async function openDatabase(config: RuntimeConfig, firstUser: boolean): Promise<Store> {
  const { openStore } = await import('../store');
  const store = await openStore({
    databaseUrl: config.databaseUrl,
    masterKeyFile: config.masterKeyFile,
    onWaiting: () => say('Waiting for the database: another obflow may be bringing its schema up to date.'),
  });
  const password = config.adminPassword ?? randomBytes(12).toString('base64url');
  if (firstUser && (await store.users.ensureAdmin(password)) && config.adminPassword === undefined) {
    say(`First start: the user is admin, the password is ${password} (shown this once, keep it).`);
  }
  return store;
}

/**
 * Its end is the first thing that is added: the worker ends after the API, a request under way may still need it.
 *
 * @param launched called when its thread has been started, or cannot be for now
 */
async function startWorkerPart(
  ground: Ground,
  activities: ServeOptions['activities'],
  shutdown: Shutdown,
  failures: Promise<never>[],
  launched: () => void,
): Promise<RunningWorker> {
  let worker: RunningWorker | undefined;
  shutdown.add('Waiting for running steps of tasks; the others go on at the next start.', async () =>
    worker?.drain(),
  );
  const { startWorker } = await import('../worker/main');
  const { startStored } = await import('../api/tasks/temporal/starter');
  const { temporal, config, store } = ground;
  const starting = { temporal, taskQueue: config.taskQueue, tasks: store.tasks };
  // A subtask that submits a task need not wait until an API server finds it.
  const able: Ground & ActivityDeps = {
    ...ground,
    startTask: (plan, workflowType) => startStored(starting, plan, workflowType),
  };
  const deps = activities === undefined ? able : { ...able, activities: activities(able) };
  worker = await whenReachable(() => startWorker({ ...deps, onLaunched: launched }).finally(launched));
  failures.push(noticed(worker.failed));
  const { BackgroundLook } = await import('../worker/look');
  const look = new BackgroundLook(ground);
  shutdown.add(undefined, () => look.stop());
  return worker;
}

/** Resolves once it answers. */
async function startApiPart(ground: Ground, shutdown: Shutdown): Promise<RunningApi> {
  const { createTaskService } = await import('../api/tasks/service');
  const { startApi } = await import('../api/server');
  const tasks = createTaskService(ground);
  const reconciler = tasks.startReconciler();
  shutdown.add(undefined, () => reconciler.stop());
  const { startPruning } = await import('../api/upkeep/pruning');
  const pruning = startPruning(ground);
  shutdown.add(undefined, () => pruning.stop());
  const api = await startApi({ ...ground, tasks });
  shutdown.add('Answering the requests under way, taking no new ones.', () => api.stop());
  // At a terminal SIGHUP says that the terminal is gone.
  if (ground.config.http.tls !== undefined && !process.stdin.isTTY) {
    process.on('SIGHUP', () => api.reloadCertificate());
  }
  const url =
    api.urls.find((one) => one.startsWith('https:')) ?? api.urls[0] ?? defaultPublicUrl(ground.config.listen);
  const status = await ownStatus(url);
  if (status !== 200) throw new Error(`The API at ${url} answers /api/status with ${status}`);
  keepPublicUrl(ground.config);
  say(`API: ${api.urls.join(', ')}; ${reachOfHosts(ground.config.publicUrl)}`);
  say(`API documentation: ${url}/api-docs`);
  return api;
}

function reachOfHosts(publicUrl: string): string {
  return leadsToItself(publicUrl)
    ? 'hosts elsewhere cannot reach it, so no OBProxies in CONFIG_URL mode can be added there: OBFLOW_LISTEN and OBFLOW_PUBLIC_URL decide'
    : `hosts reach it at ${publicUrl}`;
}

/** Something that happens once, and who waits for it. */
function event(): { readonly happened: Promise<void>; readonly happen: () => void } {
  let happen: () => void = () => undefined;
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { happened, happen };
}

/** A failure before somebody waits for it must not end the process on the spot. */
function noticed(failure: Promise<never>): Promise<never> {
  failure.catch(() => undefined);
  return failure;
}

/** Port 0 becomes a free port before anything starts, because worker and hosts must be told the same URL. */
async function withFreePorts(config: RuntimeConfig): Promise<RuntimeConfig> {
  const listen = await Promise.all(
    config.listen.map(async (at) => ({ ...at, port: at.port === 0 ? await freePort(at.host) : at.port })),
  );
  const tls = config.http.tls !== undefined;
  const byDefault = config.publicUrl === defaultPublicUrl(config.listen, tls);
  return { ...config, listen, publicUrl: byDefault ? defaultPublicUrl(listen, tls) : config.publicUrl };
}
