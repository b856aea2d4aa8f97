import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openStore } from '../../store';
import type { Store } from '../../store/types';
import { newPostgresDatabase, postgresUnavailable } from '../support/postgres';
import { describeIf } from '../support/skip';
import { CHEAP_PASSWORDS } from '../support/store';

/** A database of its own for one test. */
export interface Place {
  readonly databaseUrl: string;
  readonly masterKeyFile: string;
  readonly folder: string;
}

export interface OnDatabase {
  readonly kind: 'SQLite' | 'PostgreSQL';
  /** A new, empty database with a key file that does not exist yet. */
  place(): Promise<Place>;
  /** An inventory, closed after the test; in a new place unless one is given. */
  open(place?: Place): Promise<Store>;
}

/** The same promises on SQLite and on PostgreSQL; `reason` leaves them out. */
export function onEveryDatabase(name: string, tests: (on: OnDatabase) => void, reason?: string): void {
  describeIf(reason, `${name} on SQLite`, () => {
    tests(prepared('SQLite', async (folder) => `file:${path.join(folder, 'obflow.db')}`));
  });
  describeIf(reason ?? postgresUnavailable(), `${name} on PostgreSQL`, () => {
    tests(prepared('PostgreSQL', newPostgresDatabase));
  });
}

function prepared(kind: OnDatabase['kind'], databaseUrl: (folder: string) => Promise<string>): OnDatabase {
  const folders: string[] = [];
  const inventories: Store[] = [];
  afterEach(async () => {
    await Promise.all(inventories.splice(0).map((store) => store.close()));
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  const place = async (): Promise<Place> => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-inventory-'));
    folders.push(folder);
    return { folder, databaseUrl: await databaseUrl(folder), masterKeyFile: path.join(folder, 'master.key') };
  };
  return {
    kind,
    place,
    async open(given) {
      const store = await openStore({
        ...(given ?? (await place())),
        passwordCost: CHEAP_PASSWORDS,
      });
      inventories.push(store);
      return store;
    },
  };
}

/** A host with its credential; the address ends in `number`. */
export async function addHost(store: Store, number = 1): Promise<number> {
  const credential = await store.credentials.put({
    name: 'root key',
    kind: 'SSH_KEY',
    username: 'root',
    secret: 'key',
  });
  const host = await store.hosts.put({
    ip: `10.1.1.${number}`,
    sshPort: 22,
    name: null,
    credentialId: credential.id,
    hostKey: null,
    idcName: 'idc1',
    regionName: 'region1',
  });
  return host.id;
}

/** A linked OceanBase cluster with two root servers, 10.1.1.1 and 10.1.1.2. */
export async function addObCluster(store: Store, name = 'ob1', obClusterId = 1): Promise<number> {
  const sys = await store.credentials.put({
    name: `${name} sys`,
    kind: 'DATABASE',
    username: 'root@sys',
    secret: 'sys secret',
  });
  const proxyro = await store.credentials.put({
    name: `${name} proxyro`,
    kind: 'DATABASE',
    username: 'proxyro@sys',
    secret: 'proxyro secret',
  });
  const { id } = await store.obClusters.put({
    name,
    obClusterId,
    version: '4.3.5.2',
    type: 'PRIMARY',
    rootServers: [
      { ip: '10.1.1.1', sqlPort: 2881, rpcPort: 2882 },
      { ip: '10.1.1.2', sqlPort: 2881, rpcPort: 2882 },
    ],
    sysCredentialId: sys.id,
    proxyroCredentialId: proxyro.id,
  });
  return id;
}

export async function addObproxyCluster(store: Store, name = 'proxies', linked: number[] = []) {
  return store.obproxy.addCluster({
    name,
    address: null,
    port: null,
    workMode: 'CONFIG_URL',
    startupParameters: [{ name: 'prometheus_listen_port', value: '2884' }],
    parameters: [{ name: 'enable_strict_kernel_release', value: 'false' }],
    runUser: 'admin',
    proxysysPassword: 'proxysys secret',
    creator: { id: 100, name: 'admin' },
    links: linked.map((clusterId) => ({ clusterId, username: 'proxyro' })),
  });
}

export function addServer(store: Store, clusterId: number, hostId: number, packageId?: number, taskId = 1) {
  return store.obproxy.addServer({
    clusterId,
    hostId,
    sqlPort: 2883,
    exporterPort: 2884,
    rpcPort: null,
    version: '4.3.1.0-1',
    packageId: packageId ?? null,
    parameterVersion: 1,
    taskId,
  });
}

/** Row of a package as its upload makes it. */
export function packageOf(version: string, more: { sha256?: string; os?: string; arch?: string } = {}) {
  const os = more.os ?? 'el7';
  const arch = more.arch ?? 'x86_64';
  return {
    fileName: `obproxy-${version}-1.${os}.${arch}.rpm`,
    name: 'obproxy',
    version,
    release: `1.${os}`,
    architecture: arch,
    operatingSystem: os,
    size: 5_000_000_000,
    sha256: more.sha256 ?? 'a'.repeat(64),
    sha1: 'b'.repeat(40),
    type: 'OBPROXY_INSTALL_PACKAGE',
    home: `/opt/taobao/install/obproxy-${version}`,
  };
}
