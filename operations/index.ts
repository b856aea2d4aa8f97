import { addObproxy } from './addObproxy';
import { addObserver } from './addObserver';
import { addObZone } from './addObZone';
import { batchCreateHosts } from './batchCreateHosts';
import { changeObproxyParameters } from './changeObproxyParameters';
import { changeObproxyPassword } from './changeObproxyPassword';
import { createObCluster } from './createObCluster';
import { createObproxyCluster } from './createObproxyCluster';
import { batchDeleteHosts, deleteHost } from './deleteHosts';
import { deleteObCluster } from './deleteObCluster';
import { deleteObproxy, offlineObproxy } from './deleteObproxy';
import { deleteObproxyCluster } from './deleteObproxyCluster';
import { deleteObservers } from './deleteObservers';
import { deleteObZone } from './deleteObZone';
import { moveOutObCluster } from './moveOutObCluster';
import { refreshObproxy } from './refreshObproxy';
import { replaceObserver } from './replaceObserver';
import { restartObCluster } from './restartObCluster';
import { forceRestartObproxy, restartObproxy } from './restartObproxy';
import { restartObserver } from './restartObserver';
import { restartObZone } from './restartObZone';
import { startObCluster } from './startObCluster';
import { startObproxy } from './startObproxy';
import { startObserver } from './startObserver';
import { startObZone } from './startObZone';
import { stopObCluster } from './stopObCluster';
import { stopObproxy } from './stopObproxy';
import { stopObserver } from './stopObserver';
import { stopObZone } from './stopObZone';
import { takeOverObCluster } from './takeOverObCluster';
import { takeOverObproxy } from './takeOverObproxy';
import type { CatalogueEntry } from './types';
import { upgradeObproxies, upgradeObproxy } from './upgradeObproxy';

/** The catalogue: every documented operation that starts tasks, or is refused by them. Routes and the API document are made from it. */
export const OPERATIONS: readonly CatalogueEntry[] = [
  createObproxyCluster,
  deleteObproxyCluster,
  addObproxy,
  takeOverObproxy,
  stopObproxy,
  startObproxy,
  restartObproxy,
  forceRestartObproxy,
  upgradeObproxy,
  upgradeObproxies,
  refreshObproxy,
  changeObproxyParameters,
  changeObproxyPassword,
  deleteObproxy,
  offlineObproxy,
  createObCluster,
  deleteObCluster,
  addObserver,
  deleteObservers,
  addObZone,
  replaceObserver,
  deleteObZone,
  takeOverObCluster,
  moveOutObCluster,
  stopObserver,
  startObserver,
  restartObserver,
  stopObCluster,
  startObCluster,
  restartObCluster,
  stopObZone,
  startObZone,
  restartObZone,
  batchCreateHosts,
  deleteHost,
  batchDeleteHosts,
];
