import { z } from 'zod';
import {
  AddObZone,
  PrepareAddObZone,
  SetObZoneIdcInfo,
  StartObZone,
  SyncClusterInfo,
  UpdateObClusterStatus,
  UpdateObZoneStatus,
  WaitNode,
} from '../activities/subtasks';
import { RUN_USER } from '../oceanbase/observerLayout';
import { fault, say } from '../runtime/messages/catalogue';
import type { Idc } from '../store/types';
import { type ChainNode, node } from '../workflows/chain';
import { expectedDuration } from './expectedDuration';
import { firstContactFindings } from './firstContact';
import { INSTALL_AND_JOIN, RESERVE_AND_CHECK } from './joinChain';
import {
  INSTALLATION,
  joinContext,
  joinShown,
  NewServerHosts,
  packageForFreeHosts,
  recordJoining,
  refuseEqualServerPorts,
} from './joinCluster';
import { hostObserverLock, obClusterLock } from './locks';
import { hostsOfArchitecture, idcOfHosts, newZoneName } from './newZonePreconditions';
import { Architecture } from './observerFields';
import { clusterRuns, obClusterById, observerPackage } from './observerPreconditions';
import { planTask, refuseWhenHeld } from './planTask';
import { hostsByIds } from './preconditions';
import { IdPath, PlaceName } from './schemas';
import { catalogued, type HostFinding, type InspectScope } from './types';

const perZone = { split: 'zone_names' } as const;

/** The documented 25 nodes: a zone without servers that is ACTIVE, and then what "Add OB server" does. */
export const ADD_OB_ZONE: readonly ChainNode[] = [
  node(PrepareAddObZone),
  ...RESERVE_AND_CHECK,
  node(AddObZone, perZone),
  node(WaitNode),
  node(StartObZone, perZone),
  node(SetObZoneIdcInfo, perZone),
  ...INSTALL_AND_JOIN,
  node(UpdateObZoneStatus, perZone),
  node(SyncClusterInfo),
  node(UpdateObClusterStatus),
];

const Body = z
  .object({
    name: z
      .string(fault('must.string'))
      .max(256, fault('must.charactersAtMost', { limit: 256 }))
      .describe('Name of the new zone: 2 to 64 letters, digits and underscores, a letter first.'),
    idcName: PlaceName.describe("IDC that all of the hosts lie in; its region becomes the zone's."),
    servers: NewServerHosts,
    architecture: Architecture.optional().describe('What the hosts must be, e.g. x86_64.'),
    ...INSTALLATION,
    addReplicaParams: z
      .array(z.unknown())
      .max(0, fault('must.notBeAsked'))
      .optional()
      .describe('Replicas of tenants are added by a request of their own.'),
  })
  .superRefine(refuseEqualServerPorts);

type Request = { readonly params: { readonly id: number }; readonly body: z.output<typeof Body> };

/** What the cluster would get, and whether that is near to what it has. */
async function zoneFindings(
  { store }: InspectScope,
  { params, body }: Request,
  idc: Idc,
): Promise<HostFinding[]> {
  const region = idc.region.name;
  const count = body.servers.length;
  const message = say('zone.would', { zone: body.name, region, idc: idc.name, count });
  const regions = new Set((await store.obServers.zones(params.id)).map((zone) => zone.region));
  if (regions.size === 0 || regions.has(region)) return [{ level: 'INFO', message }];
  const far = say('zone.otherRegions', { regions: [...regions].join(', '), region });
  return [
    { level: 'INFO', message },
    { level: 'WARN', message: far },
  ];
}

/** `POST /api/v2/ob/clusters/{id}/zones` (OCP documentation, "Add a zone"). */
export const addObZone = catalogued({
  id: 'addObZone',
  command: 'ob add-zone',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/zones',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Add a zone to an OceanBase cluster',
  description:
    "Adds a zone, tells the cluster in which IDC and region it lies, and installs an OBServer of the cluster's version on " +
    'every host named. Tenants get no replica there before their locality names the zone. Answers one task "Add OB zone" in ' +
    'the documented older form (tasks, context as text), with the modern subtasks beside it. ' +
    'With dryRun every host is tried for what the task needs there, and findings[] has what is short.',
  params: IdPath,
  body: Body,
  answer: 'legacyTask',
  sample: 'add-ob-zone',
  look: {
    hosts: ({ body }) => body.servers,
    obCluster: ({ params }) => params.id,
    async findings(scope, request) {
      const { params, body } = request;
      const cluster = await obClusterById(scope.store, params.id);
      const hosts = await hostsByIds(scope.store, body.servers);
      const idc = await idcOfHosts(scope.store, body, hosts);
      const { home } = await observerPackage(scope.store, cluster, hosts, body.packageOperatingSystem);
      return [
        ...(await zoneFindings(scope, request, idc)),
        { level: 'INFO' as const, message: say('dry.nothingStops') },
        ...(await firstContactFindings(scope, body.servers, { programs: [home], user: RUN_USER })),
        await expectedDuration(scope, {
          ...{ workflow: 'addObZone', name: 'Add OB zone', chain: ADD_OB_ZONE, clusterId: cluster.id },
        }),
      ];
    },
  },

  async prepare(scope, { params, body }) {
    const { store } = scope;
    const cluster = await obClusterById(store, params.id);
    const zone = await newZoneName(store, cluster, body.name);
    const hosts = await hostsByIds(store, body.servers);
    const locks = [obClusterLock(cluster.id), ...hosts.map(({ id }) => hostObserverLock(id))];
    await refuseWhenHeld(store, locks);
    clusterRuns(cluster);
    const idc = await idcOfHosts(store, body, hosts);
    hostsOfArchitecture(hosts, body.architecture, 'architecture');
    const part = await packageForFreeHosts(store, cluster, hosts, body);

    const [taskId = 0] = await scope.reserveTasks(1);
    const joining = { taskId, cluster, zone, hosts, part, installation: body };
    const place = { region: idc.region.name, idc: idc.name };
    if (!scope.dryRun) {
      await store.obServers.addZone({ clusterId: cluster.id, name: zone, ...place, taskId });
    }
    const { stringMap, listMap } = joinContext(joining, await recordJoining(scope, joining));
    const plan = await planTask(scope, {
      taskId,
      name: 'Add OB zone',
      chain: ADD_OB_ZONE,
      context: {
        stringMap: { ...stringMap, [`${zone}.idc`]: place.idc, [`${zone}.region`]: place.region },
        listMap,
      },
      unshown: { stringMap: { zone_idc: place.idc, zone_region: place.region }, listMap: {} },
      ...joinShown(joining),
      locks,
      groupTaskIds: [taskId],
    });
    return { plans: [plan] };
  },
});
