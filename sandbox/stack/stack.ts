import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { addressText } from '../../runtime/addressText';
import { type DevServer, startDevServer } from '../../runtime/devServer';
import { type Fleet, startFleet, type TestHost } from '../hosts/fleet';
import { startObserver } from '../standins/observer';
import { ApiClient } from './apiClient';
import { freePort } from './freePort';
import { type ObflowProcess, startObflow } from './process';

export { freePort } from './freePort';

/** Passwords of the stand-in cluster; planted so that tests can look for them where they must not be. */
export interface StackSecrets {
  readonly admin: string;
  readonly sys: string;
  readonly proxyro: string;
}

export interface StackOptions {
  readonly hosts: number;
  /** `one`: `obflow up`; `split`: dev server, `obflow api` and `obflow worker`, so that each can be killed alone. */
  readonly processes: 'one' | 'split';
  /** Ports of API and Web UI; 0 = any free one. */
  readonly apiPort?: number;
  readonly uiPort?: number;
  /** Disks of the hosts that can become full. */
  readonly ownDisks?: boolean;
  /** A script to run as `<script> api` and `<script> worker` instead of the obflow command; default that command. */
  readonly program?: string;
  /** For the parts, above everything else. */
  readonly env?: NodeJS.ProcessEnv;
  /** PostgreSQL to use instead of a SQLite file in the data folder. */
  readonly databaseUrl?: string;
  /** Temporal to use instead of a dev server, `host:port`; only for `split`. */
  readonly temporalAddress?: string;
  readonly onStep?: (text: string) => void;
}

/** Everything of obflow on this machine: test hosts, an OceanBase stand-in, Temporal, API and worker. */
export interface Stack {
  readonly api: ApiClient;
  readonly fleet: Fleet;
  readonly observer: Awaited<ReturnType<typeof startObserver>>;
  readonly secrets: StackSecrets;
  readonly dataDir: string;
  readonly uiUrl: string;
  readonly temporalAddress: string;
  /** The environment the parts run in. */
  readonly env: NodeJS.ProcessEnv;
  readonly parts: { up?: ObflowProcess; api?: ObflowProcess; worker?: ObflowProcess };
  startApi(): Promise<void>;
  startWorker(): Promise<void>;
  /** Kills the Temporal server (SIGKILL), with split processes. */
  killTemporal(): Promise<void>;
  /** Starts it again on the same file and port. */
  startTemporal(): Promise<void>;
  /** Runs `obflow apply` on an inventory of all hosts and the cluster; returns what it printed. */
  apply(store?: unknown): Promise<string>;
  stop(): Promise<void>;
}

export const OB_CLUSTER = { name: 'obcluster', obClusterId: 1 } as const;

/** Brings everything up; on failure takes everything down again before it throws. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const say = options.onStep ?? (() => undefined);
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    const failures: unknown[] = [];
    for (const step of undo.reverse().splice(0)) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'obflow-stack-'));
    undo.push(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
    const secrets: StackSecrets = {
      admin: secret('Adm'),
      sys: secret('Sys'),
      proxyro: secret('Pro'),
    };
    say(`starting ${options.hosts} test hosts`);
    const fleet = await startFleet({ hosts: options.hosts, ownDisks: options.ownDisks ?? false });
    undo.push(() => fleet.stop());
    const observer = await startObserver({
      host: fleet.gateway,
      port: 0,
      clusterName: OB_CLUSTER.name,
      obClusterId: OB_CLUSTER.obClusterId,
      users: { 'root@sys': secrets.sys, 'proxyro@sys': secrets.proxyro },
    });
    undo.push(() => observer.stop());

    const apiPort = await freePort(options.apiPort);
    const env: NodeJS.ProcessEnv = {
      ...inheritedEnvironment(),
      OBFLOW_DATA_DIR: dataDir,
      OBFLOW_LISTEN: `127.0.0.1:${apiPort},${addressText(fleet.gateway, apiPort)}`,
      OBFLOW_PUBLIC_URL: `http://${addressText(fleet.gateway, apiPort)}`,
      ...(options.databaseUrl === undefined ? {} : { OBFLOW_DATABASE_URL: options.databaseUrl }),
      OBFLOW_ADMIN_PASSWORD: secrets.admin,
      // Test hosts share the memory and the kernel of this machine.
      OBFLOW_HOST_REQUIREMENTS: 'small',
      // One client here polls hundreds of tasks at once.
      OBFLOW_RATE_LIMIT: 'off',
      OBFLOW_TEMPORAL_PORT: String(await freePort()),
      OBFLOW_TEMPORAL_UI_PORT: String(await freePort(options.uiPort)),
      ...options.env,
    };
    let devServer: DevServer | undefined;
    const api = new ApiClient(`http://127.0.0.1:${apiPort}`, 'admin', secrets.admin);
    const stack: Stack = {
      api,
      fleet,
      observer,
      secrets,
      dataDir,
      uiUrl: `http://127.0.0.1:${env.OBFLOW_TEMPORAL_UI_PORT}`,
      temporalAddress: options.temporalAddress ?? `127.0.0.1:${env.OBFLOW_TEMPORAL_PORT}`,
      env,
      parts: {},
      async startApi() {
        stack.parts.api = startObflow(['api'], env, path.join(dataDir, 'api.log'), options.program);
        await stack.parts.api.line(/^ready: /);
      },
      async startWorker() {
        stack.parts.worker = startObflow(['worker'], env, path.join(dataDir, 'worker.log'), options.program);
        await stack.parts.worker.line(/^ready/);
      },
      async killTemporal() {
        const died = devServer?.died;
        process.kill(Number(await readFile(path.join(dataDir, 'temporal.pid.server'), 'utf8')), 'SIGKILL');
        await died;
      },
      async startTemporal() {
        devServer = await startDevServer({
          dataDir,
          port: Number(env.OBFLOW_TEMPORAL_PORT),
          uiPort: Number(env.OBFLOW_TEMPORAL_UI_PORT),
          persistent: true,
        });
      },
      apply: (store) => apply(stack, store ?? wholeStore(stack)),
      stop,
    };
    undo.push(async () => {
      await Promise.all(Object.values(stack.parts).map((part) => part?.stop()));
    });

    say('starting Temporal, API and worker');
    if (options.processes === 'one') {
      stack.parts.up = startObflow(['up'], env, path.join(dataDir, 'up.log'));
      await stack.parts.up.line(/^ready: /);
    } else if (options.temporalAddress !== undefined) {
      env.TEMPORAL_ADDRESS = options.temporalAddress;
      await Promise.all([stack.startApi(), stack.startWorker()]);
    } else {
      await stack.startTemporal();
      undo.splice(-1, 0, async () => devServer?.stop());
      env.TEMPORAL_ADDRESS = stack.temporalAddress;
      await Promise.all([stack.startApi(), stack.startWorker()]);
    }
    return stack;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The inventory file's content: one credential for all hosts, every host, and the linked cluster. */
