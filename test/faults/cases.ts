import { ADD_OB_SERVER } from '../../operations/addObserver';
import { PREPARE_HOST } from '../../operations/batchCreateHosts';
import { CHANGE_PARAMETERS, CHANGE_PARAMETERS_AND_RESTART } from '../../operations/changeObproxyParameters';
import { CHANGE_PASSWORD } from '../../operations/changeObproxyPassword';
import { DELETE_OBPROXY, OFFLINE_OBPROXY } from '../../operations/deleteObproxy';
import { ADOPT_ON_ONE_HOST, INSTALL_ON_HOSTS, INSTALL_ON_ONE_HOST } from '../../operations/installChain';
import { MOVE_OUT_OB_CLUSTER } from '../../operations/moveOutObCluster';
import { REFRESH_OBPROXY } from '../../operations/refreshObproxy';
import { RESTART_OB_CLUSTER } from '../../operations/restartObCluster';
import { RESTART_OBPROXY } from '../../operations/restartObproxy';
import { RESTART_OB_SERVER_435 } from '../../operations/restartObserver';
import { RESTART_OB_ZONE } from '../../operations/restartObZone';
import { START_OB_CLUSTER } from '../../operations/startObCluster';
import { START_OBPROXY } from '../../operations/startObproxy';
import { START_OB_SERVER } from '../../operations/startObserver';
import { START_OB_ZONE } from '../../operations/startObZone';
import { STOP_OB_CLUSTER } from '../../operations/stopObCluster';
import { STOP_OBPROXY } from '../../operations/stopObproxy';
import { STOP_OB_SERVER } from '../../operations/stopObserver';
import { STOP_OB_ZONE } from '../../operations/stopObZone';
import { TAKE_OVER_OB_CLUSTER } from '../../operations/takeOverObCluster';
import { UPGRADE_OBPROXY } from '../../operations/upgradeObproxy';
import type { Chain } from '../../workflows/chain';
import { FAULTS, type Fault } from './faults';
import { OPERATIONS, type Operation } from './operations';
import { seeded, shuffled } from './random';

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

/** Of what is repeated the first time: the others are the same. */
const typesOf = (chain: Chain): string[] =>
  chain.flatMap((item) => ('repeat' in item ? typesOf(item.nodes) : [item.activity]));

const CHAINS: Readonly<Record<Operation['name'], readonly string[]>> = {
  addObproxy: typesOf(INSTALL_ON_ONE_HOST),
  createObproxyCluster: typesOf(INSTALL_ON_HOSTS),
  takeOverObproxy: typesOf(ADOPT_ON_ONE_HOST),
  stopObproxy: typesOf(STOP_OBPROXY),
  startObproxy: typesOf(START_OBPROXY),
  restartObproxy: typesOf(RESTART_OBPROXY),
  restartObproxyHot: typesOf(RESTART_OBPROXY),
  upgradeObproxy: typesOf(UPGRADE_OBPROXY),
  upgradeObproxyCold: typesOf(UPGRADE_OBPROXY),
  refreshObproxy: typesOf(REFRESH_OBPROXY),
  changeObproxyParameters: typesOf(CHANGE_PARAMETERS),
  changeParametersAndRestart: typesOf(CHANGE_PARAMETERS_AND_RESTART),
  changeObproxyPassword: typesOf(CHANGE_PASSWORD),
  deleteObproxy: typesOf(DELETE_OBPROXY),
  offlineObproxy: typesOf(OFFLINE_OBPROXY),
  deleteObproxyCluster: typesOf(OFFLINE_OBPROXY),
  addObserver: typesOf(ADD_OB_SERVER),
  takeOverObCluster: typesOf(TAKE_OVER_OB_CLUSTER),
  moveOutObCluster: typesOf(MOVE_OUT_OB_CLUSTER),
  stopObserver: typesOf(STOP_OB_SERVER),
  startObserver: typesOf(START_OB_SERVER),
  restartObserver: typesOf(RESTART_OB_SERVER_435),
  stopObCluster: typesOf(STOP_OB_CLUSTER),
  startObCluster: typesOf(START_OB_CLUSTER),
  restartObCluster: typesOf(RESTART_OB_CLUSTER),
  stopObZone: typesOf(STOP_OB_ZONE),
  startObZone: typesOf(START_OB_ZONE),
  restartObZone: typesOf(RESTART_OB_ZONE),
  batchCreateHosts: typesOf(PREPARE_HOST),
};

function nodesOf(chain: readonly string[]): Node[] {
  return chain.map((activity, index) => {
    const occurrence = chain.slice(0, index + 1).filter((other) => other === activity).length;
    const repeated = chain.filter((other) => other === activity).length > 1;
    return { activity, occurrence, key: repeated ? `${activity}.${occurrence}` : activity };
  });
}

/**
 * The last step of a take-over forgets what undo would need, so a rollback after it is refused by its undo
 * (test/activities/takeOver.test.ts) instead of leaving the host as before. docs/task-engine.md says so.
 */
const IMPOSSIBLE = /^takeOverObproxy\/Finish\/rollback-(after|worker-kill)$/;

/** From this subtask on a task cannot be undone: rolling back is refused, or its undo says why (test/activities/life.test.ts). */
const POINT_OF_NO_RETURN: Readonly<Partial<Record<Operation['name'], string>>> = {
  stopObproxy: 'StopObproxy',
  upgradeObproxy: 'CheckAndResetProxyId',
  upgradeObproxyCold: 'CheckAndResetProxyId',
  changeObproxyPassword: 'RecordObproxyPassword',
  deleteObproxy: 'StopObproxy',
  offlineObproxy: 'UninstallObproxy',
  deleteObproxyCluster: 'UninstallObproxy',
  moveOutObCluster: 'DeleteObClusterInfo',
};

function canBeUndone({ operation, node, fault }: Case): boolean {
  const point = POINT_OF_NO_RETURN[operation.name];
  if (point === undefined || fault.kind !== 'undo') return true;
  const chain = nodesOf(CHAINS[operation.name]);
  const at = chain.findIndex(({ key }) => key === node.key);
  return at < chain.findIndex(({ activity }) => activity === point);
}

/** The one subtask in which an upgrade by a stop and a start does something else than one that hands over. */
const COLD = 'HotRestartObproxy';

function nodesOfOperation({ name }: Operation): Node[] {
  const nodes = nodesOf(CHAINS[name]);
  return name === 'upgradeObproxyCold' ? nodes.filter(({ activity }) => activity === COLD) : nodes;
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

/** The cases that `only` names (all when it is empty), without those that `skip` names. */
export function matching(cases: readonly Case[], only: readonly string[], skip: readonly string[]): Case[] {
  const [wanted, unwanted] = [matcher(only), matcher(skip)];
  return cases.filter((one) => (only.length === 0 || wanted(one)) && !unwanted(one));
}

/** `count` of them, chosen by the seed. */
export function sample(cases: readonly Case[], count: number, seed: number): Case[] {
  return shuffled(cases, seeded(seed, 'sample')).slice(0, count);
}
