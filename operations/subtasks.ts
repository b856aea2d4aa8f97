/**
 * Every documented subtask as data: name, class, timeout and flags exactly as published, and the context keys
 * its activity receives. A plan copies these values, so a change here touches new tasks only.
 */
import type { SubtaskDefinition } from './chain';

const PACKAGE = 'com.alipay.ocp.service.task.business.';

function subtask(
  name: string,
  className: string,
  timeout: number,
  needs: readonly string[],
  leaves?: string,
): Omit<SubtaskDefinition, 'activity'> {
  return {
    name,
    className: PACKAGE + className,
    timeout,
    needs,
    ...(leaves === undefined ? {} : { leaves }),
  };
}

const OBPROXY = ['host_id', 'obproxy_cluster_id', 'obproxy_take_over'] as const;
const OB_SERVER = ['cluster_id', 'host.{element}.zone'] as const;

export const SUBTASKS = {
  PrepareObproxyInstall: subtask('Prepare obproxy install', 'obproxy.PrepareObproxyInstallTask', 300, [
    ...OBPROXY,
    'obproxy_need_delete_cluster',
    'host_ids',
  ]),
  PrepareCreateObproxy: subtask('Prepare create obproxy', 'obproxy.PrepareCreateObproxyTask', 1800, OBPROXY),
  CheckProcessNotExist: subtask('Check if process not exist', 'host.CheckProcessNotExistTask', 300, [
    ...OBPROXY,
    'process_keywords',
  ]),
  CheckCommand: subtask('Check if command exists', 'host.CheckCommandTask', 300, [
    ...OBPROXY,
    'commands_to_check',
  ]),
  InstallRpmByPackageAndVersion: subtask(
    'Install rpm by package and version',
    'host.InstallRpmByPackageAndVersionTask',
    3600,
    [...OBPROXY, 'package_name', 'package_version'],
    'the installed package',
  ),
  StartObproxy: subtask(
    'Start obproxy process',
    'obproxy.StartObproxyTask',
    600,
    OBPROXY,
    'the running proxy, its configuration and its keeper',
  ),
  SyncObproxyParameter: subtask(
    'Sync obproxy parameter',
    'obproxy.SyncObproxyParameterTask',
    30,
    [...OBPROXY, 'obproxy_parameter_version'],
    'changed parameters of the proxy',
  ),
  SetObproxyUserPasswordForOb: subtask(
    'Set obproxy user and password for connect',
    'obproxy.SetObproxyUserPasswordForObTask',
    30,
    OBPROXY,
    'users and passwords on proxy and OceanBase cluster',
  ),
  RefreshAgentConfig: subtask('Refresh ocp agent config', 'host.RefreshAgentConfigTask', 3600, OBPROXY),
  RegisterObproxyExporter: subtask(
    'Register obproxy exporter',
    'obproxy.RegisterObproxyExporterTask',
    30,
    OBPROXY,
    'a target for Prometheus',
  ),
  UpdateObproxyStatus: subtask('Update obproxy status', 'obproxy.UpdateObproxyStatusTask', 300, OBPROXY),
  Finish: subtask('Finish node', 'obproxy.FinishTask', 0, [...OBPROXY, 'host_ids']),

  // "Add OB server". Its sample has neither classes nor timeouts: both are those of the same subtasks in other samples
  // where there are any; the others (Prepare, Pre check, Install rpm, Make dir, Add, Restart) are named and timed alike.
  PrepareAddObserver: subtask('Prepare add observer', 'server.PrepareAddObServerTask', 300, [
    ...OB_SERVER,
    'host_ids',
    'server_ids',
  ]),
  ReserveHost: subtask('Reserve host', 'host.ReserveHostTask', 1800, OB_SERVER),
  PreCheckForInstallOb: subtask(
    'Pre check for install OB',
    'server.PreCheckForInstallObTask',
    600,
    OB_SERVER,
  ),
  WaitNode: subtask('Wait node', 'WaitNode', 30, []),
  InstallRpm: subtask(
    'Install rpm',
    'host.InstallRpmTask',
    3600,
    [...OB_SERVER, 'rpm_name'],
    'the installed package',
  ),
  MakeDirForOb: subtask(
    'Make dir for ob',
    'server.MakeDirForObTask',
    300,
    OB_SERVER,
    'directories of the server',
  ),
  StartObserverWithParam: subtask(
    'Start observer process with param',
    'server.StartObServerProcessWithParamTask',
    1200,
    OB_SERVER,
    'the running observer and its data',
  ),
  AddObserver: subtask(
    'Add observer',
    'server.AddObServerTask',
    1800,
    OB_SERVER,
    'the server in the cluster',
  ),
  WaitObserverActive: subtask('Wait observer active', 'server.WaitObServerActiveTask', 1800, OB_SERVER),
  RestartObserverProcess: subtask(
    'Restart observer process',
    'server.RestartObServerProcessTask',
    1200,
    OB_SERVER,
  ),
  StartOcpAgentService: subtask('Start ocp agent service', 'obagent.StartOcpAgentServiceTask', 1800, [
    ...OB_SERVER,
  ]),
  UpdateObserverStatus: subtask('Update observer status', 'server.UpdateObServerStatusTask', 300, OB_SERVER),
  UpdateZoneStatus: subtask('Update zone status', 'zone.UpdateObZoneStatusTask', 1800, [
    'cluster_id',
    'zone_names',
  ]),
  SyncClusterInfo: subtask('Sync cluster info', 'cluster.SyncClusterInfoTask', 30, ['cluster_id']),
  UpdateObClusterStatus: subtask('Update OB cluster status', 'cluster.UpdateObClusterStatusTask', 30, [
    'cluster_id',
    'host_ids',
  ]),
} as const satisfies Record<string, Omit<SubtaskDefinition, 'activity'>>;

/** Activity types of the catalogue: the documented class names without package and "Task". */
export type SubtaskType = keyof typeof SUBTASKS;

/** The definition of a subtask for a chain. */
export function defined(activity: SubtaskType): SubtaskDefinition {
  return { activity, ...SUBTASKS[activity] };
}
