/** The activities of a worker: `<Type>` and `<Type>.rollback` of every subtask of the catalogue, and applyTaskState. */
import type { SubtaskInput, SubtaskResult, TaskStateChange } from '../workflows/plan';
import { activitiesOf } from './execute';
import { CheckCommand } from './host/CheckCommand';
import { CheckProcessNotExist } from './host/CheckProcessNotExist';
import { InstallRpmByPackageAndVersion } from './host/InstallRpmByPackageAndVersion';
import { RefreshAgentConfig } from './host/RefreshAgentConfig';
import { WaitNode } from './host/WaitNode';
import { Finish } from './obproxy/Finish';
import { PrepareCreateObproxy } from './obproxy/PrepareCreateObproxy';
import { PrepareObproxyInstall } from './obproxy/PrepareObproxyInstall';
import { RegisterObproxyExporter } from './obproxy/RegisterObproxyExporter';
import { SetObproxyUserPasswordForOb } from './obproxy/SetObproxyUserPasswordForOb';
import { StartObproxy } from './obproxy/StartObproxy';
import { SyncObproxyParameter } from './obproxy/SyncObproxyParameter';
import { eitherWay } from './obproxy/takeOver/guard';
import {
  AdoptFinish,
  AdoptRegisterObproxyExporter,
  AdoptUpdateObproxyStatus,
} from './obproxy/takeOver/inInventory';
import { AdoptCheckProcessNotExist, AdoptInstallRpm, AdoptStartObproxy } from './obproxy/takeOver/onHost';
import { AdoptPrepareCreateObproxy } from './obproxy/takeOver/PrepareCreateObproxy';
import { AdoptPrepareObproxyInstall } from './obproxy/takeOver/PrepareObproxyInstall';
import { AdoptSetObproxyUserPasswordForOb } from './obproxy/takeOver/SetObproxyUserPasswordForOb';
import { AdoptSyncObproxyParameter } from './obproxy/takeOver/SyncObproxyParameter';
import { UpdateObproxyStatus } from './obproxy/UpdateObproxyStatus';
import { AddObserver } from './observer/AddObserver';
import { InstallRpm } from './observer/InstallRpm';
import { MakeDirForOb } from './observer/MakeDirForOb';
import { PreCheckForInstallOb } from './observer/PreCheckForInstallOb';
import { PrepareAddObserver } from './observer/PrepareAddObserver';
import { ReserveHost } from './observer/ReserveHost';
import { RestartObserverProcess } from './observer/RestartObserverProcess';
import { StartObserverWithParam } from './observer/StartObserverWithParam';
import { StartOcpAgentService } from './observer/StartOcpAgentService';
import { SyncClusterInfo } from './observer/SyncClusterInfo';
import { UpdateObClusterStatus } from './observer/UpdateObClusterStatus';
import { UpdateObserverStatus } from './observer/UpdateObserverStatus';
import { UpdateZoneStatus } from './observer/UpdateZoneStatus';
import { WaitObserverActive } from './observer/WaitObserverActive';
import type { ActivityDeps, Subtask } from './types';

const SUBTASKS: Readonly<Record<string, Subtask>> = {
  PrepareObproxyInstall: eitherWay(PrepareObproxyInstall, AdoptPrepareObproxyInstall),
  PrepareCreateObproxy: eitherWay(PrepareCreateObproxy, AdoptPrepareCreateObproxy),
  CheckProcessNotExist: eitherWay(CheckProcessNotExist, AdoptCheckProcessNotExist),
  CheckCommand: eitherWay(CheckCommand),
  InstallRpmByPackageAndVersion: eitherWay(InstallRpmByPackageAndVersion, AdoptInstallRpm),
  StartObproxy: eitherWay(StartObproxy, AdoptStartObproxy),
  SyncObproxyParameter: eitherWay(SyncObproxyParameter, AdoptSyncObproxyParameter),
  SetObproxyUserPasswordForOb: eitherWay(SetObproxyUserPasswordForOb, AdoptSetObproxyUserPasswordForOb),
  RefreshAgentConfig: eitherWay(RefreshAgentConfig),
  RegisterObproxyExporter: eitherWay(RegisterObproxyExporter, AdoptRegisterObproxyExporter),
  UpdateObproxyStatus: eitherWay(UpdateObproxyStatus, AdoptUpdateObproxyStatus),
  Finish: eitherWay(Finish, AdoptFinish),
  PrepareAddObserver,
  ReserveHost,
  PreCheckForInstallOb,
  WaitNode,
  InstallRpm,
  MakeDirForOb,
  StartObserverWithParam,
  AddObserver,
  WaitObserverActive,
  RestartObserverProcess,
  StartOcpAgentService,
  UpdateObserverStatus,
  UpdateZoneStatus,
  SyncClusterInfo,
  UpdateObClusterStatus,
};

/** What a worker registers. `applyTaskState` is a local activity; the others are the subtasks. */
export type Activities = Record<string, (input: SubtaskInput) => Promise<SubtaskResult | null>> & {
  applyTaskState(change: TaskStateChange): Promise<void>;
};

export function createActivities(deps: ActivityDeps): Activities {
  const subtasks = Object.entries(SUBTASKS).map(([type, subtask]) => activitiesOf(deps, type, subtask));
  const applyTaskState = (change: TaskStateChange) => deps.store.tasks.applyStateChange(change);
  return Object.assign({}, ...subtasks, { applyTaskState });
}
