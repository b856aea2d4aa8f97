/**
 * One exported workflow per documented operation: its name is the type that the Temporal Web UI shows, and the `id` of the
 * operation in the catalogue, which the compiler holds to this list. All of them are the one interpreter of plans.
 */
import { runPlan } from './interpreter/runPlan';

/** POST /api/v2/obproxy/clusters/{id}/obproxies/batchAdd, one task per host. */
export const addObproxy = runPlan;

/** POST /api/v2/obproxy/clusters. */
export const createObproxyCluster = runPlan;

/** POST /api/v2/obproxy/clusters/{id}/takeOver, one task per host. */
export const takeOverObproxy = runPlan;

/** POST /api/v2/ob/clusters/{id}/servers. */
export const addObserver = runPlan;
