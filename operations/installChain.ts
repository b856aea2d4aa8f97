/** The documented chain "Install obproxy", for one host as in batchAdd, or fanned out over hosts. */

import { versionRelease } from '../oceanbase/packageName';
import type { PackageRow } from '../store/types';
import { type ChainNode, node } from './chain';
import { defined, type SubtaskType } from './subtasks';

export const INSTALL_TASK_NAME = 'Install obproxy';

const STEPS_ON_A_HOST = [
  'PrepareCreateObproxy',
  'CheckProcessNotExist',
  'CheckCommand',
  'InstallRpmByPackageAndVersion',
  'StartObproxy',
  'SyncObproxyParameter',
  'SetObproxyUserPasswordForOb',
  'RefreshAgentConfig',
  'RegisterObproxyExporter',
  'UpdateObproxyStatus',
] as const satisfies readonly SubtaskType[];

/** Twelve nodes on one host (OCP documentation, "Add an OBProxy"). */
export const INSTALL_ON_ONE_HOST: readonly ChainNode[] = [
  node(defined('PrepareObproxyInstall')),
  ...STEPS_ON_A_HOST.map((step) => node(defined(step))),
  node(defined('Finish')),
];

/** The same chain over a proxy that is there already: package and process are not this task's to leave behind. */
export const ADOPT_ON_ONE_HOST: readonly ChainNode[] = INSTALL_ON_ONE_HOST.map((step) => {
  const { leaves, ...rest } = step;
  const adopted = step.activity === 'InstallRpmByPackageAndVersion' || step.activity === 'StartObproxy';
  return adopted ? rest : step;
});

/** The same chain with the steps on hosts split by `host_ids`; OCP publishes no sample with hosts. */
export const INSTALL_ON_HOSTS: readonly ChainNode[] = [
  node(defined('PrepareObproxyInstall')),
  ...STEPS_ON_A_HOST.map((step) => node(defined(step), { split: 'host_ids' })),
  node(defined('Finish')),
];

/** Two nodes (OCP documentation, "Create an OBProxy cluster", sample without hosts). */
export const CREATE_WITHOUT_HOSTS: readonly ChainNode[] = [
  node(defined('PrepareObproxyInstall')),
  node(defined('Finish')),
];

interface InstallContext {
  readonly stringMap: Readonly<Record<string, string>>;
  readonly listMap: Readonly<Record<string, readonly string[]>>;
}

/** Context shared by every installation, keys as documented. */
export function installContext(cluster: ContextCluster, softwarePackage: PackageRow): InstallContext {
  const { stringMap, listMap } = obproxyContext(cluster);
  return {
    stringMap: {
      ...stringMap,
      package_version: versionRelease(softwarePackage),
      package_name: softwarePackage.name,
    },
    listMap,
  };
}

interface ContextCluster {
  readonly id: number;
  readonly name: string;
  readonly parameterVersion: number;
}

/** The same without a package, for proxies that are there already. */
export function obproxyContext(cluster: ContextCluster): InstallContext {
  return {
    stringMap: {
      obproxy_need_delete_cluster: 'false',
      prohibit_rollback: 'false',
      service_name: cluster.name,
      obproxy_parameter_version: String(cluster.parameterVersion),
      obproxy_cluster_name: cluster.name,
      obproxy_cluster_id: String(cluster.id),
    },
    listMap: {
      commands_to_check: ['nc'],
      process_keywords: ['obproxy', 'obproxyd.sh'],
    },
  };
}
