/**
 * One exported workflow per documented operation: its name is the type that the Temporal Web UI shows, and the `id` of the
 * operation in the catalogue, which the compiler holds to this list. All of them are the one interpreter of plans.
 */
import { runPlan } from './interpreter/runPlan';
import type { Snapshot } from './interpreter/snapshot';
import type { Plan } from './plan';
import { currentDetails } from './webui/details';

/** Temporal calls it with the plan; a run that goes on with an earlier one with that one's snapshot, too. */
const task = (plan: Plan, snapshot?: Snapshot): Promise<void> => runPlan(plan, snapshot, currentDetails);

/** POST /api/v2/obproxy/clusters/{id}/obproxies/batchAdd, one task per host. */
export const addObproxy = task;

/** POST /api/v2/obproxy/clusters. */
export const createObproxyCluster = task;

/** POST /api/v2/obproxy/clusters/{id}/takeOver, one task per host. */
export const takeOverObproxy = task;

/** POST /api/v2/obproxy/clusters/{id}/servers/stop. */
export const stopObproxy = task;

/** POST /api/v2/obproxy/clusters/{id}/servers/start. */
export const startObproxy = task;

/** POST /api/v2/obproxy/clusters/{id}/servers/restart. */
export const restartObproxy = task;

/** POST /api/v2/obproxy/clusters/{id}/obproxies/{obproxyIds}/restart. */
export const forceRestartObproxy = task;

/** POST /api/v2/obproxy/clusters/{id}/servers/upgrade. */
export const upgradeObproxy = task;

/** POST /api/v2/obproxy/clusters/{id}/obproxies/{obproxyIds}/upgrade. */
export const upgradeObproxies = task;
/** POST /api/v2/obproxy/clusters/{id}/servers/refresh. */
export const refreshObproxy = task;

/** PUT /api/v2/obproxy/clusters/{id}/parameters. */
export const changeObproxyParameters = task;

/** POST /api/v2/obproxy/clusters/{id}/password. */
export const changeObproxyPassword = task;

/** POST /api/v2/obproxy/clusters/{id}/servers/delete. */
export const deleteObproxy = task;

/** DELETE /api/v2/obproxy/clusters/{id}/obproxies/{obproxyIds}. */
export const offlineObproxy = task;

/** DELETE /api/v2/obproxy/clusters/{id}. */
export const deleteObproxyCluster = task;

/** POST /api/v2/ob/clusters/{id}/servers. */
export const addObserver = task;
export const createObCluster = task;
export const deleteObCluster = task;

/** POST /api/v2/ob/clusters/{id}/servers/batchDelete. */
export const deleteObservers = task;

/** POST /api/v2/ob/clusters/{id}/zones. */
export const addObZone = task;

/** POST /api/v2/ob/clusters/{id}/servers/{serverId}/replace. */
export const replaceObserver = task;

/** DELETE /api/v2/ob/clusters/{id}/zones/{zoneName}. */
export const deleteObZone = task;

/** POST /api/v2/ob/clusters/takeOver. */
export const takeOverObCluster = task;

/** POST /api/v2/ob/clusters/{id}/moveOut. */
export const moveOutObCluster = task;
/** POST /api/v2/ob/clusters/{id}/servers/{serverId}/stop. */
export const stopObserver = task;

/** POST /api/v2/ob/clusters/{id}/servers/{serverId}/start. */
export const startObserver = task;

/** POST /api/v2/ob/clusters/{id}/servers/{serverId}/restart. */
export const restartObserver = task;

/** POST /api/v2/ob/clusters/{id}/stop. */
export const stopObCluster = task;

/** POST /api/v2/ob/clusters/{id}/start. */
export const startObCluster = task;

/** POST /api/v2/ob/clusters/{id}/restart. */
export const restartObCluster = task;

/** POST /api/v2/ob/clusters/{id}/zones/{zoneName}/stop. */
export const stopObZone = task;

/** POST /api/v2/ob/clusters/{id}/zones/{zoneName}/start. */
export const startObZone = task;

/** POST /api/v2/ob/clusters/{id}/zones/{zoneName}/restart. */
export const restartObZone = task;

/** POST /api/v2/compute/hosts/batchCreate, one task per host. */
export const batchCreateHosts = task;
