import { addObproxy } from './addObproxy';
import { addObserver } from './addObserver';
import { createObproxyCluster } from './createObproxyCluster';
import { takeOverObproxy } from './takeOverObproxy';
import type { CatalogueEntry } from './types';

/** The catalogue: every documented operation that starts tasks. Routes and the API document are made from it. */
export const OPERATIONS: readonly CatalogueEntry[] = [
  createObproxyCluster,
  addObproxy,
  takeOverObproxy,
  addObserver,
];
