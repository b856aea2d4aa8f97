import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openStore } from '../../store';
import type { Store } from '../../store/types';

/** Next to nothing: hundreds of tests make and check users. test/store/access.test.ts holds the real cost. */
export const CHEAP_PASSWORDS = { N: 16, r: 1, p: 1 };

/** An empty inventory in a folder of its own; `remove` closes it and leaves nothing. */
export async function emptyStore(): Promise<{
  store: Store;
  databaseUrl: string;
  masterKeyFile: string;
  remove(): Promise<void>;
}> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-inventory-'));
  const place = {
    databaseUrl: `file:${path.join(folder, 'obflow.db')}`,
    masterKeyFile: path.join(folder, 'master.key'),
  };
  const store = await openStore({ ...place, passwordCost: CHEAP_PASSWORDS });
  return {
    ...place,
    store,
    async remove() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
