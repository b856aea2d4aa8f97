import { z } from 'zod';
import {
  PrepareAddObServer,
  SyncClusterInfo,
  UpdateObClusterStatus,
  UpdateObZoneStatus,
} from '../activities/subtasks';
import { RUN_USER } from '../oceanbase/observerLayout';
import { say } from '../runtime/messages/catalogue';
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
import { ZoneName } from './observerFields';
import {
  activeZone,
  clusterRuns,
  hostsInRegion,
  obClusterById,
  observerPackage,
} from './observerPreconditions';
import { planTask, refuseWhenHeld } from './planTask';
import { hostsByIds } from './preconditions';
import { IdPath } from './schemas';
import { catalogued } from './types';

/** The documented 21 nodes; what works on hosts is split, and "Wait node" is where all of them meet. */
export const ADD_OB_SERVER: readonly ChainNode[] = [
  node(PrepareAddObServer),
  ...RESERVE_AND_CHECK,
  ...INSTALL_AND_JOIN,
  node(UpdateObZoneStatus),
  node(SyncClusterInfo),
  node(UpdateObClusterStatus),
];

const Body = z
  .object({
    zoneName: ZoneName.describe('Zone of the cluster that the servers join.'),
    servers: NewServerHosts,
    ...INSTALLATION,
  })
  .superRefine(refuseEqualServerPorts);

/** `POST /api/v2/ob/clusters/{id}/servers` (OCP documentation, "Add OBServers"). */
export const addObserver = catalogued({
  id: 'addObserver',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/servers',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Add OBServers to an OceanBase cluster',
  description:
    'Installs an OBServer of the cluster\'s version on every host named and adds it to the zone. Answers one task "Add ' +
    'OB server" in the documented older form (tasks, context as text), with the modern subtasks beside it. ' +
    'With dryRun every host is tried for what the task needs there, and findings[] has what is short.',
  params: IdPath,
  body: Body,
  answer: 'legacyTask',
  sample: 'add-observer',
  look: {
    hosts: ({ body }) => body.servers,
    obCluster: ({ params }) => params.id,
    async findings(scope, { params, body }) {
      const cluster = await obClusterById(scope.store, params.id);
      const hosts = await hostsByIds(scope.store, body.servers);
      const { home } = await observerPackage(scope.store, cluster, hosts, body.packageOperatingSystem);
      return [
        { level: 'INFO', message: say('dry.nothingStops') },
        ...(await firstContactFindings(scope, body.servers, { programs: [home], user: RUN_USER })),
        await expectedDuration(scope, {
          ...{ workflow: 'addObserver', name: 'Add OB server', chain: ADD_OB_SERVER, clusterId: cluster.id },
        }),
      ];
    },
  },

  async prepare(scope, { params, body }) {
    const { store } = scope;
    const cluster = await obClusterById(store, params.id);
    const hosts = await hostsByIds(store, body.servers);
    const locks = [obClusterLock(cluster.id), ...hosts.map(({ id }) => hostObserverLock(id))];
    await refuseWhenHeld(store, locks);
    const zone = await activeZone(store, cluster, body.zoneName);
    clusterRuns(cluster);
    await hostsInRegion(store, cluster, zone, hosts);
    const part = await packageForFreeHosts(store, cluster, hosts, body);

    const [taskId = 0] = await scope.reserveTasks(1);
    const joining = { taskId, cluster, zone: zone.name, hosts, part, installation: body };
    const serverIds = await recordJoining(scope, joining);
    const plan = await planTask(scope, {
      taskId,
      name: 'Add OB server',
      chain: ADD_OB_SERVER,
      context: joinContext(joining, serverIds),
      ...joinShown(joining),
      locks,
      groupTaskIds: [taskId],
    });
    return { plans: [plan] };
  },
});
