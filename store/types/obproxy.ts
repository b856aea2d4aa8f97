/** OBProxy clusters and their proxies. */
import type { ObproxyStatus } from '../statuses';
import type { User } from './access';
import type { Page, PageRequest } from './paging';
import type { ObjectWork } from './work';

export interface Parameter {
  readonly name: string;
  readonly value: string;
}

export interface ObLinkRow {
  /** Inventory id of the OceanBase cluster. */
  readonly clusterId: number;
  readonly clusterName: string;
  readonly obClusterId: number;
  readonly clusterType: 'PRIMARY' | 'STANDBY';
  readonly username: string;
}

/** A parameter on which a proxy that was taken over differs from its cluster until somebody restarts it. */
export interface ParameterDrift {
  readonly name: string;
  /** What the proxy shows; null when its version has no such parameter. */
  readonly value: string | null;
  readonly expectedValue: string;
}

/** How a proxy that was taken over lives on its host, as it was found. */
export interface AdoptedObproxy {
  readonly home: string;
  /** Owner of the process. */
  readonly user: string;
  readonly program: string;
  /** name-version-release.arch of the package the program came from; null when no package owns it. */
  readonly package: string | null;
  /** Who starts it again when it dies, and where that was seen. */
  readonly keeper: 'obproxyd.sh' | 'systemd' | 'obflow' | 'none';
  readonly keeperDetail: string;
}

export interface ObproxyServerRow {
  readonly id: number;
  readonly clusterId: number;
  readonly hostId: number;
  readonly ip: string;
  readonly idcName: string;
  readonly architecture: string | null;
  readonly sqlPort: number;
  /** 0 while a take-over has not read it from the proxy yet. */
  readonly exporterPort: number;
  /** Null before 4.3 or when not asked for. */
  readonly rpcPort: number | null;
  /** `version-release` without dist tag, e.g. `1.9.1.1-1919579`; '' while a take-over has not read it yet. */
  readonly version: string;
  readonly packageId: number | null;
  readonly status: ObproxyStatus;
  readonly operateStatus: 'NORMAL' | 'OPERATING';
  readonly parameterVersion: number;
  readonly lastActiveTime: string | null;
  /** The task that made the row. */
  readonly taskId: number;
  /** Null when no task works on it. */
  readonly work: ObjectWork<ObproxyStatus> | null;
  /** Null unless the proxy was taken over. */
  readonly adopted: AdoptedObproxy | null;
  /** Set when it is neither the home that a take-over found nor that of the package (after an upgrade, say). */
  readonly home: string | null;
  readonly parameterDrift: readonly ParameterDrift[];
  /** obproxy_config_server_url as it was last read from the proxy; null before, and in a cluster of work mode RS_LIST. */
  readonly configUrl: string | null;
}

export interface ObproxyClusterRow {
  readonly id: number;
  readonly name: string;
  readonly address: string | null;
  readonly port: number | null;
  readonly workMode: 'CONFIG_URL' | 'RS_LIST';
  readonly parameterVersion: number;
  readonly startupParameters: readonly Parameter[];
  readonly parameters: readonly Parameter[];
  readonly runUser: string;
  readonly creator: User;
  readonly obLinks: readonly ObLinkRow[];
  readonly servers: readonly ObproxyServerRow[];
  readonly createTime: string;
  readonly updateTime: string;
}

/** What a task makes of the parameters of a cluster, kept until the next one. */
export interface ClusterParameters {
  readonly startupParameters: readonly Parameter[];
  readonly parameters: readonly Parameter[];
}

