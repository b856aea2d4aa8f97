import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { repositoryRoot } from '../../runtime/paths';
import { connectTemporal, type TemporalHandle } from '../../runtime/temporal';
import type { TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { OB_CLUSTER, type Stack, startStack, wholeStore } from '../../sandbox/stack/stack';
import {
  type ObserverCluster,
  observerRpmOf,
  startObserverCluster,
} from '../../sandbox/standins/observer/cluster';
import { buildObproxyRpm, buildObserverRpm } from '../../sandbox/standins/rpm';
import { taskWorkflowId } from '../../workflows/ids';
import { until } from '../support/until';
import { Control } from './control';
import { CONTROL_URL, TIMEOUTS_FILE } from './points';
import { Rows } from './rows';

export const OBPROXY = { name: 'obproxy-ce', version: '4.3.1.0', release: '4.el7' } as const;
/** What upgrades bring it to; its short name is what their requests say. */
const NEWER_OBPROXY = { ...OBPROXY, version: '4.3.2.0', release: '9.el7' } as const;
export const NEWER_SHORT = 'obproxy-ce-4.3.2.0-9';
const OB_VERSION = '4.2.1.2';
const GROWING = { name: 'obgrows', obClusterId: 22 } as const;
/** root@proxysys of proxies that were started by hand. */
export const BY_HAND_PASSWORD = 'plantedOLD.55++';

/** Of root@sys in a cluster that is made. */
export const CREATED_PASSWORD = 'plantedROOT.77~~';

/** What root@proxysys's password is changed to. */
export const CHANGED_PASSWORD = 'plantedNEW.66++';

/** A whole obflow with hosts of its own, used for one case after the other. */
export class Lane {
  readonly stack: Stack;
  readonly control: Control;
  readonly rows: Rows;
  /** Ids in the inventory, in the fleet's order. */
  hostIds: number[] = [];
  /** Ids of the prepared OBProxy clusters, and of the growing OceanBase cluster. */
  clusters = { install: 0, adopt: 0, growing: 0 };
  package = '';
  observers: ObserverCluster | undefined;
  readonly #timeouts: string;

  private constructor(stack: Stack, control: Control, timeouts: string) {
    this.stack = stack;
    this.control = control;
    this.#timeouts = timeouts;
    this.rows = new Rows(path.join(stack.dataDir, 'obflow.db'));
  }

  /**
   * @param historyEvents workflows continue as new after so many; default: the product's own limit
   * @param program what runs as API and worker; default part.js, which reads its modules one by one
   */
  static async start(
    historyEvents?: number,
    program = path.join('dist', 'test', 'faults', 'part.js'),
  ): Promise<Lane> {
    const control = await Control.start();
    const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-faults-'));
    const timeouts = path.join(folder, 'timeouts.json');
    const stack = await startStack({
      hosts: 3,
      processes: 'split',
      ownDisks: true,
      program: path.join(repositoryRoot(), program),
      env: {
        [CONTROL_URL]: control.url,
        [TIMEOUTS_FILE]: timeouts,
        // What a look sees while something is broken depends on when it comes; rows are compared here.
        OBFLOW_LOOK_SECONDS: '0',
        ...(historyEvents === undefined ? {} : { OBFLOW_TASK_HISTORY_EVENTS: String(historyEvents) }),
      },
    });
    const lane = new Lane(stack, control, timeouts);
    try {
      await lane.#prepare();
    } catch (error) {
      await lane.stop();
      throw error;
    }
    return lane;
  }

  async stop(): Promise<void> {
    this.control.letAllPass();
    this.rows.close();
    await this.stack.stop();
    await this.control.stop();
    rmSync(path.dirname(this.#timeouts), { recursive: true, force: true });
  }

  /** The member of the growing OceanBase cluster. */
  get member(): TestHost {
    return this.host(0);
  }

  host(index: number): TestHost {
    const host = this.stack.fleet.hosts[index];
    if (host === undefined) throw new Error(`a lane has no host ${index}`);
    return host;
  }

  /** Plans made from now on have these timeouts (seconds, by activity). */
  cutTimeouts(timeouts: Record<string, number>): void {
    writeFileSync(this.#timeouts, JSON.stringify(timeouts));
  }

  /** Everything as after the lane's start; the growing cluster only where it is needed. */
  async reset(options: {
    readonly hosts: readonly TestHost[];
    /** `zones`: on all three hosts, a zone each. */
    readonly growing: boolean | 'zones';
  }): Promise<void> {
    this.startOver();
    await this.#endOpenTasks();
    const { growing } = options;
    const members = growing === 'zones' ? this.stack.fleet.hosts : growing ? [this.member] : [];
    await Promise.all([...new Set([...options.hosts, ...members])].map((host) => host.reinstall()));
    if (members.length > 0) this.observers = await this.#growingCluster(members);
    this.rows.reset();
  }

  /** Forgets what the case before aimed at and cut. */
  startOver(): void {
    this.control.forget();
    this.control.letAllPass();
    this.cutTimeouts({});
  }

  /** Whatever a case was doing when it failed: ends its faults, as far as hosts go. */
  async heal(): Promise<void> {
    this.control.letAllPass();
    for (const host of this.stack.fleet.hosts) {
      if (!host.poweredOn) await host.boot();
      await host.heal().catch(() => undefined);
      await host.thawSshd().catch(() => undefined);
      await host.freeDisk().catch(() => undefined);
    }
  }

  /** Whether API and worker run and a request is answered; a lane that is not goes away. */
  async healthy(): Promise<boolean> {
    const { api, worker } = this.stack.parts;
    const ended = Symbol('ended');
    const runs = await Promise.race([
      Promise.race([api?.exited, worker?.exited]).then(() => ended),
      this.stack.api.send('GET', '/api/v2/tasks/instances?size=1').catch(() => ended),
    ]);
    return runs !== ended;
  }

  /** Sends it; a worker that is too busy to answer in time obeys it none the less. */
  async command(taskId: number, name: 'retry' | 'rollback'): Promise<void> {
    try {
      await this.stack.api.call('POST', `/api/v2/tasks/instances/${taskId}/${name}`);
    } catch (error) {
      if (!/COM10004/.test(String(error))) throw error;
    }
  }

  /** The document, however long the API is away. */
  document(taskId: number): Promise<TaskJson | undefined> {
    return this.stack.api.task(taskId).catch(() => undefined);
  }

  async #prepare(): Promise<void> {
    const { stack } = this;
    this.cutTimeouts({});
    this.rows.useLargeIds();
    this.observers = await this.#growingCluster([this.member]);
    const store = wholeStore(stack);
    await stack.apply({
      ...store,
      // A server is replaced by one of its own IDC.
      hosts: (store.hosts as object[]).map((host) => ({ ...host, idc: 'idc1' })),
      obClusters: [
        ...(store.obClusters as unknown[]),
        {
          ...GROWING,
          version: OB_VERSION,
          rootServers: [{ ip: this.member.ip, sqlPort: 2881, rpcPort: 2882 }],
          sysCredential: 'ob-sys',
          proxyroCredential: 'ob-proxyro',
        },
      ],
    });
    this.package = (await stack.api.uploadPackage(await buildObproxyRpm(OBPROXY))).fileName;
    await stack.api.uploadPackage(await buildObproxyRpm(NEWER_OBPROXY));
    await stack.api.uploadPackage(await buildObserverRpm(observerRpmOf(OB_VERSION)));
    const rows = await stack.api.call<{ contents: { id: number; innerIpAddress: string }[] }>(
      'GET',
      '/api/v2/compute/hosts?size=100',
    );
    this.hostIds = stack.fleet.hosts.map(
      ({ ip }) => rows.contents.find((row) => row.innerIpAddress === ip)?.id ?? 0,
    );
    const clusters = await stack.api.call<{ contents: { id: number; name: string }[] }>(
      'GET',
      '/api/v2/ob/clusters',
    );
    const growing = clusters.contents.find(({ name }) => name === GROWING.name)?.id ?? 0;
    const parameters = [{ name: 'client_max_connections', value: '4096' }];
    this.clusters = {
      growing,
      install: await this.#emptyCluster('install', {
        workMode: 'CONFIG_URL',
        parameters,
        startupParameters: [{ name: 'work_thread_num', value: '8' }],
      }),
      adopt: await this.#emptyCluster('adopt', { workMode: 'RS_LIST', parameters }),
    };
    this.rows.remember();
  }

  async #emptyCluster(name: string, more: Record<string, unknown>): Promise<number> {
    const task = await this.stack.api.call<TaskJson & { obproxyClusterId: number }>(
      'POST',
      '/api/v2/obproxy/clusters',
      { ...clusterBody(name), obproxyInstallParam: { hostIds: [] }, ...more },
    );
    await this.stack.api.settled([task.id], { statuses: ['SUCCESSFUL'] });
    await until('the locks are released', () => this.rows.locks().length === 0);
    return task.obproxyClusterId;
  }

  #growingCluster(members: readonly TestHost[]): Promise<ObserverCluster> {
    return startObserverCluster(members, {
      ...GROWING,
      version: OB_VERSION,
      rootPassword: this.stack.secrets.sys,
      proxyroPassword: this.stack.secrets.proxyro,
      steering: { _standin_active_delay: 300, _standin_service_delay: 100, _standin_delete_delay: 300 },
    });
  }

  /** A case that failed may leave a task that waits for a person, or for a timeout of an hour. */
  async #endOpenTasks(): Promise<void> {
    const { api } = this.stack;
    const open = await api.call<{ contents: { id: number; status: string }[] }>(
      'GET',
      '/api/v2/tasks/instances?status=FAILED,RUNNING&size=100',
    );
    const ids = open.contents.filter(({ status }) => status !== 'SUCCESSFUL').map(({ id }) => id);
    if (ids.length === 0) return;
    await this.#temporal(async (workflows) => {
      for (const id of ids) {
        await workflows
          .getHandle(taskWorkflowId(id))
          .terminate('the suite starts over')
          .catch(() => undefined);
      }
    });
  }

  async #temporal(
    work: (workflows: TemporalHandle['client']['workflow']) => Promise<unknown>,
  ): Promise<void> {
    const temporal = await connectTemporal({ address: this.stack.temporalAddress });
    try {
      await work(temporal.client.workflow);
    } finally {
      await temporal.close();
    }
  }
}

export function clusterBody(name: string): Record<string, unknown> {
  return {
    name,
    address: 'foo.bar',
    port: 2883,
    workMode: 'CONFIG_URL',
    obLinks: [{ clusterName: OB_CLUSTER.name, obClusterId: OB_CLUSTER.obClusterId, username: 'proxyro' }],
  };
}
