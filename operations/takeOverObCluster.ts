import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import {
  ActiveAgentModules,
  AttachObClusterAttributes,
  CreateDefaultUser,
  CreateResourceManagerForDefaultUser,
  McLockObClusters,
  McUnLockObClusters,
  PrepareTakeOverObCluster,
  RecordRootServiceList,
  RefreshAgentConfig,
  RegisterConfigUrl,
  ReserveHost,
  RunIoCalibration,
  SetProxyroPassword,
  SyncAllTenantInfo,
  SyncClusterInfo,
  UpdateObClusterStatus,
  UpdateObServerProcessInfo,
  UpdateObServerStatus,
  UpdateObZoneStatus,
  WaitNode,
  WaitObClusterAccessible,
} from '../activities/subtasks';
import { type ForeignCluster, PROXYRO } from '../contact/foreignCluster';
import type { Finding } from '../oceanbase/obproxyRunning';
import { addressText } from '../runtime/addressText';
import { fault, type Said, say } from '../runtime/messages/catalogue';
import type { Store } from '../store/types';
import { type ChainNode, node } from '../workflows/chain';
import { configUrlReachesHosts } from './configUrl';
import { expectedDuration } from './expectedDuration';
import { hostObserverLock, obClusterLock } from './locks';
import { planTask, refuseWhenHeld } from './planTask';
import { Refusal } from './refusal';
import { ENTRANCE, HostInfo, newClusterLook, refuseNamelessProxy } from './takeOverBody';
import { hostsOf, placedHosts } from './takeOverHosts';
import { knownFindings } from './takeOverLook';
import { catalogued, type HostFinding, type PrepareScope, type TakeOverLook } from './types';

/** The documented 26 nodes. */
export const TAKE_OVER_OB_CLUSTER: readonly ChainNode[] = [
  node(McLockObClusters),
  node(PrepareTakeOverObCluster),
  node(ReserveHost),
  node(CreateDefaultUser),
  node(RegisterConfigUrl),
  node(RunIoCalibration, { split: 'server_ids' }),
  node(WaitNode),
  node(RecordRootServiceList),
  node(WaitObClusterAccessible),
  node(UpdateObServerProcessInfo, { split: 'server_ids' }),
  node(WaitNode),
  node(AttachObClusterAttributes),
  node(RefreshAgentConfig, { split: 'host_ids' }),
  node(WaitNode),
  node(ActiveAgentModules, { split: 'host_ids' }),
  node(WaitNode),
  // 60 s from OCP 4.3 on, 30 before.
  node({ ...SyncClusterInfo, timeout: 60 }),
  node(SyncAllTenantInfo),
  node(SetProxyroPassword),
  node(UpdateObServerStatus, { split: 'server_ids' }),
  node(WaitNode),
  node(UpdateObZoneStatus, { split: 'zone_names' }),
  node(WaitNode),
  node(UpdateObClusterStatus),
  node(CreateResourceManagerForDefaultUser),
  node(McUnLockObClusters),
];

const Body = z
  .object({
    ...ENTRANCE,
    switchConfigUrl: z
      .boolean(fault('must.boolean'))
      .default(true)
      .describe(
        "Set the cluster's obconfig_url to this server's, after every host has proven that it reaches it.",
      ),
    hostInfo: HostInfo.optional(),
  })
  .superRefine(refuseNamelessProxy);
type Body = z.output<typeof Body>;

function sentence({ text, next }: Pick<Finding, 'text' | 'next'>): Said {
  return next === undefined ? text : say('text.withNext', { text, next });
}

/** Every finding of a look, each with the host it is about. */
export function allFindings(look: TakeOverLook): HostFinding[] {
  return [
    ...look.findings.map((finding) => ({ finding })),
    ...look.servers.flatMap(({ host, findings }) =>
      findings.map((finding) => ({ finding, ...(host === undefined ? {} : { hostId: host.id }) })),
    ),
  ].map(({ finding, ...host }) => ({
    ...host,
    level: finding.level,
    ...(finding.code === undefined ? {} : { code: finding.code }),
    message: sentence(finding),
  }));
}

