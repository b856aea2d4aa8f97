import { ADD_OB_SERVER } from '../../operations/addObserver';
import { ADD_OB_ZONE } from '../../operations/addObZone';
import { PREPARE_HOST } from '../../operations/batchCreateHosts';
import { CHANGE_PARAMETERS, CHANGE_PARAMETERS_AND_RESTART } from '../../operations/changeObproxyParameters';
import { CHANGE_PASSWORD } from '../../operations/changeObproxyPassword';
import { DELETE_OBPROXY, OFFLINE_OBPROXY } from '../../operations/deleteObproxy';
import { DELETE_OB_SERVERS } from '../../operations/deleteObservers';
import { DELETE_OB_ZONE } from '../../operations/deleteObZone';
import { ADOPT_ON_ONE_HOST, INSTALL_ON_HOSTS, INSTALL_ON_ONE_HOST } from '../../operations/installChain';
import { MOVE_OUT_OB_CLUSTER } from '../../operations/moveOutObCluster';
import { REFRESH_OBPROXY } from '../../operations/refreshObproxy';
import { REPLACE_OB_SERVER } from '../../operations/replaceObserver';
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
import type { Chain, ChainNode } from '../../workflows/chain';

/** The chain of every operation that the suite breaks; the parts under test read it, too, to cut its timeouts. */
export const CHAIN_OF = {
  addObproxy: INSTALL_ON_ONE_HOST,
  createObproxyCluster: INSTALL_ON_HOSTS,
  takeOverObproxy: ADOPT_ON_ONE_HOST,
  stopObproxy: STOP_OBPROXY,
  startObproxy: START_OBPROXY,
  restartObproxy: RESTART_OBPROXY,
  restartObproxyHot: RESTART_OBPROXY,
  upgradeObproxy: UPGRADE_OBPROXY,
  upgradeObproxyCold: UPGRADE_OBPROXY,
  refreshObproxy: REFRESH_OBPROXY,
  changeObproxyParameters: CHANGE_PARAMETERS,
  changeParametersAndRestart: CHANGE_PARAMETERS_AND_RESTART,
  changeObproxyPassword: CHANGE_PASSWORD,
  deleteObproxy: DELETE_OBPROXY,
  offlineObproxy: OFFLINE_OBPROXY,
  deleteObproxyCluster: OFFLINE_OBPROXY,
  addObserver: ADD_OB_SERVER,
  addObZone: ADD_OB_ZONE,
  deleteObservers: DELETE_OB_SERVERS,
  deleteObZone: DELETE_OB_ZONE,
  replaceObserver: REPLACE_OB_SERVER,
  takeOverObCluster: TAKE_OVER_OB_CLUSTER,
  moveOutObCluster: MOVE_OUT_OB_CLUSTER,
  stopObserver: STOP_OB_SERVER,
  startObserver: START_OB_SERVER,
  restartObserver: RESTART_OB_SERVER_435,
  stopObCluster: STOP_OB_CLUSTER,
  startObCluster: START_OB_CLUSTER,
  restartObCluster: RESTART_OB_CLUSTER,
  stopObZone: STOP_OB_ZONE,
  startObZone: START_OB_ZONE,
  restartObZone: RESTART_OB_ZONE,
  batchCreateHosts: PREPARE_HOST,
} satisfies Readonly<Record<string, Chain>>;

export type OperationName = keyof typeof CHAIN_OF;

/** Its nodes, of what is repeated the first time: the others are the same. */
export const chainNodes = (chain: Chain): readonly ChainNode[] =>
  chain.flatMap((item) => ('repeat' in item ? chainNodes(item.nodes) : [item]));
