/**
 * Credentials as OCP's clients use them (obd's and Terraform's, and what is left of the console in obshell; there is no page
 * about them). OCP keeps them per user; obflow's are shared by all who manage hosts. No answer holds a secret.
 */
import { z } from 'zod';
import { credentialById } from '../../operations/hostFields';
import { Refusal } from '../../operations/refusal';
import { Description, Id, IdPath } from '../../operations/schemas';
import { asFault, fault, type Said, say } from '../../runtime/messages/catalogue';
import {
  type CredentialRow,
  type CredentialUsers,
  DuplicateError,
  type OpenCredential,
  type Store,
} from '../../store/types';
import { listOf, NoData, pagedOf, Time, Whole } from '../http/answers';
import { pageOf } from '../http/envelope';
import { answerLanguage, spoken } from '../http/messages/language';
import { listed, oneOf, PAGING, pageRequest } from '../http/paging';
import { ocpTime } from '../http/time';
import { refuseWhereItFails, secretFault, tryCredential } from '../objects/tryCredential';
import { type ApiServices, type Route, route } from '../route';

const tag = 'Credentials';
const CREDENTIALS = '/api/v2/profiles/me/credentials';
/** The whole request; a key of 64 kB is none that anybody has. */
const MOST_SECRET = 65_536;
const MOST_TRIED = 200;

const TYPES = { PASSWORD: 'SSH_PASSWORD', PRIVATE_KEY: 'SSH_KEY' } as const;

const CredentialName = z
  .string(fault('must.string'))
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,62}[A-Za-z0-9]$/, fault('must.credentialName'));
const Username = z
  .string(fault('must.string'))
  .regex(/^[A-Za-z_][A-Za-z0-9_.@#-]{0,127}$/, fault('must.userName'));
const Secret = z
  .string(fault('must.string'))
  .max(MOST_SECRET, fault('must.charactersAtMost', { limit: MOST_SECRET }));
const HostsToTry = z
  .array(Id)
  .max(MOST_TRIED, fault('must.hostsAtMost', { limit: MOST_TRIED }))
  .transform((ids) => [...new Set(ids)]);
const HOST_TARGET = z.literal('HOST', fault('must.beHostTarget'));
const TYPE = oneOf(['PASSWORD', 'PRIVATE_KEY']);

const SshProperty = z.object({
  type: TYPE,
  username: Username,
  passphrase: Secret.describe('The password, or the text of the private key.'),
  keyPassphrase: z
    .string(fault('must.string'))
    .max(1_024)
    .optional()
    .describe('Ours: the pass-phrase of a private key that is encrypted.'),
  hostIdList: HostsToTry.optional().describe(
    'Hosts that it is tried on with `validate`. Which credential a host uses is said at the host.',
  ),
});

const NewBody = z
  .object({
    targetType: HOST_TARGET,
    name: CredentialName,
    description: Description.optional(),
    validate: z
      .boolean(fault('must.boolean'))
      .default(false)
      .describe('Try it on sshCredentialProperty.hostIdList.'),
    sshCredentialProperty: SshProperty.extend({ passphrase: Secret.min(1, fault('must.notBeEmpty')) }),
  })
  .superRefine(({ sshCredentialProperty: { type, passphrase, keyPassphrase } }, context) => {
    const unreadable = secretFault(TYPES[type], { secret: passphrase, passphrase: keyPassphrase });
    if (unreadable === undefined) return;
    context.addIssue({
      code: 'custom',
      path: ['sshCredentialProperty', 'passphrase'],
      message: asFault(unreadable),
    });
  });

const ChangeBody = z.object({
  targetType: HOST_TARGET.optional(),
  name: CredentialName.optional(),
  description: Description.optional(),
  validate: z
    .boolean(fault('must.boolean'))
    .default(false)
    .describe('Try it on hostIdList, or on the hosts that use it.'),
  sshCredentialProperty: SshProperty.extend({
    type: TYPE.optional(),
    username: Username.optional(),
    passphrase: Secret.optional().describe('Absent or empty: it stays.'),
  }).optional(),
});

const ValidateBody = z.object({
  hostIdList: HostsToTry.optional().describe('Hosts to try it on; absent: those that use it.'),
});

const CredentialDocument = z
  .object({
    id: Whole,
    name: z.string(),
    targetType: z.enum(['HOST', 'OB']).describe('OB: a login of databases, declared in the inventory file.'),
    description: z.string().nullable(),
    sshCredentialProperty: z
      .object({ type: z.enum(['PASSWORD', 'PRIVATE_KEY']), username: z.string(), hostIdList: listOf(Whole) })
      .exactOptional()
      .describe('hostIdList: the hosts that use it. The secret is never answered.'),
    obJdbcCredentialProperty: z.object({ username: z.string() }).exactOptional(),
    createTime: Time,
    updateTime: Time,
  })
  .meta({ id: 'Credential' });

const Validation = z
  .object({
    succeededCount: Whole,
    failedCount: Whole,
    details: listOf(
      z.object({
        hostId: Whole,
        target: z.string().describe('Address and port.'),
        connectionResult: z.enum(['SUCCEEDED', 'CONNECT_FAILED', 'SUDO_NOT_ALLOWED', 'HOST_NOT_EXISTS']),
        message: z.string(),
        findings: listOf(
          z.object({ level: z.enum(['ERROR', 'WARN', 'INFO']), message: z.string() }),
        ).describe('What else stands in the way of tasks there (ERROR), or makes them slow.'),
      }),
    ),
  })
  .meta({ id: 'CredentialValidation' });

function credentialDocument(
  row: CredentialRow,
  users: CredentialUsers = { hosts: [], obClusters: [] },
): z.input<typeof CredentialDocument> {
  const { id, name, kind, username, description } = row;
  return {
    ...{ id, name, description },
    targetType: kind === 'DATABASE' ? 'OB' : 'HOST',
    ...(kind === 'DATABASE'
      ? { obJdbcCredentialProperty: { username } }
      : {
          sshCredentialProperty: {
            type: kind === 'SSH_KEY' ? ('PRIVATE_KEY' as const) : ('PASSWORD' as const),
            username,
            hostIdList: users.hosts.map((host) => host.id),
          },
        }),
    createTime: ocpTime(row.createTime),
    updateTime: ocpTime(row.updateTime),
  };
}

async function documentOf(store: Store, id: number): Promise<z.input<typeof CredentialDocument>> {
  return credentialDocument(await credentialById(store, id), await store.credentials.users(id));
}

/** Refusal CRD08002 instead of the database's word for it. */
async function named<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DuplicateError)) throw error;
    throw new Refusal(409, 'CRD08002', say('name.taken', { name }), { target: 'name' });
  }
}

