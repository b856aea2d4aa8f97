import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Route } from '../../api/route';
import { startApi } from '../../api/server';
import { openTask, submittedTask } from '../../api/tasks/document/document';
import { FoldedTask } from '../../api/tasks/document/fold';
import { createTaskService, type TaskService } from '../../api/tasks/service';
import { createHosts } from '../../hosts';
import type { Hosts } from '../../hosts/types';
import type { AddressPolicy } from '../../runtime/addresses';
import { type RuntimeConfig, readConfig } from '../../runtime/config';
import { TransientError } from '../../runtime/errors';
import type { HttpSettings } from '../../runtime/httpSettings';
import { createLogger, type Logger } from '../../runtime/logger';
import type { TemporalHandle } from '../../runtime/temporal';
import { openStore } from '../../store';
import type { PackageRow, Store } from '../../store/types';
import type { Plan } from '../../workflows/plan';
import { ANY_ADDRESS } from '../support/addresses';
import { answerCheck } from '../support/declaredAnswers';
import { CHEAP_PASSWORDS } from '../support/store';

export const PASSWORD = 'Planted.Adm1n+pass';

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly body: Json;
  readonly headers: Headers;
  readonly text: string;
}

/** For whatever may be declared: nobody is contacted. */
const UNREACHABLE: Hosts = {
  open: async ({ ip }) => {
    throw new TransientError({
      type: 'HostUnreachable',
      tried: 'log in',
      where: ip,
      cameBack: 'nothing',
      next: '',
    });
  },
  close: async () => undefined,
};

