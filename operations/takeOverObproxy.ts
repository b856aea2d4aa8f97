import { z } from 'zod';
import { inspectEverything } from '../activities/obproxy/takeOver/inspect';
import { hasRpcPort } from '../oceanbase/versions';
import { addressText } from '../runtime/addressText';
import { withDeadline } from '../runtime/deadline';
import { fault, say } from '../runtime/messages/catalogue';
import { someAtATime } from '../runtime/someAtATime';
import type { HostRow, ObproxyClusterRow, Store } from '../store/types';
import { findingsOn } from './hostFindings';
import { ADOPT_ON_ONE_HOST, INSTALL_TASK_NAME, obproxyContext } from './installChain';
import { hostProxyLock, obproxyClusterMemberLock } from './locks';
import { planTask, refuseWhenHeld } from './planTask';
import { hostsByIds, noProxyOnHosts, obproxyClusterById, portsFreeOnHosts } from './preconditions';
import { Refusal } from './refusal';
import { Id, IdPath, MOST_HOSTS, refuseEqualPorts, ServicePort } from './schemas';
import { catalogued, type HostFinding, type InspectScope, type PrepareScope } from './types';

/** A dry run looks at so many hosts together, and at each for so long. */
const INSPECTED_TOGETHER = 8;
const INSPECT_MS = 20_000;

const RunningPassword = z
  .string(fault('must.string'))
  .max(128, fault('must.charactersAtMost', { limit: 128 }))
  .refine((password) => !/\p{Cc}/u.test(password), fault('must.notHoldControls'));

const TakenOver = z.object({
  hostId: Id,
  sqlPort: ServicePort.describe('SQL port of the running OBProxy.'),
  proxysysPasswd: RunningPassword.optional().describe(
    "root@proxysys's password; without it a declared one, the cluster's and the empty one are tried.",
  ),
});

const Body = z
  .object({
    hosts: z
      .array(TakenOver)
      .min(1, fault('must.nameHost'))
      .max(MOST_HOSTS, fault('must.hostsAtMost', { limit: MOST_HOSTS }))
      .describe('Hosts whose running OBProxy is taken over.'),
    exporterPort: ServicePort.optional().describe(
      'Must be the port the proxies have; read from them when absent.',
    ),
    exportPort: ServicePort.optional().describe('The same as exporterPort.'),
    rpcPort: ServicePort.optional().describe('OBProxy 4.3.0 and later; read from the proxies when absent.'),
  })
  .transform(({ exportPort, ...body }, context) => {
    const exporterPort = body.exporterPort ?? exportPort;
    body.hosts.forEach(({ hostId, sqlPort }, index) => {
      if (body.hosts.findIndex((other) => other.hostId === hostId) !== index) {
        const message = fault('names.hostOfProxiesTwice', { id: hostId });
        context.addIssue({ code: 'custom', path: ['hosts', index, 'hostId'], message, input: hostId });
      }
      refuseEqualPorts(
        [
          { field: ['exporterPort'], port: exporterPort },
          { field: ['rpcPort'], port: body.rpcPort },
          { field: ['hosts', index, 'sqlPort'], port: sqlPort },
        ],
        context,
      );
    });
    return { ...body, exporterPort };
  });
type Body = z.output<typeof Body>;

/** No other host row of that address has this proxy. */
async function notKnownElsewhere(store: Store, host: HostRow, sqlPort: number): Promise<void> {
  const known = (await store.obproxy.findServersAt(host.ip)).find((server) => server.sqlPort === sqlPort);
  if (known === undefined) return;
  const cluster = await store.obproxy.findCluster(known.clusterId);
  throw new Refusal(
    409,
    'ODP21116',
    say('obproxy.known', {
      address: addressText(host.ip, sqlPort),
      server: known.id,
      cluster: cluster?.name ?? known.clusterId,
    }),
    { target: `host:${host.id}` },
  );
}

/** An RPC port cannot be that of a proxy before 4.3, which is all that a cluster of proxies before 4.0 may hold. */
function rpcPortFits(cluster: ObproxyClusterRow, rpcPort: number | undefined): void {
  const old = cluster.servers.find(({ version }) => version !== '' && !hasRpcPort(version));
  if (rpcPort === undefined || old === undefined || !old.version.match(/^[0-3]\./)) return;
  const message = say('needs.obproxy', { version: '4.3.0' });
  throw new Refusal(
    400,
    'ODP21018',
    say('rpcPort.clusterTooOld', { fault: message, cluster: cluster.name, version: old.version }),
    { target: 'rpcPort', subErrors: [{ field: 'rpcPort', rejectedValue: rpcPort, message }] },
  );
}

/**
 * The package that the cluster's other proxies run, when they agree: what a reader of the plan may expect. Which one
 * the running proxy has is found by the subtasks.
 */
async function likelyPackage(store: Store, { servers }: ObproxyClusterRow): Promise<Record<string, string>> {
  const [first, ...rest] = servers.filter(({ version }) => version !== '');
  if (first === undefined || rest.some(({ version }) => version !== first.version)) return {};
  const row = first.packageId === null ? undefined : await store.packages.find(first.packageId);
  const name = row?.name ?? first.adopted?.package?.split('-').slice(0, -2).join('-');
  return { package_version: first.version, ...(name === undefined ? {} : { package_name: name }) };
}

