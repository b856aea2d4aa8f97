import { z } from 'zod';
import { Refusal } from '../../operations/refusal';
import { permissionsOf } from '../../operations/roles';
import { NewPassword } from '../../operations/schemas';
import { say } from '../../runtime/messages/catalogue';
import type { UserRow } from '../../store/types';
import { listOf } from '../http/answers';
import { type ApiServices, type Route, route } from '../route';
import { changed, loggedIn, UserDocument, unknownUser, userDocument } from './users';

const tag = 'Users';

export const MeDocument = UserDocument.extend({
  permissions: listOf(z.string()).describe('What the roles permit, sorted; as in x-permission.'),
}).meta({ id: 'Me' });

export type MeDocument = Readonly<z.output<typeof MeDocument>>;

/** Who is logged in, and what it may do. */
export function meDocument(user: UserRow): z.input<typeof MeDocument> {
  return { ...userDocument(user), permissions: permissionsOf(user.roles) };
}

/** `…/me`: what every user may do about itself. */
export function meRoutes({ store, checkPassword }: ApiServices): Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/api/v2/iam/me',
        permission: 'AUTHENTICATED',
        tag,
        summary: 'Who is logged in',
        answer: MeDocument,
      },
      async ({ user }) => {
        const { id } = loggedIn(user);
        const row = await store.users.find(id);
        if (row === undefined) throw unknownUser(id);
        return meDocument(row);
      },
    ),
    route(
      {
        method: 'PUT',
        path: '/api/v2/iam/me/password',
        permission: 'AUTHENTICATED',
        tag,
        summary: 'Change the own password',
        description:
          'Sessions of the user end, also the one that asks. Access keys of the user stay as they are.',
        body: z.object({ oldPassword: z.string().max(256), newPassword: NewPassword }),
        answer: UserDocument,
      },
      async ({ user, body, request, notes }) => {
        const { id, name } = loggedIn(user);
        // An access key, or a browser left open, is not enough to take the user over.
        await checkPassword({ name, password: body.oldPassword }, request).catch((error: unknown) => {
          if (!(error instanceof Refusal) || error.status !== 401) throw error;
          throw new Refusal(400, 'COM10001', say('user.oldPasswordWrong'), { target: 'oldPassword' });
        });
        return changed(store, id, { password: body.newPassword }, notes);
      },
    ),
  ];
}
