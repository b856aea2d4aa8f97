/** The documented chain "Install obproxy", for one host as in batchAdd, or fanned out over hosts. */

import {
  CheckCommand,
  CheckProcessNotExist,
  Finish,
  InstallRpmByPackageAndVersion,
  PrepareCreateObproxy,
  PrepareObproxyInstall,
  RefreshAgentConfig,
  RegisterObproxyExporter,
  SetObproxyUserPasswordForOb,
  StartObproxy,
  SyncObproxyParameter,
  UpdateObproxyStatus,
} from '../activities/subtasks';
import { versionRelease } from '../oceanbase/packageName';
import type { PackageRow } from '../store/types';
import { type ChainNode, node } from '../workflows/chain';

export const INSTALL_TASK_NAME = 'Install obproxy';

const STEPS_ON_A_HOST = [
  PrepareCreateObproxy,
  CheckProcessNotExist,
  CheckCommand,
  InstallRpmByPackageAndVersion,
  StartObproxy,
  SyncObproxyParameter,
  SetObproxyUserPasswordForOb,
  RefreshAgentConfig,
  RegisterObproxyExporter,
  UpdateObproxyStatus,
];

/** Twelve nodes on one host (OCP documentation, "Add an OBProxy"). */
export const INSTALL_ON_ONE_HOST: readonly ChainNode[] = [
  node(PrepareObproxyInstall),
  ...STEPS_ON_A_HOST.map((step) => node(step)),
  node(Finish),
];

/** The same chain over a proxy that is there already: package and process are not this task's to leave behind. */
export const ADOPT_ON_ONE_HOST: readonly ChainNode[] = INSTALL_ON_ONE_HOST.map((step) => {
  const { leaves, ...rest } = step;
  const adopted = [InstallRpmByPackageAndVersion, StartObproxy].some(
    ({ activity }) => activity === step.activity,
  );
  return adopted ? rest : step;
});

/** The same chain with the steps on hosts split by `host_ids`; OCP publishes no sample with hosts. */
export const INSTALL_ON_HOSTS: readonly ChainNode[] = [
  node(PrepareObproxyInstall),
  ...STEPS_ON_A_HOST.map((step) => node(step, { split: 'host_ids' })),
  node(Finish),
];

/** Two nodes (OCP documentation, "Create an OBProxy cluster", sample without hosts). */
export const CREATE_WITHOUT_HOSTS: readonly ChainNode[] = [node(PrepareObproxyInstall), node(Finish)];

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