async function prepare(
  scope: PrepareScope,
  { params, body }: { readonly params: { readonly id: number }; readonly body: Body },
) {
  const { store } = scope;
  const { exporterPort, rpcPort } = body;
  const cluster = await obproxyClusterById(store, params.id);
  const hosts = await hostsByIds(
    store,
    body.hosts.map(({ hostId }) => hostId),
  );
  const lock = obproxyClusterMemberLock(cluster.id);
  await refuseWhenHeld(store, [...hosts.map(({ id }) => hostProxyLock(id)), lock]);
  await noProxyOnHosts(store, hosts);
  rpcPortFits(cluster, rpcPort);
  const wanted = hosts.flatMap((host, index) => {
    const asked = body.hosts[index];
    return asked === undefined ? [] : [{ host, asked, index }];
  });
  for (const { host, asked, index } of wanted) {
    await notKnownElsewhere(store, host, asked.sqlPort);
    await portsFreeOnHosts(
      store,
      [host],
      [
        { field: `hosts[${index}].sqlPort`, port: asked.sqlPort },
        ...(exporterPort === undefined ? [] : [{ field: 'exporterPort', port: exporterPort }]),
        ...(rpcPort === undefined ? [] : [{ field: 'rpcPort', port: rpcPort }]),
      ],
    );
  }

  const groupTaskIds = await scope.reserveTasks(hosts.length);
  const context = obproxyContext(cluster);
  const expected = await likelyPackage(store, cluster);
  const plans = [];
  for (const { host, asked, index } of wanted) {
    const taskId = groupTaskIds[index] ?? 0;
    const serverId = scope.dryRun
      ? -1 - index
      : await store.obproxy.addServer({
          clusterId: cluster.id,
          hostId: host.id,
          sqlPort: asked.sqlPort,
          exporterPort: exporterPort ?? 0,
          rpcPort: rpcPort ?? null,
          version: '',
          packageId: null,
          parameterVersion: cluster.parameterVersion,
          taskId,
          status: 'TAKINGOVER',
          ...(asked.proxysysPasswd === undefined ? {} : { formerPassword: asked.proxysysPasswd }),
        });
    plans.push(
      await planTask(scope, {
        taskId,
        name: INSTALL_TASK_NAME,
        chain: ADOPT_ON_ONE_HOST,
        context: {
          ...context,
          stringMap: {
            ...context.stringMap,
            ...expected,
            host_id: String(host.id),
            obproxy_server_id: String(serverId),
            // Ours: the subtasks adopt what runs instead of installing.
            obproxy_take_over: 'true',
          },
        },
        hostId: host.id,
        place: host.ip,
        locks: [hostProxyLock(host.id), lock],
        groupTaskIds,
      }),
    );
  }
  return { plans };
}

/** What the subtasks would find on one host; trouble on the way is a finding, too. */
function inspectHost(
  scope: InspectScope,
  cluster: ObproxyClusterRow,
  body: Body,
  asked: Body['hosts'][number],
): Promise<HostFinding[]> {
  const { exporterPort, rpcPort } = body;
  const { hostId, sqlPort, proxysysPasswd: password } = asked;
  return findingsOn(hostId, () =>
    withDeadline(INSPECT_MS, undefined, async (signal) => {
      const host = await scope.openHost(hostId);
      const commands = obproxyContext(cluster).listMap.commands_to_check ?? [];
      const request = { sqlPort, exporterPort, rpcPort, password };
      const { publicUrl, addresses } = scope;
      return inspectEverything(scope.store, host, cluster, request, {
        ...{ publicUrl, addresses, commands, signal },
      });
    }),
  );
}

async function findings(
  scope: InspectScope,
  { params, body }: { readonly params: { readonly id: number }; readonly body: Body },
): Promise<HostFinding[]> {
  const cluster = await obproxyClusterById(scope.store, params.id);
  const found = await someAtATime(body.hosts, INSPECTED_TOGETHER, (asked) =>
    inspectHost(scope, cluster, body, asked),
  );
  return found.flat();
}

/** `POST /api/v2/obproxy/clusters/{id}/takeOver` (OCP documentation, "Take over an OBProxy"). */
export const takeOverObproxy = catalogued({
  id: 'takeOverObproxy',
  method: 'POST',
  path: '/api/v2/obproxy/clusters/{id}/takeOver',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Take over running OBProxies into an OBProxy cluster',
  description:
    'Adopts the OBProxy that runs on the named port of every host: nothing of it is installed, restarted or stopped. ' +
    'Answers one task "Install obproxy" per host. With dryRun the hosts are looked at, and everything found stands in findings[].',
  params: IdPath,
  body: Body,
  answer: 'tasks',
  sample: 'take-over-obproxy',
  look: { hosts: ({ body }) => body.hosts.map(({ hostId }) => hostId), findings },
  prepare,
});
