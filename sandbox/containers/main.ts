/**
 * The profile "demo" of docker-compose.yml: waits for its hosts, declares them, and installs OBProxies (stand-ins) on
 * them by the documented requests. It stays afterwards, because it is the OceanBase stand-in that they link to.
 * DEMO_FOLDER is shared with the hosts, DEMO_HOSTS is their number; OBFLOW_URL and OBFLOW_PASSWORD_FILE as for any
 * client command.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { apply } from '../../cli/apply/apply';
import { table } from '../../cli/table';
import { CLIENT_SETTINGS } from '../../runtime/clientSettings';
import { ownAddress } from '../../runtime/config';
import { readSettings } from '../../runtime/setting';
import { ApiClient, type TaskJson } from '../stack/apiClient';
import { startObserver } from '../standins/observer';
import { buildObproxyRpm } from '../standins/rpm';
import { type AnnouncedHost, admitDemo, announcedHosts } from './hosts';

const CLUSTER = { name: 'obcluster', obClusterId: 1 };
const INSTALLED_WITHIN_MS = 600_000;

interface Login {
  readonly sys: string;
  readonly proxyro: string;
}

async function main(): Promise<number> {
  const { env } = process;
  const { url, password } = readSettings(CLIENT_SETTINGS, env);
  if (password === undefined) throw new Error('Set OBFLOW_PASSWORD_FILE.');
  const folder = env.DEMO_FOLDER ?? '/demo';
  const address = env.DEMO_ADDRESS ?? ownAddress();
  const api = new ApiClient(url, 'admin', password);

  const privateKey = admitDemo(folder);
  const hosts = await announcedHosts(folder, Number(env.DEMO_HOSTS ?? '3'));
  console.log(`Hosts: ${hosts.map(({ ip }) => ip).join(', ')}`);
  const login: Login = { sys: secret(), proxyro: secret() };
  const observer = await startObserver({
    host: address,
    port: 0,
    clusterName: CLUSTER.name,
    obClusterId: CLUSTER.obClusterId,
    users: { 'root@sys': login.sys, 'proxyro@sys': login.proxyro },
  });

  const declared = await declare(store(hosts, { ip: address, sqlPort: observer.port }), privateKey, {
    ...env,
    DEMO_SYS_PASSWORD: login.sys,
    DEMO_PROXYRO_PASSWORD: login.proxyro,
  });
  const failed = declared !== 0 || (await install(api)).some(({ status }) => status !== 'SUCCESSFUL');
  if (env.DEMO_EXIT === '1') {
    await observer.stop();
    return failed ? 1 : 0;
  }
  console.log('The OceanBase stand-in runs until this container is stopped.');
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => void observer.stop().then(() => resolve(failed ? 1 : 0)));
    }
  });
}

function store(
  hosts: readonly AnnouncedHost[],
  observer: { ip: string; sqlPort: number },
): Record<string, unknown> {
  const database = (name: keyof Login, username: string) => ({
    name: `demo-${name}`,
    kind: 'DATABASE',
    username,
    passwordEnv: `DEMO_${name.toUpperCase()}_PASSWORD`,
  });
  return {
    credentials: [
      { name: 'demo-hosts', kind: 'SSH_KEY', username: 'root', privateKeyFile: 'id' },
      database('sys', 'root@sys'),
      database('proxyro', 'proxyro@sys'),
    ],
    hosts: hosts.map(({ ip, hostKey, sshPort }) => ({
      ip,
      sshPort,
      credential: 'demo-hosts',
      hostKey,
      idc: 'idc1',
      region: 'region1',
    })),
    obClusters: [
      {
        ...CLUSTER,
        version: '4.2.1.0',
        rootServers: [{ ...observer, rpcPort: 2882 }],
        sysCredential: 'demo-sys',
        proxyroCredential: 'demo-proxyro',
      },
    ],
  };
}

/** `obflow apply`; resolves to its exit code. */
async function declare(content: unknown, privateKey: string, env: NodeJS.ProcessEnv): Promise<number> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-demo-'));
  try {
    writeFileSync(path.join(folder, 'id'), privateKey, { mode: 0o600 });
    const file = path.join(folder, 'inventory.yaml');
    writeFileSync(file, stringify(content));
    return await apply(file, { dryRun: false, env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Uploads the package, creates an OBProxy cluster and installs it on every host; resolves to the tasks. */
async function install(api: ApiClient): Promise<TaskJson[]> {
  const rpm = await buildObproxyRpm({ name: 'obproxy', version: '1.9.1.1', release: '1919579.el7' });
  const { fileName } = await api.uploadPackage(rpm);
  const created = await api.call<TaskJson & { obproxyClusterId: number }>(
    'POST',
    '/api/v2/obproxy/clusters',
    {
      obproxyInstallParam: { hostIds: [] },
      obLinks: [{ clusterName: CLUSTER.name, username: 'proxyro', obClusterId: CLUSTER.obClusterId }],
      name: 'OBProxy001',
      address: 'foo.bar',
      port: 2883,
      workMode: 'CONFIG_URL',
    },
  );
  const [creation] = await api.settled([created.id]);
  if (creation?.status !== 'SUCCESSFUL') return creation === undefined ? [] : [creation];
  const all = await api.call<{ contents: { id: number; innerIpAddress: string }[] }>(
    'GET',
    '/api/v2/compute/hosts?size=100&sort=id,asc',
  );
  const added = await api.call<{ contents: TaskJson[] }>(
    'POST',
    `/api/v2/obproxy/clusters/${created.obproxyClusterId}/obproxies/batchAdd`,
    { hostIds: all.contents.map(({ id }) => id), sqlPort: 2883, exporterPort: 2884, version: fileName },
  );
  const tasks = await api.settled(
    added.contents.map(({ id }) => id),
    { deadlineMs: INSTALLED_WITHIN_MS },
  );
  const ipOf = (task: TaskJson) => {
    const hostId = added.contents.find(({ id }) => id === task.id)?.hostId;
    return all.contents.find(({ id }) => id === hostId)?.innerIpAddress ?? '';
  };
  const reason = (task: TaskJson) =>
    task.subtasks.find(({ failureMessage }) => failureMessage)?.failureMessage;
  console.log(
    table(
      ['host', 'task', 'status', 'reason'],
      tasks.map((task) => [ipOf(task), String(task.id), task.status, reason(task) ?? '']),
    ),
  );
  return [creation, ...tasks];
}

/** A password that fits OBProxy's rules: 2 digits, upper, lower and special characters at least. */
function secret(): string {
  return `Demo${randomBytes(6).toString('hex')}Aa17_.`;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
