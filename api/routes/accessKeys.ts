import { z } from 'zod';
import { Refusal } from '../../operations/refusal';
import { IdPath, IdText, QueryText } from '../../operations/schemas';
import { say } from '../../runtime/messages/catalogue';
import type { AccessKeyRow } from '../../store/types';
import { contentsOf, NoData, Time, Whole } from '../http/answers';
import type { AuditNotes } from '../http/audit';
import type { OnceScope } from '../http/idempotency';
import { ocpTime } from '../http/time';
import { type ApiServices, type Route, route } from '../route';
import { loggedIn, unknownUser } from './users';

/** Enough to change one for another; a list of hundreds is a list nobody reads. */
const MOST_KEYS = 20;
const tag = 'Access keys';

const KEY = {
  id: Whole,
  accessKeyId: z.string(),
  userId: Whole,
  description: z.string().nullable(),
  enabled: z.boolean(),
  createTime: Time,
  lastUsedTime: Time.nullable().describe('About an hour exact; null: never used.'),
};
const KeyDocument = z.object(KEY).meta({ id: 'AccessKey' });
export type AccessKeyDocument = Readonly<z.output<typeof KeyDocument>>;
const NewKeyDocument = z
  .object({ ...KEY, accessKeySecret: z.string().describe('Shown this once.') })
  .meta({ id: 'NewAccessKey' });
export type NewAccessKeyDocument = Readonly<z.output<typeof NewKeyDocument>>;
const NewKey = z.object({ description: QueryText.optional() });

function keyDocument(row: AccessKeyRow): z.input<typeof KeyDocument> {
  return {
    id: row.id,
    accessKeyId: row.accessKeyId,
    userId: row.userId,
    description: row.description,
    enabled: row.enabled,
    createTime: ocpTime(row.createTime),
    lastUsedTime: row.lastUsedTime === null ? null : ocpTime(row.lastUsedTime),
  };
}

/** Access keys: everybody's own below `…/me`, those of others below `…/users/{id}`. */
export function accessKeyRoutes({ store }: ApiServices): Route[] {
  async function list(userId: number) {
    return { contents: (await store.accessKeys.ofUser(userId)).map(keyDocument) };
  }

  /** With the answer in one transaction: a request that is sent again must not leave a key that nobody knows. */
  function add(userId: number, description: string | undefined, once: OnceScope, notes: AuditNotes) {
    return store.transaction(async (transaction) => {
      if ((await transaction.users.find(userId)) === undefined) throw unknownUser(userId);
      const made = await transaction.accessKeys
        .add(userId, description ?? null, MOST_KEYS)
        .catch((error: unknown) => {
          if (!(error instanceof RangeError)) throw error;
          throw new Refusal(409, 'COM10005', say('key.tooMany', { limit: MOST_KEYS }));
        });
      const document = { ...keyDocument(made.key), accessKeySecret: made.secret };
      await once.remember(transaction, document);
      notes.command = `access key ${document.accessKeyId}: added`;
      return document;
    });
  }

  async function setEnabled(userId: number, keyId: number, enabled: boolean, notes: AuditNotes) {
    const row = await store.accessKeys.setEnabled(userId, keyId, enabled);
    if (row === undefined) throw unknownKey(userId, keyId);
    notes.command = `access key ${row.accessKeyId}: ${enabled ? 'enabled' : 'disabled'}`;
    return keyDocument(row);
  }

  async function remove(userId: number, keyId: number, notes: AuditNotes): Promise<void> {
    const key = (await store.accessKeys.ofUser(userId)).find(({ id }) => id === keyId);
    if (!(await store.accessKeys.remove(userId, keyId))) throw unknownKey(userId, keyId);
    notes.command = `access key ${key?.accessKeyId}: deleted`;
  }

  const own = { permission: 'AUTHENTICATED', tag } as const;
  const mine = '/api/v2/iam/me/accessKeys';
  const others = { permission: 'ADMIN', tag } as const;
  const theirs = '/api/v2/iam/users/{id}/accessKeys';
  const OwnKey = z.object({ keyId: IdText });
  const TheirKey = z.object({ id: IdText, keyId: IdText });
  return [
    route(
      {
        ...own,
        method: 'GET',
        path: mine,
        summary: 'List the own access keys',
        answer: contentsOf(KeyDocument),
      },
      ({ user }) => list(loggedIn(user).id),
    ),
    route(
      {
        ...own,
        method: 'POST',
        path: mine,
        summary: 'Add an own access key',
        body: NewKey,
        answer: NewKeyDocument,
      },
      ({ user, body, once, notes }) => add(loggedIn(user).id, body.description, once, notes),
    ),
    route(
      {
        ...own,
        method: 'POST',
        path: `${mine}/{keyId}/disable`,
        summary: 'Disable an own access key',
        params: OwnKey,
        answer: KeyDocument,
      },
      ({ user, params, notes }) => setEnabled(loggedIn(user).id, params.keyId, false, notes),
    ),
    route(
      {
        ...own,
        method: 'POST',
        path: `${mine}/{keyId}/enable`,
        summary: 'Enable an own access key',
        params: OwnKey,
        answer: KeyDocument,
      },
      ({ user, params, notes }) => setEnabled(loggedIn(user).id, params.keyId, true, notes),
    ),
    route(
      {
        ...own,
        method: 'DELETE',
        path: `${mine}/{keyId}`,
        summary: 'Delete an own access key',
        params: OwnKey,
        answer: NoData,
      },
      ({ user, params, notes }) => remove(loggedIn(user).id, params.keyId, notes),
    ),
    route(
      {
        ...others,
        method: 'GET',
        path: theirs,
        summary: 'List the access keys of a user',
        params: IdPath,
        answer: contentsOf(KeyDocument),
      },
      async ({ params }) => {
        if ((await store.users.find(params.id)) === undefined) throw unknownUser(params.id);
        return list(params.id);
      },
    ),
    route(
      {
        ...others,
        method: 'POST',
        path: theirs,
        summary: 'Add an access key for a user',
        params: IdPath,
        body: NewKey,
        answer: NewKeyDocument,
      },
      ({ params, body, once, notes }) => add(params.id, body.description, once, notes),
    ),
    route(
      {
        ...others,
        method: 'POST',
        path: `${theirs}/{keyId}/disable`,
        summary: 'Disable an access key of a user',
        params: TheirKey,
        answer: KeyDocument,
      },
      ({ params, notes }) => setEnabled(params.id, params.keyId, false, notes),
    ),
    route(
      {
        ...others,
        method: 'POST',
        path: `${theirs}/{keyId}/enable`,
        summary: 'Enable an access key of a user',
        params: TheirKey,
        answer: KeyDocument,
      },
      ({ params, notes }) => setEnabled(params.id, params.keyId, true, notes),
    ),
    route(
      {
        ...others,
        method: 'DELETE',
        path: `${theirs}/{keyId}`,
        summary: 'Delete an access key of a user',
        params: TheirKey,
        answer: NoData,
      },
      ({ params, notes }) => remove(params.id, params.keyId, notes),
    ),
  ];
}

function unknownKey(userId: number, keyId: number): Refusal {
  return new Refusal(404, 'COM10002', say('key.none', { user: userId, key: keyId }), {
    target: `accessKey:${keyId}`,
  });
}
