import { isIP } from 'node:net';
import { z } from 'zod';
import { clusterNameFault, openAsSys } from '../../contact/clusterState';
import { privateKeyFault } from '../../hosts/privateKey';
import type { ClusterSession } from '../../oceanbase/clusterSession';
import { sysUserFault } from '../../oceanbase/loginName';
import { couldNotAsk, SqlError } from '../../oceanbase/sqlSession';
import { fieldRefusal } from '../../operations/preconditions';
import { Id, MOST_HOSTS, PlaceName } from '../../operations/schemas';
import { addressText, canonicalHost } from '../../runtime/addressText';
import { asFault, fault, type Said, say } from '../../runtime/messages/catalogue';
import type { HostRow, Store, Credential as StoredCredential } from '../../store/types';
import { listOf } from '../http/answers';
import type { ApiServices } from '../route';
import { refuseDeniedFields } from './allowedAddresses';
import { contactHost, shortcomings, sideBySide } from './contactHosts';

const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/, fault('must.declaredName', { limit: 128 }));
const Port = z
  .int(fault('must.port'))
  .min(1, fault('must.atLeast', { limit: 1 }))
  .max(65535, fault('must.atMost', { limit: 65535 }));
const Ip = z
  .string()
  .refine((text) => isIP(text) !== 0, fault('must.ip'))
  .overwrite(canonicalHost);

const Credential = z
  .object({
    name: Name,
    kind: z.enum(
      ['SSH_KEY', 'SSH_PASSWORD', 'DATABASE'],
      fault('must.oneOf', { values: 'SSH_KEY, SSH_PASSWORD, DATABASE' }),
    ),
    username: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.@#-]{0,127}$/, fault('must.userName')),
    secret: z.string().max(65_536),
    passphrase: z.string().max(1_024).optional(),
  })
  .superRefine(({ kind, secret, passphrase }, context) => {
    // Told here: at the next log-in it would be the failure of a task.
    const unreadable = kind === 'SSH_KEY' ? privateKeyFault(secret, passphrase) : undefined;
    if (unreadable === undefined) return;
    context.addIssue({ code: 'custom', path: ['secret'], message: asFault(unreadable) });
  });

const Host = z.object({
  ip: Ip,
  sshPort: Port.default(22),
  name: Name.optional(),
  credential: Name,
  hostKey: z
    .string()
    .regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, fault('must.fingerprint'))
    .optional(),
  idc: PlaceName,
  region: PlaceName,
});

const ObCluster = z.object({
  name: Name,
  obClusterId: Id,
  version: z
    .string()
    .regex(/^[0-9]+(\.[0-9]+){1,4}(-[A-Za-z0-9.]+)?$/, fault('must.version', { example: '4.2.1.0' })),
  type: z
    .enum(['PRIMARY', 'STANDBY'], fault('must.oneOf', { values: 'PRIMARY, STANDBY' }))
    .default('PRIMARY'),
  rootServers: z
    .array(z.object({ ip: Ip, sqlPort: Port.default(2881), rpcPort: Port.default(2882) }))
    .min(1, fault('must.nameRootServer'))
    .max(100),
  sysCredential: Name,
  proxyroCredential: Name,
});

/** Two entries of one key in a request are a mistake, not an update. */
function once<T>(key: (item: T) => string, field: string) {
  return (items: T[], context: z.RefinementCtx): void => {
    const seen = new Set<string>();
    items.forEach((item, index) => {
      if (seen.size === seen.add(key(item)).size) {
        context.addIssue({
          code: 'custom',
          path: [index, field],
          message: fault('is.declaredTwice', { name: key(item) }),
        });
      }
    });
  };
}

/** The body of `PUT /api/v2/inventory`. */
export const DeclaredInventory = z.object({
  credentials: z
    .array(Credential)
    .max(1_000)
    .superRefine(once((item) => item.name, 'name'))
    .default([]),
  hosts: z
    .array(Host)
    .max(MOST_HOSTS)
    .superRefine(once((item) => `${item.ip} port ${item.sshPort}`, 'ip'))
    .default([]),
  obClusters: z
    .array(ObCluster)
    .max(1_000)
    .superRefine(once((item) => `${item.name}:${item.obClusterId}`, 'name'))
    .default([]),
});
export type DeclaredInventory = z.output<typeof DeclaredInventory>;

const ChangeKind = z.enum(['added', 'changed', 'unchanged']);
type ChangeKind = z.output<typeof ChangeKind>;

/** The answer to it. */
export const AppliedInventory = z.object({
  changes: listOf(
    z.object({
      kind: z.enum(['credential', 'host', 'obCluster']),
      name: z.string(),
      change: ChangeKind,
      note: z.string().exactOptional(),
    }),
  ),
  warnings: listOf(z.string()),
});
export type AppliedInventory = z.output<typeof AppliedInventory>;

/** The same in no language yet. */
export interface Applied extends Pick<AppliedInventory, 'changes'> {
  readonly warnings: readonly Said[];
}

interface Stored {
  readonly changes: AppliedInventory['changes'][number][];
  readonly contact: { readonly row: HostRow; readonly change: ChangeKind }[];
}

async function credentialOf(
  store: Store,
  name: string,
  kinds: readonly string[],
  field: string,
): Promise<StoredCredential> {
  const credential = await store.credentials.find(name);
  if (credential === undefined) throw fieldRefusal(field, name, say('names.noCredential'));
  if (!kinds.includes(credential.kind)) {
    throw fieldRefusal(
      field,
      name,
      say('must.credentialOfKind', { kinds: kinds.join(' or '), kind: credential.kind }),
    );
  }
  return credential;
}

