import { z } from 'zod';
import { clusterParameters } from '../activities/obproxy/proxy';
import {
  PrepareConfigureObproxy,
  PrepareRestartObproxy,
  PreventObproxyAcceptNewRequest,
  RecordObproxyParameters,
  RestartObproxyProcess,
  RestoreObproxyWeight,
  StartNode,
  SyncObproxyParameter,
  UpdateObproxyClusterLockStatus,
  UpdateObproxyStatus,
  WaitNode,
} from '../activities/subtasks';
import { mergeParameters, type ParameterValue } from '../oceanbase/parameters';
import { fault, say } from '../runtime/messages/catalogue';
import type { ClusterParameters, ObproxyClusterRow } from '../store/types';
import { type ChainNode, node } from '../workflows/chain';
import { bodyForms } from './bodyForms';
import { hotRestartFindings, restartFindings, wishedParameterFindings } from './obproxyFindings';
import { acceptedServers, EACH, planOnServers, runningIds } from './obproxyServers';
import { knownParameters, type ParameterWish } from './parameterFit';
import { obproxyClusterById } from './preconditions';
import { STORES_LATE } from './refreshObproxy';
import { refuseHot } from './refuseHot';
import { IdPath, ObproxyParameters } from './schemas';
import { catalogued, type HostFinding, type InspectScope } from './types';

/** Ours: OCP's console changes parameters by a task, of which no call is published. */
export const CHANGE_PARAMETERS: readonly ChainNode[] = [
  node(StartNode),
  node(PrepareConfigureObproxy, EACH),
  node(WaitNode),
  node(RecordObproxyParameters),
  node(SyncObproxyParameter, EACH),
  node(WaitNode),
  node(UpdateObproxyStatus, EACH),
  node(WaitNode),
  node(UpdateObproxyClusterLockStatus),
];

/** The same with what a restart does, for parameters that wait for one: one proxy after the other. */
export const CHANGE_PARAMETERS_AND_RESTART: readonly ChainNode[] = [
  node(StartNode),
  node(PrepareRestartObproxy, EACH),
  node(WaitNode),
  node(RecordObproxyParameters),
  node(SyncObproxyParameter, EACH),
  node(WaitNode),
  node(PreventObproxyAcceptNewRequest),
  node(RestartObproxyProcess, { ...EACH, serial: true }),
  node(WaitNode),
  node(RestoreObproxyWeight),
  node(UpdateObproxyStatus, EACH),
  node(WaitNode),
  node(UpdateObproxyClusterLockStatus),
];

const SomeParameters = ObproxyParameters.min(1, fault('must.nameParameter'));

const Fields = z.object({
  parameters: SomeParameters,
  restart: z
    .boolean(fault('must.boolean'))
    .default(false)
    .describe(
      'Restart the proxies one after the other when one of the parameters takes effect at a restart only.',
    ),
  hotRestart: z
    .boolean(fault('must.boolean'))
    .default(false)
    .describe('With restart: by handing over to a new process, which loses no session.'),
});

/** As its OceanBase sibling takes them, a list; or an object that may ask for a restart as well. */
const Body = bodyForms(
  Fields.extend({ form: z.enum(['list', 'object']) }),
  (body) => {
    if (Array.isArray(body)) return { body: { parameters: body, form: 'list' }, hidden: 1 };
    const object = typeof body === 'object' && body !== null;
    return { body: object ? { ...body, form: 'object' } : body, hidden: 0 };
  },
  [SomeParameters, Fields],
);
type Body = z.output<typeof Body>;

/** The parameters with the names that the proxies have for them; startup parameters stay such. */
function changed(cluster: ObproxyClusterRow, wishes: readonly ParameterWish[]): ClusterParameters {
  const same = (one: ParameterValue, other: ParameterValue) =>
    one.name.toLowerCase() === other.name.toLowerCase();
  const startup = (one: ParameterValue) => cluster.startupParameters.some((other) => same(one, other));
  const replaced = (list: readonly ParameterValue[]) =>
    list.map((one) => wishes.find((wish) => same(wish, one)) ?? one);
  const values = wishes.map(({ name, value }) => ({ name, value }));
  return {
    startupParameters: replaced(cluster.startupParameters).map(({ name, value }) => ({ name, value })),
    parameters: mergeParameters(
      replaced(cluster.parameters).map(({ name, value }) => ({ name, value })),
      values.filter((one) => !startup(one)),
    ),
  };
}

async function findings(
  scope: InspectScope,
  clusterId: number,
  { parameters, restart, hotRestart }: Body,
): Promise<HostFinding[]> {
  const cluster = await obproxyClusterById(scope.store, clusterId);
  const ids = runningIds(cluster);
  const wished = mergeParameters(clusterParameters(cluster), parameters);
  const found = await wishedParameterFindings(scope, clusterId, ids, wished);
  if (!restart) return found;
  return [...found, ...(await (hotRestart ? hotRestartFindings : restartFindings)(scope, clusterId, ids))];
}

/** `PUT /api/v2/obproxy/clusters/{id}/parameters` (ours). */
export const changeObproxyParameters = catalogued({
  id: 'changeObproxyParameters',
  method: 'PUT',
  path: '/api/v2/obproxy/clusters/{id}/parameters',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Change parameters of an OBProxy cluster',
  description:
    'Ours. Records the values as those of the cluster and sets them, with what is recorded otherwise, on its OBProxies that ' +
    'are RUNNING; the others get them by a refresh. Names, types and ranges are those that the proxies tell, before ' +
    'anything is done. findings[] says which of them wait for a restart. Answers one task "Modify obproxy parameters".',
  params: IdPath,
  body: Body,
  answer: 'task',
  sample: 'change-obproxy-parameters',
  look: {
    proxyParameters: ({ params }) => params.id,
    findings: (scope, { params, body }) => findings(scope, params.id, body),
  },

  async prepare(scope, { params, body }) {
    const { store } = scope;
    const running = runningIds(await obproxyClusterById(store, params.id));
    const { cluster, servers } = await acceptedServers(store, params.id, running, { from: ['RUNNING'] });
    const known = knownParameters(cluster, scope.proxyParameters ?? [], body);
    const restart = body.restart && known.waiting.length > 0;
    if (restart && body.hotRestart) refuseHot(servers);
    const prepared = await planOnServers(scope, {
      ...{ name: 'Modify obproxy parameters', cluster, servers },
      chain: restart ? CHANGE_PARAMETERS_AND_RESTART : CHANGE_PARAMETERS,
      unshown: { ...STORES_LATE, hot_restart: String(restart && body.hotRestart) },
    });
    const [plan] = prepared.plans;
    if (!scope.dryRun && plan !== undefined) {
      await store.obproxy.proposeParameters(cluster.id, plan.taskId, changed(cluster, known.wishes));
    }
    const waits: HostFinding[] =
      known.waiting.length === 0 || restart
        ? []
        : [{ level: 'WARN', message: say('parameters.needRestart', { names: known.waiting.join(', ') }) }];
    const audit = `parameters ${known.wishes.map(({ name }) => name).join(', ')}`.slice(0, 500);
    return { ...prepared, audit, findings: [...known.findings, ...waits] };
  },
});