/** Throws Refusal: with the code of what is wrong, or OBE11042 that names all. A cluster that is known says only that. */
function refuseUnfit(cluster: ForeignCluster, findings: readonly HostFinding[]): void {
  const errors = findings.filter(({ level }) => level === 'ERROR');
  const first = errors.find(({ code }) => code === 'OBE11033') ?? errors[0];
  if (first === undefined) return;
  const target = `obCluster:${cluster.name}`;
  if (errors.length === 1 || first.code === 'OBE11033')
    throw new Refusal(409, first.code ?? 'OBE11042', first.message, { target });
  const said = say('obTakeOver.unfit', {
    name: cluster.name,
    faults: errors.map(({ code, message }) =>
      code === undefined ? message : say('obTakeOver.coded', { code, message }),
    ),
  });
  throw new Refusal(409, 'OBE11042', said, { target });
}

/** A name that no other credential has. */
async function freeName(store: Store, wished: string, taskId: number): Promise<string> {
  return (await store.credentials.find(wished)) === undefined ? wished : `${wished}-${taskId}`;
}

/** Logins of the sys tenant, kept under names that say whose they are. */
async function storeCredentials(
  store: Store,
  { name, obClusterId, proxyro }: ForeignCluster,
  { rootSysPassword, proxyroPassword }: Body,
  taskId: number,
): Promise<{ sys: number; proxyro: number }> {
  const add = async (username: string, secret: string) =>
    store.credentials.add({
      name: await freeName(store, `${username}.${name}.${obClusterId}`, taskId),
      ...{ kind: 'DATABASE', username, secret, description: null },
    });
  // Without a password an existing proxyro stays unproven: whoever links an OBProxy is told to correct the credential.
  const made = proxyro === 'absent' ? `Aa1_${randomBytes(18).toString('base64url')}` : '';
  return { sys: await add('root', rootSysPassword), proxyro: await add(PROXYRO, proxyroPassword ?? made) };
}

async function prepare(scope: PrepareScope, { body }: { readonly body: Body }) {
  const { store, newCluster: look } = scope;
  if (look === undefined) throw new RangeError('the cluster was not looked at');
  const { cluster } = look;
  const { hostInfo } = body;
  const placed = await placedHosts(store, look, hostInfo);
  const known = await knownFindings(store, cluster);
  const findings = allFindings({ ...look, findings: [...known, ...look.findings, ...placed.findings] });
  if (!scope.dryRun) refuseUnfit(cluster, findings);
  await refuseWhenHeld(
    store,
    placed.hosts.flatMap((host) => ('id' in host ? [hostObserverLock(host.id)] : [])),
  );
  if (body.switchConfigUrl) {
    const all = placed.hosts.map((host) => ({ ip: host.ip, id: 'id' in host ? host.id : 0 }));
    configUrlReachesHosts(scope.publicUrl, { workMode: 'CONFIG_URL' }, all);
  }

  const [taskId = 0] = await scope.reserveTasks(1);
  const keys = new Map(
    placed.hosts.map(({ ip }) => [
      ip,
      scope.contacted?.get(addressText(ip, hostInfo?.sshPort ?? 22))?.hostKey ?? null,
    ]),
  );
  const { ids, added } = await hostsOf(scope, taskId, placed.hosts, hostInfo, keys);
  const hostOf = (ip: string) => ids.get(ip) ?? 0;
  const servers = cluster.servers.map((server) => ({ ...server, hostId: hostOf(server.ip) }));
  const row = scope.dryRun
    ? { id: -1, serverIds: servers.map((_, index) => -1 - index) }
    : await storeCluster(scope, { look, body, taskId, servers, hostIds: added });

  const zoneNames = cluster.zones.map(({ name }) => name);
  const hostIds = [...new Set(servers.map(({ hostId }) => String(hostId)))];
  const plan = await planTask(scope, {
    taskId,
    name: cluster.type === 'PRIMARY' ? 'Take over primary OB cluster' : 'Take over standby OB cluster',
    chain: TAKE_OVER_OB_CLUSTER,
    context: {
      stringMap: {
        cluster_id: String(row.id),
        cluster_name: cluster.name,
        cluster_type: cluster.type,
        ob_cluster_id: String(cluster.obClusterId),
        cluster_version: cluster.version,
        service_type: 'OB_CLUSTER',
        service_name: `${cluster.name}:${cluster.obClusterId}`,
        target_cluster_status: 'RUNNING',
        switch_config_url: String(body.switchConfigUrl),
        prohibit_rollback: 'false',
        // Ours: nothing is changed on the hosts of such a task.
        ob_cluster_take_over: 'true',
      },
      listMap: {
        server_ids: row.serverIds.map(String),
        host_ids: hostIds,
        zone_names: zoneNames,
        root_server_ips: cluster.rootServers.map(({ ip }) => ip),
      },
    },
    cluster: { id: row.id, name: cluster.name, obClusterId: cluster.obClusterId, type: cluster.type },
    place: cluster.name,
    places: {
      server_ids: Object.fromEntries(servers.map(({ ip }, index) => [String(row.serverIds[index]), ip])),
      host_ids: Object.fromEntries([...ids].map(([ip, id]) => [String(id), ip])),
    },
    locks: [obClusterLock(row.id), ...[...ids.values()].map(hostObserverLock)],
    groupTaskIds: [taskId],
  });
  return {
    plans: [plan],
    extra: { clusterId: row.id },
    findings: findings.filter(({ level }) => scope.dryRun || level === 'WARN'),
    audit: `OceanBase cluster taken over: ${cluster.name}:${cluster.obClusterId}`,
  };
}

