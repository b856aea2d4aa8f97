/** What every task that brings OBServers into a cluster does on their hosts, in the documented order. */
import {
  AddObServer,
  InstallRpm,
  MakeDirForOb,
  PreCheckForInstallOb,
  ReserveHost,
  RestartObServerProcess,
  StartObServerProcessWithParam,
  StartOcpAgentService,
  UpdateObServerStatus,
  WaitNode,
  WaitObServerActive,
} from '../activities/subtasks';
import { type ChainNode, node, type SubtaskDefinition } from '../workflows/chain';

const perHost = (subtask: SubtaskDefinition): ChainNode => node(subtask, { split: 'host_ids' });

/** The hosts are the task's, and fit; "Wait node" is where all of them meet. */
export const RESERVE_AND_CHECK: readonly ChainNode[] = [
  perHost(ReserveHost),
  perHost(PreCheckForInstallOb),
  node(WaitNode),
];

/** From the package to a server that serves. */
export const INSTALL_AND_JOIN: readonly ChainNode[] = [
  perHost(InstallRpm),
  node(WaitNode),
  perHost(MakeDirForOb),
  node(WaitNode),
  perHost(StartObServerProcessWithParam),
  node(WaitNode),
  perHost(AddObServer),
  perHost(WaitObServerActive),
  perHost(RestartObServerProcess),
  perHost(WaitObServerActive),
  perHost(StartOcpAgentService),
  node(WaitNode),
  perHost(UpdateObServerStatus),
  node(WaitNode),
];