export interface TestApi {
  readonly url: string;
  /** One per listening address. */
  readonly urls: readonly string[];
  readonly routes: readonly Route[];
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly store: Store;
  /** Plans handed to the task service for starting. */
  readonly started: Plan[];
  /** What the API was started with. */
  readonly services: Parameters<typeof startApi>[0];
  /** The real one, with `temporal`. */
  readonly tasks: TaskService;
  readonly commands: { taskId: number; subtaskId?: number; requestId: string; who: string }[];
  /** Fails, too, when the answer is not one that the route declares in the API document. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Counts of everything a request could leave behind. */
  traces(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

/**
 * The API over a real inventory. Without `temporal` a task service that only notes what it is asked to start stands
 * at that border. With `dataDir` it works on the database of another one, which is stopped last.
 */
export async function startTestApi(
  options: {
    temporal?: TemporalHandle;
    taskQueue?: string;
    dataDir?: string;
    databaseUrl?: string;
    unreachableHosts?: true;
    /** Instead of real ones. */
    hosts?: Hosts;
    http?: Partial<HttpSettings>;
    logger?: Logger;
    listen?: RuntimeConfig['listen'];
    /** Default: any. */
    addresses?: AddressPolicy;
    servicesToken?: string;
    publicUrl?: string;
  } = {},
): Promise<TestApi> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(os.tmpdir(), 'obflow-api-')));
  const databaseUrl = options.databaseUrl ?? `file:${path.join(dataDir, 'obflow.db')}`;
  const store = await openStore({
    databaseUrl,
    masterKeyFile: path.join(dataDir, 'master.key'),
    passwordCost: CHEAP_PASSWORDS,
  });
  await store.users.ensureAdmin(PASSWORD);
  const addresses = options.addresses ?? ANY_ADDRESS;
  const hosts =
    options.hosts ??
    (options.unreachableHosts
      ? UNREACHABLE
      : createHosts({ pinHostKey: (id, key) => store.hosts.pinHostKey(id, key), addresses }));
  const started: Plan[] = [];
  const commands: TestApi['commands'] = [];
  const documentOf = async (taskId: number) =>
    openTask(new FoldedTask((await store.tasks.find(taskId))!.plan), new Map());
  const noteTask: TaskService['retryTask'] = async (taskId, command) => {
    commands.push({ taskId, ...command });
    return documentOf(taskId);
  };
  const noteSubtask: TaskService['retrySubtask'] = async (taskId, subtaskId, command) => {
    commands.push({ taskId, subtaskId, ...command });
    return (await (await documentOf(taskId)).subtasks.all()).find(({ id }) => id === subtaskId)!;
  };
  const tasks: TaskService = {
    submitted: submittedTask,
    start: async (plan) => {
      // Committed before it is started: the row must be readable from outside by now.
      if ((await store.tasks.find(plan.taskId)) === undefined) throw new Error('started before stored');
      started.push(plan);
    },
    startAll: async (plans, workflowType) => {
      for (const plan of plans) await tasks.start(plan, workflowType);
    },
    read: async (taskId) => ((await store.tasks.find(taskId)) === undefined ? undefined : documentOf(taskId)),
    basic: async (rows) =>
      rows.map((row) => ({
        id: row.id,
        name: row.name,
        status: row.status,
        creator: row.creator,
        startTime: row.createTime,
        operation: row.operation,
        hosts: [],
        subtasks: [],
      })),
    retryTask: noteTask,
    rollbackTask: noteTask,
    abandonTask: noteTask,
    retrySubtask: noteSubtask,
    skipSubtask: noteSubtask,
    cancelSubtask: noteSubtask,
    startReconciler: () => ({ stop: async () => undefined }),
  };
  const config: RuntimeConfig = {
    ...readConfig({}).config,
    listen: options.listen ?? [{ host: '127.0.0.1', port: 0 }],
    publicUrl: options.publicUrl ?? 'http://10.9.8.7:8080',
    dataDir,
    taskQueue: options.taskQueue ?? 'none',
    logLevel: 'silent',
    addresses,
    servicesToken: options.servicesToken,
    hostRequirements: 'small',
    http: { ...readConfig({}).config.http, rateLimit: [], addressRateLimit: [], ...options.http },
  };
  const logger = options.logger ?? createLogger('api', 'silent');
  const noTemporal = {
    connection: { withDeadline: () => Promise.reject(new Error('no Temporal here')) },
  } as unknown as TemporalHandle;
  const { temporal } = options;
  const service = temporal && createTaskService({ temporal, store, config, logger });
  const services = {
    config,
    store,
    hosts,
    temporal: temporal ?? noTemporal,
    tasks: service ?? tasks,
    logger,
  };
  const api = await startApi(services);
  const check = answerCheck(api.routes);
  const url = api.urls[0]!;
  const send: TestApi['send'] = async (method, where, body, headers = {}) => {
    const raw = typeof body === 'string' || body instanceof FormData || body instanceof Uint8Array;
    const response = await fetch(url + where, {
      method,
      headers: {
        authorization: basic('admin', PASSWORD),
        ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const type = response.headers.get('content-type');
    if (method !== 'HEAD') check(method, where, { status: response.status, type, text });
    const json = type?.includes('json') ? JSON.parse(text) : undefined;
    return { status: response.status, body: json, headers: response.headers, text };
  };
  return {
    url,
    urls: api.urls,
    routes: api.routes,
    dataDir,
    databaseUrl,
    store,
    started,
    services,
    tasks: service ?? tasks,
    commands,
    send,
    async traces() {
      const page = { page: 1, size: 1000 };
      const clusters = await store.obproxy.listClusters(page);
      const rows = await store.hosts.list({}, page);
      const obClusters = await store.obClusters.list(page);
      const observers = await Promise.all(obClusters.contents.map(({ id }) => store.obServers.ofCluster(id)));
      const resources = [
        ...rows.contents.map(({ id }) => `host:${id}:OB_CLUSTER`),
        ...obClusters.contents.map(({ id }) => `ob_cluster:${id}`),
        ...rows.contents.map(({ id }) => `host:${id}:OB_PROXY`),
        ...[...clusters.contents.map(({ id }) => id), 900].map((id) => `obproxy_cluster:${id}`),
      ];
      const holders = await Promise.all(resources.map((resource) => store.locks.holder(resource)));
      return {
        clusters: clusters.totalElements,
        hosts: rows.totalElements,
        servers: clusters.contents.reduce((sum, { servers }) => sum + servers.length, 0),
        observers: observers.flat().length,
        tasks: (await store.tasks.list({}, page)).totalElements,
        locks: holders.filter((holder) => holder !== undefined).length,
        packages: (await store.packages.list({}, page)).totalElements,
        files: (await readdir(path.join(dataDir, 'packages')).catch(() => [])).length,
        started: started.length,
      };
    },
    async stop() {
      await api.stop();
      await hosts.close();
      await store.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** Numbers the packages, so that each has its own content. */
let packages = 0;

/** A package row without its file: what operations look at. */
export async function givenPackage(
  store: Store,
  part: { name?: string; version: string; release: string; architecture?: string; home?: string | null },
): Promise<PackageRow> {
  packages += 1;
  const { name = 'obproxy', version, release, architecture = 'x86_64' } = part;
  return store.packages.add({
    fileName: `${name}-${version}-${release}.${architecture}.rpm`,
    name,
    version,
    release,
    architecture,
    operatingSystem: release.split('.')[1] ?? null,
    size: 1000,
    sha256: String(packages).padStart(64, '0'),
    sha1: String(packages).padStart(40, '0'),
    type: 'OBPROXY_INSTALL_PACKAGE',
    home: part.home === undefined ? `/opt/taobao/install/obproxy-${version}` : part.home,
  });
}

/** A declared host, as if it had been reached. */
export async function givenHost(
  store: Store,
  ip: string,
  facts: { architecture?: string; osId?: string; osMajor?: string } = {},
  sshPort = 22,
  idcName = 'am171',
): Promise<number> {
  const credential = await store.credentials.put({
    name: 'root',
    kind: 'SSH_PASSWORD',
    username: 'root',
    secret: 'Planted.ssh',
  });
  const { id } = await store.hosts.put({
    ip,
    sshPort,
    name: null,
    credentialId: credential.id,
    hostKey: null,
    idcName,
    regionName: 'hangzhou',
  });
  await store.hosts.recordFacts(id, {
    hostname: `host-${ip}`,
    architecture: facts.architecture ?? 'x86_64',
    kernel: '3.10.0-1160.el7.x86_64',
    osId: facts.osId ?? 'centos',
    osLike: facts.osId === 'debian' ? '' : 'rhel fedora',
    osMajor: facts.osMajor ?? '7',
  });
  await store.hosts.recordStatus(id, 'AVAILABLE');
  return id;
}

export async function givenObCluster(
  store: Store,
  name: string,
  obClusterId = 1,
  ip = '10.0.0.1',
  more: { version?: string; sqlPort?: number; type?: 'PRIMARY' | 'STANDBY' } = {},
): Promise<number> {
  const credential = await store.credentials.put({
    name: 'database',
    kind: 'DATABASE',
    username: 'root',
    secret: 'Planted.db',
  });
  const { id } = await store.obClusters.put({
    name,
    obClusterId,
    version: more.version ?? '4.2.1.0',
    type: more.type ?? 'PRIMARY',
    rootServers: [{ ip, sqlPort: more.sqlPort ?? 2881, rpcPort: 2882 }],
    sysCredentialId: credential.id,
    proxyroCredentialId: credential.id,
  });
  return id;
}

export async function givenProxyCluster(
  store: Store,
  name: string,
  links: Parameters<Store['obproxy']['addCluster']>[0]['links'] = [],
): Promise<number> {
  return store.obproxy.addCluster({
    name,
    address: null,
    port: null,
    workMode: 'CONFIG_URL',
    startupParameters: [],
    parameters: [],
    runUser: 'admin',
    proxysysPassword: 'Planted.AA11++xx',
    creator: { id: 100, name: 'admin' },
    links,
  });
}