/** What was seen goes into the inventory, with the task working on all of it. */
async function storeCluster(
  { store }: PrepareScope,
  {
    look: { cluster },
    body,
    taskId,
    servers,
    hostIds,
  }: {
    readonly look: TakeOverLook;
    readonly body: Body;
    readonly taskId: number;
    readonly servers: readonly (TakeOverLook['cluster']['servers'][number] & { readonly hostId: number })[];
    readonly hostIds: readonly number[];
  },
) {
  const { name, obClusterId, version, type, rootServers, zones } = cluster;
  const credentials = await storeCredentials(store, cluster, body, taskId);
  return store.obClusters.takeOver({
    ...{ name, obClusterId, version, type, rootServers, zones, servers },
    sysCredentialId: credentials.sys,
    proxyroCredentialId: credentials.proxyro,
    origin: { taskId, hostIds, credentialIds: [credentials.sys, credentials.proxyro] },
  });
}

/** `POST /api/v2/ob/clusters/takeOver` (OCP documentation, "Take over an OB cluster"). */
export const takeOverObCluster = catalogued({
  id: 'takeOverObCluster',
  method: 'POST',
  path: '/api/v2/ob/clusters/takeOver',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Take over an OceanBase cluster',
  description:
    'Adopts a cluster that runs: servers, zones and root servers are recorded as it shows them, and nothing of it is ' +
    'installed, started or stopped. Its proxyro password is never changed, and no I/O calibration runs. Answers one task "Take ' +
    'over primary OB cluster". Everything that the precheck finds is asked again first; what is against it refuses the request. ' +
    'With dryRun all of it stands in findings[].',
  params: z.object({}),
  body: Body,
  answer: 'task',
  extra: { clusterId: z.int().describe('Id of the cluster.') },
  sample: 'take-over-ob-cluster',
  command: 'ob take-over',
  look: {
    newCluster: ({ body: { switchConfigUrl, hostInfo, ...entrance } }) => newClusterLook(entrance, hostInfo),
    findings: async (scope) => [
      { level: 'INFO', message: say('dry.nothingStops') },
      await expectedDuration(scope, {
        ...{
          workflow: 'takeOverObCluster',
          name: 'Take over primary OB cluster',
          chain: TAKE_OVER_OB_CLUSTER,
        },
      }),
    ],
  },
  prepare,
});
