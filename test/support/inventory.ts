import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openInventory } from '../../inventory';
import type { Inventory } from '../../inventory/types';

/** Next to nothing: hundreds of tests make and check users. test/inventory/access.test.ts holds the real cost. */
export const CHEAP_PASSWORDS = { N: 16, r: 1, p: 1 };

/** An empty inventory in a folder of its own; `remove` closes it and leaves nothing. */
export async function emptyInventory(): Promise<{ inventory: Inventory; remove(): Promise<void> }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-inventory-'));
  const inventory = await openInventory({
    databaseUrl: `file:${path.join(folder, 'obflow.db')}`,
    masterKeyFile: path.join(folder, 'master.key'),
    passwordCost: CHEAP_PASSWORDS,
  });
  return {
    inventory,
    async remove() {
      await inventory.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
