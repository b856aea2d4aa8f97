import { addObproxy } from './addObproxy';
import { addObserver } from './addObserver';
import { addObZone } from './addObZone';
import { batchCreateHosts } from './batchCreateHosts';
import { changeObproxyParameters } from './changeObproxyParameters';
import { changeObproxyPassword } from './changeObproxyPassword';
import { createObproxyCluster } from './createObproxyCluster';
import { batchDeleteHosts, deleteHost } from './deleteHosts';
import { deleteObproxy, offlineObproxy } from './deleteObproxy';
import { deleteObproxyCluster } from './deleteObproxyCluster';
import { deleteObservers } from './deleteObservers';
import { deleteObZone } from './deleteObZone';
import { moveOutObCluster } from './moveOutObCluster';
import { refreshObproxy } from './refreshObproxy';
import { replaceObserver } from './replaceObserver';
import { forceRestartObproxy, restartObproxy } from './restartObproxy';
import { restartObserver } from './restartObserver';
import { restartObZone } from './restartObZone';
import { startObproxy } from './startObproxy';
import { startObserver } from './startObserver';
import { startObZone } from './startObZone';
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
  addObserver,
  addObZone,
  deleteObservers,
  replaceObserver,
  deleteObZone,
  takeOverObCluster,
  moveOutObCluster,
  stopObserver,
  startObserver,
  restartObserver,
  stopObZone,
  startObZone,
  restartObZone,
  batchCreateHosts,
  deleteHost,
  batchDeleteHosts,
];
