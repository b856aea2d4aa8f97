/** One exported workflow per documented operation: its name is the type that the Temporal Web UI shows. */

import { runPlan } from './interpreter/runPlan';
import type { Plan } from './plan';

/** POST /api/v2/obproxy/clusters/{id}/obproxies/batchAdd, one task per host. */
export async function addObproxy(plan: Plan): Promise<void> {
  await runPlan(plan);
}

/** POST /api/v2/obproxy/clusters. */
export async function createObproxyCluster(plan: Plan): Promise<void> {
  await runPlan(plan);
}

/** POST /api/v2/obproxy/clusters/{id}/takeOver, one task per host. */
export async function takeOverObproxy(plan: Plan): Promise<void> {
  await runPlan(plan);
}

/** POST /api/v2/ob/clusters/{id}/servers. */
export async function addObserver(plan: Plan): Promise<void> {
  await runPlan(plan);
}
