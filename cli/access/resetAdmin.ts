import type { Inventory, UserRow } from '../../inventory/types';
import { auditCommand } from '../auditCommand';
import { openExistingInventory } from '../database';
import { say } from '../output';
import { newPassword, type PasswordSource } from './secretInput';

/** As the API asks for it. */
const SHORTEST = 8;

/**
 * `obflow reset-admin`: the way back in when nobody can log in as ADMIN, for whoever may read the database and the
 * master key. Gives the user a new password and the role ADMIN, enables it, adds it when there is none.
 */
export async function resetAdmin(name: string, source: PasswordSource): Promise<void> {
  const inventory = await openExistingInventory();
  try {
    const known = await userCalled(inventory, name);
    const password = await newPassword(source, name);
    if (password.length < SHORTEST) {
      throw new Error(`The password must have at least ${SHORTEST} characters; nothing was changed.`);
    }
    if (known === undefined) {
      await inventory.users.add({ name, password, roles: ['ADMIN'] });
    } else {
      await inventory.users.change(known.id, {
        password,
        enabled: true,
        roles: [...new Set([...known.roles, 'ADMIN'])],
      });
    }
    await auditCommand(inventory, `user ${name}: obflow reset-admin`);
    say(
      `User ${name} is ${known === undefined ? 'added' : 'enabled'}, has the role ADMIN and a new password.`,
    );
    say('Its access keys, if any, stay as they are: obflow key ls');
  } finally {
    await inventory.close();
  }
}

async function userCalled({ users }: Inventory, name: string): Promise<UserRow | undefined> {
  for (let page = 1; ; page += 1) {
    const { contents } = await users.list({ page, size: 500 });
    const found = contents.find((user) => user.name === name);
    if (found !== undefined || contents.length === 0) return found;
  }
}