/** A credential by which obflow or a proxy logs in to the sys tenant of a cluster. */
async function sysCredentialId(store: Store, name: string, field: string): Promise<number> {
  const { id, username } = await credentialOf(store, name, ['DATABASE'], field);
  const fault = sysUserFault(username);
  if (fault === undefined) return id;
  throw fieldRefusal(field, name, say('names.unfitUser', { username, fault }));
}

async function writeDeclared(store: Store, declared: DeclaredInventory): Promise<Stored> {
  const changes: Stored['changes'] = [];
  const contact: Stored['contact'] = [];
  for (const { passphrase, ...credential } of declared.credentials) {
    const { change } = await store.credentials.put({
      ...credential,
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    changes.push({ kind: 'credential', name: credential.name, change });
  }
  for (const [index, host] of declared.hosts.entries()) {
    const credential = await credentialOf(
      store,
      host.credential,
      ['SSH_KEY', 'SSH_PASSWORD'],
      `hosts[${index}].credential`,
    );
    const { id, change } = await store.hosts.put({
      ip: host.ip,
      sshPort: host.sshPort,
      name: host.name ?? null,
      credentialId: credential.id,
      hostKey: host.hostKey ?? null,
      idcName: host.idc,
      regionName: host.region,
    });
    const row = await store.hosts.find(id);
    const note = row?.hostKey == null ? 'host key will be recorded at the first contact' : undefined;
    changes.push({
      kind: 'host',
      name: host.name ?? host.ip,
      change,
      ...(note === undefined ? {} : { note }),
    });
    if (row !== undefined && (change !== 'unchanged' || row.status !== 'AVAILABLE'))
      contact.push({ row, change });
  }
  for (const [index, cluster] of declared.obClusters.entries()) {
    const { sysCredential, proxyroCredential, ...rest } = cluster;
    const at = `obClusters[${index}]`;
    const { change } = await store.obClusters.put({
      ...rest,
      sysCredentialId: await sysCredentialId(store, sysCredential, `${at}.sysCredential`),
      proxyroCredentialId: await sysCredentialId(store, proxyroCredential, `${at}.proxyroCredential`),
    });
    changes.push({ kind: 'obCluster', name: cluster.name, change });
  }
  return { changes, contact };
}

/** Each server of a declared cluster, and each statement, gets so long. */
const CLUSTER_MS = 1_500;

/** What a declared cluster says against its declaration. One that cannot be asked now says nothing: its GET tells. */
async function clusterWarnings(
  { store, config }: Pick<ApiServices, 'store' | 'config'>,
  { name, obClusterId }: DeclaredInventory['obClusters'][number],
): Promise<Said[]> {
  const cluster = (await store.obClusters.findByName(name)).find((row) => row.obClusterId === obClusterId);
  if (cluster === undefined) return [];
  let session: ClusterSession | undefined;
  try {
    session = await openAsSys(store, cluster, { addresses: config.addresses, timeoutMs: CLUSTER_MS });
    const fault = await clusterNameFault(session, name);
    return fault === undefined ? [] : [say('cluster.differs', { name, at: session.at, fault })];
  } catch (error) {
    if (couldNotAsk(error)) return [];
    if (!(error instanceof SqlError)) throw error;
    const { username } = await store.credentials.open(cluster.sysCredentialId);
    return [
      say('cluster.refuses', {
        ...{ name, username },
        error: say('sql.error', { errno: error.errno, text: error.message }),
      }),
    ];
  } finally {
    session?.close();
  }
}

/**
 * Stores a declared inventory in one transaction, then contacts hosts that are new, changed or not known to be
 * reachable, all at once and at most 5 s. A host that does not answer is a warning; it is NEW (again) then, because
 * nobody has reached it as it is declared now. What a cluster says against its declaration (another name, a refused login)
 * is a warning, too. Addresses that obflow does not go to are refused. A dry run answers
 * the same changes and stores nothing.
 */
export async function applyInventory(
  services: Pick<ApiServices, 'store' | 'hosts' | 'config'>,
  declared: DeclaredInventory,
  dryRun: boolean,
): Promise<Applied> {
  const { store } = services;
  refuseDeniedFields(services.config.addresses, [
    ...declared.hosts.map(({ ip }, index) => ({ field: `hosts[${index}].ip`, ip })),
    ...declared.obClusters.flatMap(({ rootServers }, index) =>
      rootServers.map(({ ip }, server) => ({
        field: `obClusters[${index}].rootServers[${server}].ip`,
        ip,
      })),
    ),
  ]);
  if (dryRun) {
    const { changes } = await store.dryTransaction((transaction) => writeDeclared(transaction, declared));
    return { changes, warnings: [] };
  }
  const { changes, contact } = await store.transaction((transaction) => writeDeclared(transaction, declared));
  const warnings = await sideBySide(contact, async ({ row, change }, signal) => {
    const reason = await contactHost(services, row, signal);
    if (reason === undefined) return await shortcomings(services, row, signal);
    if (change !== 'unchanged') await store.hosts.recordStatus(row.id, 'NEW');
    const where = `${row.name ?? row.ip} (${addressText(row.ip, row.sshPort)})`;
    return [say('host.unusable', { where, reason })];
  });
  const ofClusters = await Promise.all(
    declared.obClusters.map((cluster) => clusterWarnings(services, cluster)),
  );
  return { changes, warnings: [...warnings, ...ofClusters].flat() };
}