/** What a credential becomes by a change. Throws Refusal for one of databases, and for a secret that does not fit. */
function changedBy(
  old: OpenCredential & { readonly description: string | null },
  { name, description, sshCredentialProperty: ssh = {} }: z.output<typeof ChangeBody>,
): OpenCredential & { readonly description: string | null } {
  if (old.kind === 'DATABASE') {
    throw new Refusal(400, 'COM10001', say('credential.ofDatabase', { name: old.name }), {
      target: `credential:${old.id}`,
    });
  }
  const kind = ssh.type === undefined ? old.kind : TYPES[ssh.type];
  const given = ssh.passphrase === undefined || ssh.passphrase === '' ? undefined : ssh.passphrase;
  const refuse = (message: Said) =>
    new Refusal(400, 'COM10001', message, { target: 'sshCredentialProperty.passphrase' });
  if (kind !== old.kind && given === undefined) throw refuse(say('credential.secretMissing'));
  const secret = given ?? old.secret;
  const passphrase = ssh.keyPassphrase ?? (given === undefined ? old.passphrase : undefined);
  const unreadable = secretFault(kind, { secret, passphrase });
  if (unreadable !== undefined) {
    throw refuse(say('request.fault', { field: 'sshCredentialProperty.passphrase', fault: unreadable }));
  }
  return {
    id: old.id,
    name: name ?? old.name,
    description: description === undefined ? old.description : description,
    ...{ kind, secret },
    username: ssh.username ?? old.username,
    ...(kind === 'SSH_KEY' && passphrase !== undefined ? { passphrase } : {}),
  };
}

/** What uses a credential, in words; '' when nothing does. */
function usersText({ hosts, obClusters }: CredentialUsers): string {
  const named = [
    ...hosts.map(({ ip, id }) => `host ${ip} (id ${id})`),
    ...obClusters.map(({ name }) => `OceanBase cluster "${name}"`),
  ];
  return named.length <= 20
    ? named.join(', ')
    : `${named.slice(0, 20).join(', ')} and ${named.length - 20} more`;
}