export interface ExporterTarget {
  readonly obproxyServerId: number;
  /** `ip:port`. */
  readonly target: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ObproxyRepository {
  /** Inserts the cluster; `proxysysPassword` is stored encrypted. Throws DuplicateError on a second one of that name. */
  addCluster(cluster: {
    name: string;
    address: string | null;
    port: number | null;
    workMode: 'CONFIG_URL' | 'RS_LIST';
    startupParameters: readonly Parameter[];
    parameters: readonly Parameter[];
    runUser: string;
    proxysysPassword: string;
    creator: User;
    links: readonly { clusterId: number; username: string }[];
  }): Promise<number>;
  findCluster(id: number): Promise<ObproxyClusterRow | undefined>;
  findClusterByName(name: string): Promise<ObproxyClusterRow | undefined>;
  /** Clusters of proxies that are linked to an OceanBase cluster. */
  clustersLinkedTo(obClusterId: number): Promise<{ readonly id: number; readonly name: string }[]>;
  listClusters(page: PageRequest): Promise<Page<ObproxyClusterRow>>;
  /** Where clients reach the cluster; what is absent stays. */
  setAccess(id: number, access: { readonly address?: string; readonly port?: number }): Promise<void>;
  /** Throws InUseError while it has proxies. */
  deleteCluster(id: number): Promise<void>;
  proxysysPassword(clusterId: number): Promise<string>;
  /**
   * All passwords that a proxy of the cluster may have, the recorded one first: more than one from the moment a change is
   * accepted until every proxy is proven to have the new one.
   */
  proxysysPasswords(clusterId: number): Promise<string[]>;
  /** What this task changes the password to, or that it has done so; undefined when it is another task, or none. */
  proxysysChange(
    clusterId: number,
    taskId: number,
  ): Promise<
    { readonly state: 'offered'; readonly password: string } | { readonly state: 'settled' } | undefined
  >;
  /** Keeps a new password for a task to give to the proxies; the recorded one stays what it is. Stored encrypted. */
  offerProxysysPassword(clusterId: number, taskId: number, password: string): Promise<void>;
  /** Every proxy has the offered password: it is the recorded one from now on, and no other is known. Repeated, it changes nothing. False: not this task's. */
  settleProxysysPassword(clusterId: number, taskId: number): Promise<boolean>;
  /** Every proxy has the recorded password: no other is known from now on. */
  withdrawProxysysPassword(clusterId: number, taskId: number): Promise<void>;
  /** Keeps what a task is to make of the parameters; those of the cluster stay what they are. */
  proposeParameters(clusterId: number, taskId: number, wished: ClusterParameters): Promise<void>;
  /**
   * Makes what was proposed by this task the cluster's parameters, with the next parameterVersion, which it resolves to;
   * repeated, it changes nothing. Undefined when nothing of this task is proposed.
   */
  applyParameters(clusterId: number, taskId: number): Promise<number | undefined>;
  /** Puts back what `applyParameters` has changed. False when it has not. */
  takeBackParameters(clusterId: number, taskId: number): Promise<boolean>;
  /** Links clusters, or changes the users of links that exist; parameterVersion is the next one, which it resolves to. */
  link(id: number, links: readonly { clusterId: number; username: string }[]): Promise<number>;
  /** Takes links away, by the inventory ids of their OceanBase clusters. */
  unlink(id: number, clusterIds: readonly number[]): Promise<void>;
  /**
   * Inserts with status CREATING unless another is given, operateStatus OPERATING, as the work of that task; `formerPassword` (of
   * root@proxysys, before obflow) is stored encrypted. Throws DuplicateError when the host has one
   * already.
   */
  addServer(server: {
    clusterId: number;
    hostId: number;
    sqlPort: number;
    exporterPort: number;
    rpcPort: number | null;
    version: string;
    packageId: number | null;
    parameterVersion: number;
    taskId: number;
    status?: 'CREATING' | 'TAKINGOVER';
    formerPassword?: string;
  }): Promise<number>;
  findServer(id: number): Promise<ObproxyServerRow | undefined>;
  findServerOnHost(hostId: number): Promise<ObproxyServerRow | undefined>;
  /** In the order of their ids. */
  findServersOnHosts(hostIds: readonly number[]): Promise<ObproxyServerRow[]>;
  /** Every proxy at an address, whatever host row it hangs on. */
  findServersAt(ip: string): Promise<ObproxyServerRow[]>;
  /** What a take-over has found. */
  recordAdopted(
    id: number,
    found: Pick<ObproxyServerRow, 'version' | 'exporterPort' | 'rpcPort' | 'packageId'> & {
      readonly adopted: AdoptedObproxy;
    },
  ): Promise<void>;
  setParameterDrift(id: number, drift: readonly ParameterDrift[]): Promise<void>;
  /** Where it lives from now on, whatever its package says; null: where that or a take-over says. */
  setHome(id: number, home: string | null): Promise<void>;
  /** What an upgrade has made of it. */
  setVersion(id: number, made: Pick<ObproxyServerRow, 'version' | 'packageId'>): Promise<void>;
  /** The config URL that the proxy shows. */
  recordConfigUrl(id: number, url: string): Promise<void>;
  /** root@proxysys's password before obflow's; undefined when none is known. Stays in memory, never leaves the process. */
  formerPassword(id: number): Promise<string | undefined>;
  /** Stores it encrypted; undefined forgets it. */
  setFormerPassword(id: number, password: string | undefined): Promise<void>;
  /** The proxy was seen at work now. */
  recordActive(id: number): Promise<void>;
  setServerParameterVersion(id: number, version: number): Promise<void>;
  deleteServer(id: number): Promise<void>;
  putExporter(exporter: ExporterTarget): Promise<void>;
  deleteExporter(obproxyServerId: number): Promise<void>;
  /** With the status of their OBProxies. */
  listExporters(): Promise<(ExporterTarget & { readonly status: ObproxyStatus })[]>;
}
