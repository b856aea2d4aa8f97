import { z } from 'zod';
import { Refusal } from '../../operations/refusal';
import { ROLE_NAMES, ROLES, type Role } from '../../operations/roles';
import { IdPath, NewPassword, UserName } from '../../operations/schemas';
import { fault, say } from '../../runtime/messages/catalogue';
import {
  DuplicateError,
  LastAdminError,
  type Store,
  type User,
  type UserChange,
  type UserRow,
} from '../../store/types';
import { contentsOf, listOf, NoData, pagedOf, Time, Whole } from '../http/answers';
import type { AuditNotes } from '../http/audit';
import { pageOf } from '../http/envelope';
import { listed, PAGING, pageRequest } from '../http/paging';
import { ocpTime } from '../http/time';
import { type ApiServices, type Route, route } from '../route';

const tag = 'Users';
const Roles = z
  .array(z.enum(ROLE_NAMES, fault('must.oneOf', { values: ROLE_NAMES.join(', ') })))
  .max(ROLE_NAMES.length)
  .transform((roles) => [...new Set(roles)]);

export const UserDocument = z
  .object({
    id: Whole,
    name: z.string(),
    enabled: z.boolean().describe('A disabled user cannot log in, nor can the access keys of it.'),
    roles: listOf(z.string()),
    createTime: Time,
  })
  .meta({ id: 'User' });
export type UserDocument = Readonly<z.output<typeof UserDocument>>;

const RoleDocument = z
  .object({ name: z.string(), permissions: listOf(z.string()).describe('As in x-permission.') })
  .meta({ id: 'Role' });

/** A user as administrators see it. */
export function userDocument({
  id,
  name,
  enabled,
  roles,
  createTime,
}: UserRow): z.input<typeof UserDocument> {
  return { id, name, enabled, roles, createTime: ocpTime(createTime) };
}

/** Refusal 404: there is no such user. */
export function unknownUser(id: number): Refusal {
  return new Refusal(404, 'COM10002', say('user.unknown', { id }), {
    target: `user:${id}`,
  });
}

/** The user of a route behind the login. */
export function loggedIn(user: User | undefined): User {
  if (user === undefined) throw new Refusal(401, 'IAM10000', say('login.plain'));
  return user;
}

async function keepingAnAdmin<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    if (!(error instanceof LastAdminError)) throw error;
    throw new Refusal(409, 'COM10005', say('user.lastAdmin'));
  });
}

/** Changes a user, noting for the audit what. Refusal 404, and 409 for the last administrator. */
export async function changed({ users }: Store, id: number, change: UserChange, notes: AuditNotes) {
  const user = await keepingAnAdmin(() => users.change(id, change));
  if (user === undefined) throw unknownUser(id);
  notes.command = `user ${user.name}: ${spoken(change)}`;
  return userDocument(user);
}

/** A change as the audit names it: who got which role is what one looks for there. */
function spoken({ password, roles, enabled }: UserChange): string {
  return [
    ...(password === undefined ? [] : ['new password']),
    ...(roles === undefined ? [] : [`roles ${roles.join(' ') || 'none'}`]),
    ...(enabled === undefined ? [] : [enabled ? 'enabled' : 'disabled']),
  ].join(', ');
}

/** Users and their roles. */
export function userRoutes(services: ApiServices): Route[] {
  const { store } = services;
  const { users } = store;
  const administered = { permission: 'ADMIN', tag } as const;
  const one = { ...administered, params: IdPath, answer: UserDocument } as const;
  return [
    route(
      {
        method: 'GET',
        path: '/api/v2/iam/roles',
        permission: 'AUTHENTICATED',
        tag,
        summary: 'List the roles and what they permit',
        answer: contentsOf(RoleDocument),
      },
      async () => ({
        contents: ROLE_NAMES.map((name: Role) => ({ name, permissions: ROLES[name] })),
      }),
    ),
    route(
      {
        ...administered,
        method: 'GET',
        path: '/api/v2/iam/users',
        summary: 'List users',
        query: z.object(PAGING),
        answer: pagedOf(UserDocument),
      },
      async ({ query }) => {
        const page = pageRequest(query);
        const { contents, totalElements } = await listed(query, () => users.list(page));
        return pageOf(contents.map(userDocument), { number: page.page, size: page.size, totalElements });
      },
    ),
    route(
      {
        ...administered,
        method: 'POST',
        path: '/api/v2/iam/users',
        summary: 'Add a user',
        body: z.object({ name: UserName, password: NewPassword, roles: Roles.default([]) }),
        answer: UserDocument,
      },
      async ({ body, notes }) => {
        const added = await users.add(body).catch((error: unknown) => {
          if (!(error instanceof DuplicateError)) throw error;
          throw new Refusal(409, 'COM10006', say('user.otherName', { reason: error.said }), {
            target: 'name',
          });
        });
        notes.command = `user ${added.name}: added, ${spoken({ roles: added.roles })}`;
        return userDocument(added);
      },
    ),
    route(
      { ...one, method: 'GET', path: '/api/v2/iam/users/{id}', summary: 'Get a user' },
      async ({ params }) => {
        const row = await users.find(params.id);
        if (row === undefined) throw unknownUser(params.id);
        return userDocument(row);
      },
    ),
    route(
      {
        ...one,
        method: 'PUT',
        path: '/api/v2/iam/users/{id}/roles',
        summary: 'Set the roles of a user',
        body: z.object({ roles: Roles }),
      },
      ({ params, body, notes }) => changed(store, params.id, { roles: body.roles }, notes),
    ),
    route(
      {
        ...one,
        method: 'PUT',
        path: '/api/v2/iam/users/{id}/password',
        summary: 'Set the password of a user',
        body: z.object({ password: NewPassword }),
      },
      ({ params, body, notes }) => changed(store, params.id, { password: body.password }, notes),
    ),
    route(
      {
        ...one,
        method: 'POST',
        path: '/api/v2/iam/users/{id}/disable',
        summary: 'Disable a user and its access keys',
      },
      ({ params, notes }) => changed(store, params.id, { enabled: false }, notes),
    ),
    route(
      { ...one, method: 'POST', path: '/api/v2/iam/users/{id}/enable', summary: 'Enable a user' },
      ({ params, notes }) => changed(store, params.id, { enabled: true }, notes),
    ),
    route(
      {
        ...administered,
        method: 'DELETE',
        path: '/api/v2/iam/users/{id}',
        summary: 'Delete a user and its access keys',
        params: IdPath,
        answer: NoData,
      },
      async ({ params, notes }) => {
        const user = await users.find(params.id);
        if (!(await keepingAnAdmin(() => users.remove(params.id)))) throw unknownUser(params.id);
        notes.command = `user ${user?.name}: deleted`;
      },
    ),
  ];
}
