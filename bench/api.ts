import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { openInventory } from '../inventory/index';
import { SUBTASKS } from '../operations/subtasks';
import { readConfig } from '../runtime/config';
import { startDevServer } from '../runtime/devServer';
import { repositoryRoot } from '../runtime/paths';
import { connectTemporal } from '../runtime/temporal';
import { ApiClient } from '../sandbox/stack/apiClient';
import { startObflow } from '../sandbox/stack/process';
import { freePort } from '../sandbox/stack/stack';
import { buildObproxyRpm } from '../sandbox/standins/rpm';
import { taskWorkflowId } from '../workflows/ids';
import type { TaskStateChange } from '../workflows/plan';
import { documentOfManyHosts } from './manyHosts';
import { type BenchResult, median, result, timed } from './measure';

const PER_ROUND = 10;

/**
 * (c) POST batchAdd against a bare workflow.start, (d) GET of a task's document against a bare
 * fetchHistory + describe. The API is the real one in its own process; the worker runs no-op activities, the
 * last but one of which fails, so that (d) reads an open task of eleven steps, as an operator's screen would;
 * (i) does the same with a task of fifty hosts.
 */
export async function benchApi(rounds: number): Promise<BenchResult[]> {
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
  };
  const process_ = startObflow(['api'], env, path.join(dataDir, 'api.log'));
  const connection = await NativeConnection.connect({ address: server.address });
  const temporal = await connectTemporal({ address: server.address });
  const closing: (() => Promise<void>)[] = [];
  try {
    await process_.line(/^ready: /);
    const inventory = await openInventory(readConfig(env).config);
    closing.push(() => inventory.close());
    const worker = await Worker.create({
      connection,
      namespace: temporal.namespace,
      taskQueue: 'obflow',
      workflowBundle: await bundleWorkflowCode({
        workflowsPath: path.join(repositoryRoot(), 'dist/bench/workflows.js'),
      }),
      activities: noOpActivities((change) => inventory.tasks.applyStateChange(change)),
      maxCachedWorkflows: 1000,
    });
    const api = new ApiClient(`http://127.0.0.1:${port}`, 'admin', password);
    return await worker.runUntil(async () => {
      const version = (
        await api.uploadPackage(
          await buildObproxyRpm({ name: 'obproxy', version: '1.9.1.1', release: '1919579.el7' }),
        )
      ).fileName;
      const hosts = await declareHosts(api, rounds * PER_ROUND + 1);
      const clusters: number[] = [];
      for (let index = 0; index < hosts.length; index++)
        clusters.push(await createCluster(api, `bench${index}`));

      const posts: number[] = [];
      let first: number | undefined;
      for (let round = 0; round < rounds; round++) {
        const ours: number[] = [];
        const theirs: number[] = [];
        for (let i = 0; i < PER_ROUND; i++) {
          const index = round * PER_ROUND + i;
          ours.push(
            await timed(async () => {
              const added = await api.call<{ contents: { id: number }[] }>(
                'POST',
                `/api/v2/obproxy/clusters/${clusters[index]}/obproxies/batchAdd`,
                { hostIds: [hosts[index]], sqlPort: 2883, exporterPort: 2884, version },
              );
              first ??= added.contents[0]?.id;
            }),
          );
          theirs.push(
            await timed(() =>
              temporal.client.workflow.start('bareChain', {
                taskQueue: 'obflow',
                workflowId: `bare-${round}-${i}`,
                args: [12],
              }),
            ),
          );
        }
        posts.push(median(ours) / median(theirs));
      }

      const taskId = first ?? 0;
      await api.settled([taskId]);
      const handle = temporal.client.workflow.getHandle(taskWorkflowId(taskId));
      const gets: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const ours: number[] = [];
        const theirs: number[] = [];
        for (let i = 0; i < PER_ROUND * 3; i++) {
          ours.push(await timed(() => api.task(taskId)));
          theirs.push(
            await timed(async () => {
              await handle.describe();
              await handle.fetchHistory();
            }),
          );
        }
        gets.push(median(ours) / median(theirs));
      }
      return [
        result('(c) POST batchAdd of one host / bare workflow.start, p50', 'ratio', posts, '<= 3'),
        result('(d) GET task document / bare fetchHistory + describe, p50', 'ratio', gets, '<= 1.3'),
        ...(await documentOfManyHosts({ api, inventory, temporal }, rounds)),
      ];
    });
  } finally {
    for (const close of closing) await close();
    await process_.stop();
    await connection.close();
    await temporal.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
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

/** Hosts on loopback addresses without an SSH server: refused at once when probed, never used. */
async function declareHosts(api: ApiClient, count: number): Promise<number[]> {
  const port = await freePort();
  await api.call('PUT', '/api/v2/inventory', {
    credentials: [
      { name: 'none', kind: 'SSH_PASSWORD', username: 'root', secret: 'unused' },
      { name: 'sys', kind: 'DATABASE', username: 'root@sys', secret: 'unused' },
      { name: 'ro', kind: 'DATABASE', username: 'proxyro@sys', secret: 'unused' },
    ],
    hosts: Array.from({ length: count }, (_, index) => ({
      ip: `127.0.${1 + (index >> 8)}.${index & 255}`,
      sshPort: port,
      credential: 'none',
      idc: 'idc1',
      region: 'region1',
    })),
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
  const hosts = await api.call<{ contents: { id: number }[] }>('GET', '/api/v2/compute/hosts?size=2000');
  return hosts.contents.map((host) => host.id);
}

async function createCluster(api: ApiClient, name: string): Promise<number> {
  const task = await api.call<{ id: number; obproxyClusterId: number }>('POST', '/api/v2/obproxy/clusters', {
    name,
    workMode: 'CONFIG_URL',
    obLinks: [{ clusterName: 'obcluster', obClusterId: 1, username: 'proxyro' }],
    obproxyInstallParam: { hostIds: [] },
  });
  await api.settled([task.id]);
  return task.obproxyClusterId;
}
