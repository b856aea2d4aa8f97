import type { z } from 'zod';
import { NewPassword, UserName } from '../../operations/schemas';
import { faultOf } from '../../runtime/messages/catalogue';
import type { Store, UserRow } from '../../store/types';
import { inEnglish } from '../../workflows/text';
import { auditCommand } from '../auditCommand';
import { openExistingStore } from '../database';
import { say } from '../output';
import { newPassword, type PasswordSource } from './secretInput';

/**
 * `obflow reset-admin`: the way back in when nobody can log in as ADMIN, for whoever may read the database and the
 * master key. Gives the user a new password and the role ADMIN, enables it, adds it when there is none.
 */
export async function resetAdmin(name: string, source: PasswordSource): Promise<void> {
  const store = await openExistingStore();
  try {
    const known = await userCalled(store, name);
    const password = await newPassword(source, name);
    refuse('password', NewPassword.safeParse(password).error);
    if (known === undefined) {
      refuse('name', UserName.safeParse(name).error);
      await store.users.add({ name, password, roles: ['ADMIN'] });
    } else {
      await store.users.change(known.id, {
        password,
        enabled: true,
        roles: [...new Set([...known.roles, 'ADMIN'])],
      });
    }
    await auditCommand(store, `user ${name}: obflow reset-admin`);
    say(
      `User ${name} is ${known === undefined ? 'added' : 'enabled'}, has the role ADMIN and a new password.`,
    );
    say('Its access keys, if any, stay as they are: obflow key ls');
  } finally {
    await store.close();
  }
}

/** The API's rules hold here, too: a name with a colon could never log in. */
function refuse(what: string, error: z.ZodError | undefined): void {
  const [issue] = error?.issues ?? [];
  if (issue !== undefined)
    throw new Error(`The ${what} ${inEnglish(faultOf(issue.message))}; nothing was changed.`);
}

async function userCalled({ users }: Store, name: string): Promise<UserRow | undefined> {
  for (let page = 1; ; page += 1) {
    const { contents } = await users.list({ page, size: 500 });
    const found = contents.find((user) => user.name === name);
    if (found !== undefined || contents.length === 0) return found;
  }
}
