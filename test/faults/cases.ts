import { CHAIN_OF, chainNodes, type OperationName } from './chains';
import { FAULTS, type Fault } from './faults';
import { OPERATIONS } from './operations';
import { seeded, shuffled } from './random';
import type { Operation } from './scene';

/** One subtask of an operation; what occurs more than once in a chain has a number, as in `WaitNode.2`. */
export interface Node {
  readonly activity: string;
  readonly occurrence: number;
  readonly key: string;
}

export interface Case {
  readonly id: string;
  readonly operation: Operation;
  readonly node: Node;
  readonly fault: Fault;
}

const typesOf = ({ name }: Operation): string[] => chainNodes(CHAIN_OF[name]).map(({ activity }) => activity);

function nodesOf(chain: readonly string[]): Node[] {
  return chain.map((activity, index) => {
    const occurrence = chain.slice(0, index + 1).filter((other) => other === activity).length;
    const repeated = chain.filter((other) => other === activity).length > 1;
    return { activity, occurrence, key: repeated ? `${activity}.${occurrence}` : activity };
  });
}

/**
 * The last step of a take-over forgets what undo would need, so a rollback after it is refused by its undo
 * (test/activities/takeOver.test.ts) instead of leaving the host as before; docs/task-engine.md says so. A server without units
 * leaves its cluster a moment after it was told to: whether its undo comes in time is chance, and both ends are those of
 * test/activities/serverDeletion.test.ts. The last step of a stop or start forgets likewise (test/activities/serverLife.test.ts).
 */
const IMPOSSIBLE =
  /^((stop|start)Ob(server|Zone|Cluster)\/UpdateObClusterStatus\/rollback-(inside|after|worker-kill)|takeOverObproxy\/Finish\/rollback-(after|worker-kill)|(deleteObservers|deleteObZone)\/DeleteObServer\/rollback-(inside|after|worker-kill))$/;

/** From this subtask on a task cannot be undone: rolling back is refused, or its undo says why (test/activities/). */
const POINT_OF_NO_RETURN: Readonly<Partial<Record<OperationName, string>>> = {
  stopObproxy: 'StopObproxy',
  upgradeObproxy: 'CheckAndResetProxyId',
  upgradeObproxyCold: 'CheckAndResetProxyId',
  refreshObproxy: 'UpdateObproxyClusterLockStatus',
  changeObproxyParameters: 'UpdateObproxyClusterLockStatus',
  changeParametersAndRestart: 'UpdateObproxyClusterLockStatus',
  changeObproxyPassword: 'RecordObproxyPassword',
  deleteObproxy: 'StopObproxy',
  offlineObproxy: 'UninstallObproxy',
  deleteObproxyCluster: 'UninstallObproxy',
  moveOutObCluster: 'DeleteObClusterInfo',
  deleteObservers: 'WaitObServerDelete',
  deleteObZone: 'WaitObServerDelete',
  // A server without units has left at once.
  replaceObserver: 'DeleteObServer',
  deleteObCluster: 'CleanObServer',
};

/**
 * Proxies that this subtask has restarted work with the changed values until somebody restarts them: the undo stores the former
 * ones and records what waits for a restart (parameter_drift), instead of cutting sessions once more.
 */
const RESTART_STAYS_DUE: Readonly<Partial<Record<OperationName, string>>> = {
  changeParametersAndRestart: 'RestartObproxyProcess',
};

function isFrom(points: Readonly<Partial<Record<OperationName, string>>>, { operation, node }: Case) {
  const point = points[operation.name];
  if (point === undefined) return false;
  const chain = nodesOf(typesOf(operation));
  const at = chain.findIndex(({ key }) => key === node.key);
  return at >= chain.findIndex(({ activity }) => activity === point);
}

/** Whether its undo records what waits for a restart. */
export function staysDue(one: Case): boolean {
  return one.fault.kind === 'undo' && isFrom(RESTART_STAYS_DUE, one);
}

function canBeUndone(one: Case): boolean {
  return one.fault.kind !== 'undo' || !isFrom(POINT_OF_NO_RETURN, one);
}

/** The one subtask in which an upgrade by a stop and a start does something else than one that hands over. */
const COLD = 'HotRestartObproxy';

function nodesOfOperation(operation: Operation): Node[] {
  const nodes = nodesOf(typesOf(operation));
  return operation.name === 'upgradeObproxyCold' ? nodes.filter(({ activity }) => activity === COLD) : nodes;
}

export function allCases(): Case[] {
  return OPERATIONS.flatMap((operation) =>
    nodesOfOperation(operation).flatMap((node) =>
      FAULTS.map((fault) => ({
        id: `${operation.name}/${node.key}/${fault.name}`,
        operation,
        node,
        fault,
      })),
    ),
  ).filter((one) => !IMPOSSIBLE.test(one.id) && canBeUndone(one));
}

/** Whether an id matches one of the patterns: its parts, `*` for anything, parts at the end may be left out. */
function matcher(patterns: readonly string[]): (one: Case) => boolean {
  const expressions = patterns.map((pattern) => {
    const parts = pattern.split('/').map((part) =>
      part
        .split('*')
        .map((text) => text.replace(/[.\\+?^$()[\]{}|]/g, '\\$&'))
        .join('[^/]*'),
    );
    return new RegExp(`^${parts.join('/')}(/|$)`);
  });
  return ({ id }) => expressions.some((expression) => expression.test(id));
}

/** The cases that `only` names (all when it is empty), in the order of its patterns, without those that `skip` names. */
export function matching(cases: readonly Case[], only: readonly string[], skip: readonly string[]): Case[] {
  const unwanted = matcher(skip);
  const wanted = only.length === 0 ? cases : only.flatMap((pattern) => cases.filter(matcher([pattern])));
  return [...new Set(wanted)].filter((one) => !unwanted(one));
}

/** `count` of them, chosen by the seed. */
export function sample(cases: readonly Case[], count: number, seed: number): Case[] {
  return shuffled(cases, seeded(seed, 'sample')).slice(0, count);
}
