import { addObproxy } from './addObproxy';
import { addObserver } from './addObserver';
import { batchCreateHosts } from './batchCreateHosts';
import { createObproxyCluster } from './createObproxyCluster';
import { batchDeleteHosts, deleteHost } from './deleteHosts';
import { deleteObproxy, offlineObproxy } from './deleteObproxy';
import { deleteObproxyCluster } from './deleteObproxyCluster';
import { forceRestartObproxy, restartObproxy } from './restartObproxy';
import { restartObserver } from './restartObserver';
import { restartObZone } from './restartObZone';
import { startObproxy } from './startObproxy';
import { startObserver } from './startObserver';
import { startObZone } from './startObZone';
import { stopObproxy } from './stopObproxy';
import { stopObserver } from './stopObserver';
import { stopObZone } from './stopObZone';
import { takeOverObproxy } from './takeOverObproxy';
import type { CatalogueEntry } from './types';

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
  deleteObproxy,
  offlineObproxy,
  addObserver,
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