export function wholeStore(stack: Stack): Record<string, unknown> {
  return {
    credentials: [
      { name: 'test-hosts', kind: 'SSH_KEY', username: 'root', privateKeyFile: 'id' },
      { name: 'ob-sys', kind: 'DATABASE', username: 'root@sys', passwordEnv: 'STACK_SYS_PASSWORD' },
      {
        name: 'ob-proxyro',
        kind: 'DATABASE',
        username: 'proxyro@sys',
        passwordEnv: 'STACK_PROXYRO_PASSWORD',
      },
    ],
    hosts: stack.fleet.hosts.map((host, index) => ({
      ip: host.ip,
      sshPort: host.sshPort,
      credential: 'test-hosts',
      hostKey: host.hostKey,
      idc: `idc${(index % 3) + 1}`,
      region: 'region1',
    })),
    obClusters: [
      {
        ...OB_CLUSTER,
        version: '4.2.1.0',
        rootServers: [{ ip: stack.fleet.gateway, sqlPort: stack.observer.port, rpcPort: 2882 }],
        sysCredential: 'ob-sys',
        proxyroCredential: 'ob-proxyro',
      },
    ],
  };
}

/** Ids in obflow of hosts of the fleet, in the given order. */
export async function inventoryIds(stack: Stack, hosts: readonly TestHost[]): Promise<number[]> {
  const known = await stack.api.call<{ contents: { id: number; innerIpAddress: string }[] }>(
    'GET',
    '/api/v2/compute/hosts?size=2000',
  );
  return hosts.map(({ ip }) => {
    const row = known.contents.find(({ innerIpAddress }) => innerIpAddress === ip);
    if (row === undefined) throw new Error(`host ${ip} is not declared`);
    return row.id;
  });
}

async function apply(stack: Stack, store: unknown): Promise<string> {
  const folder = await mkdtemp(path.join(stack.dataDir, 'inventory-'));
  await writeFile(path.join(folder, 'id'), stack.fleet.privateKey, { mode: 0o600 });
  const file = path.join(folder, 'inventory.yaml');
  await writeFile(file, stringify(store));
  const run = startObflow(
    ['apply', file],
    {
      ...stack.env,
      OBFLOW_URL: stack.api.url,
      OBFLOW_USER: 'admin',
      OBFLOW_PASSWORD: stack.secrets.admin,
      STACK_SYS_PASSWORD: stack.secrets.sys,
      STACK_PROXYRO_PASSWORD: stack.secrets.proxyro,
    },
    path.join(stack.dataDir, 'apply.log'),
  );
  const code = await run.exited;
  await rm(folder, { recursive: true, force: true });
  if (code !== 0) throw new Error(`obflow apply failed (exit ${code}): ${run.output()}`);
  return run.output();
}

/** The caller's environment without settings that would lead a part of this stack elsewhere. */
function inheritedEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(OBFLOW_(?!TEMPORAL_CLI)|TEMPORAL_)/.test(name)),
  );
}

/** A password that fits OBProxy's rules: 2 digits, upper, lower and special characters at least. */
function secret(prefix: string): string {
  return `${prefix}${randomBytes(6).toString('hex')}Aa17_.`;
}
