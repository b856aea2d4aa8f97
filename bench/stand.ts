import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import * as SUBTASKS from '../activities/subtasks';
import { readConfig } from '../runtime/config';
import { startDevServer } from '../runtime/devServer';
import { repositoryRoot } from '../runtime/paths';
import { connectTemporal, type TemporalHandle } from '../runtime/temporal';
import { ApiClient } from '../sandbox/stack/apiClient';
import { startObflow } from '../sandbox/stack/process';
import { freePort } from '../sandbox/stack/stack';
import { buildObproxyRpm } from '../sandbox/standins/rpm';
import { openStore } from '../store';
import type { Store } from '../store/types';
import type { TaskStateChange } from '../workflows/plan';

export interface Stand {
  readonly api: ApiClient;
  readonly url: string;
  /** Of HTTP Basic. */
  readonly authorization: string;
  readonly temporal: TemporalHandle;
  readonly store: Store;
}

/**
 * Runs `work` on the real API in its own process and a Temporal dev server; the worker, in this process, runs no-op
 * activities, the last but one of which fails where there is a host.
 */
export async function onStand<T>(work: (stand: Stand) => Promise<T>): Promise<T> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'obflow-bench-'));
  const server = await startDevServer({ dataDir, port: 0, uiPort: 0, persistent: true });
  const port = await freePort();
  const password = `Aa1_${randomBytes(9).toString('hex')}`;
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: server.address,
    OBFLOW_DATA_DIR: dataDir,
    OBFLOW_LISTEN: `127.0.0.1:${port}`,
    OBFLOW_ADMIN_PASSWORD: password,
    OBFLOW_RATE_LIMIT: 'off',
    // What declareHosts declares.
    OBFLOW_ALLOWED_ADDRESSES: '127.0.0.0/8',
  };
  const process_ = startObflow(['api'], env, path.join(dataDir, 'api.log'));
  const connection = await NativeConnection.connect({ address: server.address });
  const temporal = await connectTemporal({ address: server.address });
  const closing: (() => Promise<void>)[] = [];
  try {
    await process_.line(/^ready: /);
    const store = await openStore(readConfig(env).config);
    closing.push(() => store.close());
    const worker = await Worker.create({
      connection,
      namespace: temporal.namespace,
      taskQueue: 'obflow',
      workflowBundle: await bundleWorkflowCode({
        workflowsPath: path.join(repositoryRoot(), 'dist/bench/workflows.js'),
      }),
      activities: noOpActivities((change) => store.tasks.applyStateChange(change)),
      maxCachedWorkflows: 1000,
    });
    const url = `http://127.0.0.1:${port}`;
    const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
    const api = new ApiClient(url, 'admin', password);
    return await worker.runUntil(() => work({ api, url, authorization, temporal, store }));
  } finally {
    for (const close of closing) await close();
    await process_.stop();
    await connection.close();
    await temporal.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Uploads an OBProxy package and answers its file name. */
export async function uploadPackage(api: ApiClient): Promise<string> {
  const rpm = await buildObproxyRpm({ name: 'obproxy', version: '1.9.1.1', release: '1919579.el7' });
  return (await api.uploadPackage(rpm)).fileName;
}

function noOpActivities(applyTaskState: (change: TaskStateChange) => Promise<void>) {
  const noOp = async () => null;
  // Not in the chain of a cluster without hosts; a task on a host stays open for its operator.
  const failing = async () => {
    throw ApplicationFailure.nonRetryable('made to fail by the benchmark', 'Benchmark');
  };
  return {
    ...Object.fromEntries(Object.keys(SUBTASKS).map((type) => [type, noOp])),
    noOp,
    UpdateObproxyStatus: failing,
    applyTaskState,
  };
}

/** The most hosts that one inventory may declare. */
const DECLARED_AT_ONCE = 1_000;

/** Hosts on loopback addresses without an SSH server: refused at once when probed, never used. */
export async function declareHosts(api: ApiClient, count: number): Promise<number[]> {
  const sshPort = await freePort();
  const declared = Array.from({ length: count }, (_, index) => ({
    ip: `127.0.${1 + (index >> 8)}.${index & 255}`,
    sshPort,
    credential: 'none',
    idc: 'idc1',
    region: 'region1',
  }));
  for (let from = 0; from < count; from += DECLARED_AT_ONCE) {
    await api.call('PUT', '/api/v2/inventory', {
      credentials: [
        { name: 'none', kind: 'SSH_PASSWORD', username: 'root', secret: 'unused' },
        { name: 'sys', kind: 'DATABASE', username: 'root@sys', secret: 'unused' },
        { name: 'ro', kind: 'DATABASE', username: 'proxyro@sys', secret: 'unused' },
      ],
      hosts: declared.slice(from, from + DECLARED_AT_ONCE),
      obClusters: [
        {
          name: 'obcluster',
          obClusterId: 1,
          version: '4.2.1.0',
          type: 'PRIMARY',
          rootServers: [{ ip: '127.0.0.1', sqlPort: 2881, rpcPort: 2882 }],
          sysCredential: 'sys',
          proxyroCredential: 'ro',
        },
      ],
    });
  }
  const hosts = await api.call<{ contents: { id: number }[] }>('GET', `/api/v2/compute/hosts?size=${count}`);
  return hosts.contents.map((host) => host.id);
}

export async function createCluster(api: ApiClient, name: string): Promise<number> {
  const task = await api.call<{ id: number; obproxyClusterId: number }>('POST', '/api/v2/obproxy/clusters', {
    name,
    workMode: 'CONFIG_URL',
    obLinks: [{ clusterName: 'obcluster', obClusterId: 1, username: 'proxyro' }],
    obproxyInstallParam: { hostIds: [] },
  });
  await api.settled([task.id]);
  return task.obproxyClusterId;
}