export function credentialRoutes(services: ApiServices): Route[] {
  const { store } = services;
  const viewing = { permission: 'HOST_VIEWER', tag } as const;
  const managing = { permission: 'HOST_MANAGER', tag } as const;
  const one = { path: `${CREDENTIALS}/{id}`, params: IdPath } as const;
  return [
    route(
      {
        ...viewing,
        method: 'GET',
        path: CREDENTIALS,
        summary: 'List credentials',
        description: 'Never their secrets. They are shared: "me" is everybody who may see hosts.',
        query: z.object({ targetType: oneOf(['HOST', 'OB', 'OB_PROXY']).optional(), ...PAGING }),
        answer: pagedOf(CredentialDocument),
      },
      async ({ query }) => {
        const page = pageRequest(query);
        const { targetType } = query;
        // Passwords of OBProxies are kept with their clusters.
        const found =
          targetType === 'OB_PROXY'
            ? { contents: [], totalElements: 0 }
            : await listed(query, () =>
                store.credentials.list(targetType === undefined ? {} : { ssh: targetType === 'HOST' }, page),
              );
        const users = await store.credentials.usersOf(found.contents.map(({ id }) => id));
        const contents = found.contents.map((row) => credentialDocument(row, users.get(row.id)));
        return pageOf(contents, { number: page.page, size: page.size, totalElements: found.totalElements });
      },
    ),
    route(
      { ...viewing, ...one, method: 'GET', summary: 'Get a credential', answer: CredentialDocument },
      ({ params }) => documentOf(store, params.id),
    ),
    route(
      {
        ...managing,
        method: 'POST',
        path: CREDENTIALS,
        summary: 'Add a credential for hosts',
        description:
          'With validate it is tried on hostIdList first, and stored only when it works on all of them.',
        body: NewBody,
        answer: CredentialDocument,
      },
      async ({ body, notes }) => {
        const { name, description = null, sshCredentialProperty: ssh } = body;
        const credential = {
          ...{ name, description },
          kind: TYPES[ssh.type],
          username: ssh.username,
          secret: ssh.passphrase,
          ...(ssh.type === 'PRIVATE_KEY' && ssh.keyPassphrase !== undefined
            ? { passphrase: ssh.keyPassphrase }
            : {}),
        };
        if (body.validate)
          refuseWhereItFails(await tryCredential(services, credential, ssh.hostIdList ?? []));
        const id = await named(name, () => store.credentials.add(credential));
        notes.command = `credential ${name}: added`;
        return documentOf(store, id);
      },
    ),
    route(
      {
        ...managing,
        ...one,
        method: 'PUT',
        summary: 'Change a credential for hosts',
        description: 'What is absent stays, the secret too. Tasks use what is stored when they next log in.',
        body: ChangeBody,
        answer: CredentialDocument,
      },
      async ({ params: { id }, body, notes }) => {
        const wished = async (where: Store) => {
          const { description } = await credentialById(where, id);
          return changedBy({ ...(await where.credentials.open(id)), description }, body);
        };
        if (body.validate) {
          const users = await store.credentials.users(id);
          const ids = body.sshCredentialProperty?.hostIdList ?? users.hosts.map((host) => host.id);
          refuseWhereItFails(await tryCredential(services, await wished(store), ids.slice(0, MOST_TRIED)));
        }
        await named(body.name ?? '', () =>
          store.transaction(async (inside) => {
            const credential = await wished(inside);
            await inside.credentials.replace(credential);
            notes.command = `credential ${credential.name}: changed`;
          }),
        );
        return documentOf(store, id);
      },
    ),
    route(
      {
        ...managing,
        ...one,
        method: 'DELETE',
        summary: 'Delete a credential that nothing uses',
        answer: NoData,
      },
      async ({ params: { id }, once, notes }) => {
        await store.transaction(async (inside) => {
          const { name } = await credentialById(inside, id);
          const users = usersText(await inside.credentials.users(id));
          if (users !== '') {
            throw new Refusal(409, 'COM10005', say('credential.inUse', { name, users }), {
              target: `credential:${id}`,
            });
          }
          await inside.credentials.remove(id);
          notes.command = `credential ${name}: deleted`;
          await once.remember(inside, undefined);
        });
      },
    ),
    route(
      {
        ...managing,
        method: 'POST',
        path: `${CREDENTIALS}/{id}/validate`,
        summary: 'Try a credential on hosts',
        description: 'Logs in to each and asks for a shell as root. Changes nothing.',
        params: IdPath,
        body: ValidateBody,
        answer: Validation,
      },
      async ({ params: { id }, body, notes, request }) => {
        const row = await credentialById(store, id);
        notes.command = `credential ${row.name}: tried`;
        if (row.kind === 'DATABASE') {
          throw new Refusal(400, 'COM10001', say('credential.ofDatabase', { name: row.name }), {
            target: `credential:${id}`,
          });
        }
        const users = await store.credentials.users(id);
        const ids = body.hostIdList ?? users.hosts.map((host) => host.id).slice(0, MOST_TRIED);
        const details = await tryCredential(services, await store.credentials.open(id), ids);
        const succeeded = details.filter(({ connectionResult }) => connectionResult === 'SUCCEEDED').length;
        const language = answerLanguage(request);
        return {
          succeededCount: succeeded,
          failedCount: details.length - succeeded,
          details: details.map(({ message, findings, ...one }) => ({
            ...one,
            message: spoken(message, language),
            findings: findings.map((finding) => ({
              level: finding.level,
              message: spoken(finding.message, language),
            })),
          })),
        };
      },
    ),
  ];
}
