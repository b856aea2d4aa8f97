import { z } from 'zod';
import {
  PrepareConfigureObproxy,
  PrepareModifyObproxyPassword,
  RecordObproxyPassword,
  SetObproxyPassword,
  UpdateObproxyClusterLockStatus,
  UpdateObproxyStatus,
  WaitNode,
} from '../activities/subtasks';
import { passwordFault } from '../oceanbase/passwords';
import { fault, say } from '../runtime/messages/catalogue';
import { type ChainNode, node } from '../workflows/chain';
import { loginFindings } from './obproxyFindings';
import { acceptedServers, EACH, planOnServers } from './obproxyServers';
import { obproxyClusterById } from './preconditions';
import { Refusal } from './refusal';
import { IdPath } from './schemas';
import { catalogued } from './types';

/**
 * Ours: OCP's console changes this password, of which no call is published. The first subtask is the one whose undo forgets the
 * new password, so that it does however early the task is undone.
 */
export const CHANGE_PASSWORD: readonly ChainNode[] = [
  node(PrepareModifyObproxyPassword),
  node(PrepareConfigureObproxy, EACH),
  node(WaitNode),
  node(SetObproxyPassword, EACH),
  node(WaitNode),
  node(UpdateObproxyStatus, EACH),
  node(WaitNode),
  node(UpdateObproxyClusterLockStatus),
  node(RecordObproxyPassword),
];

/** OCP's code for its format; the password is in no message. */
function refuseUnfit(password: string): void {
  const said = passwordFault(password);
  if (said === undefined) return;
  throw new Refusal(400, 'ODP21106', say('request.fault', { field: 'password', fault: said }), {
    target: 'password',
    subErrors: [{ field: 'password', message: said }],
  });
}

/** `POST /api/v2/obproxy/clusters/{id}/password` (ours). */
export const changeObproxyPassword = catalogued({
  id: 'changeObproxyPassword',
  method: 'POST',
  path: '/api/v2/obproxy/clusters/{id}/password',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Change the password of root@proxysys',
  description:
    'Ours. All OBProxies of the cluster must be RUNNING: one that is not would keep the former password. obflow knows both ' +
    'until every proxy is proven to take the new one. Answers one task "Modify obproxy password".',
  params: IdPath,
  body: z.object({
    username: z
      .enum(['root@proxysys', 'proxysys'], fault('must.oneOf', { values: 'root@proxysys' }))
      .default('root@proxysys'),
    password: z
      .string(fault('must.string'))
      .max(256, fault('must.charactersAtMost', { limit: 256 }))
      .describe('8 to 32 characters: two digits, upper- and lower-case letters each, and two of ._+@#$%.'),
  }),
  answer: 'task',
  sample: 'change-obproxy-password',
  look: {
    obproxyCluster: ({ params }) => params.id,
    findings: (scope, { params }) => loginFindings(scope, params.id),
  },

  async prepare(scope, { params, body }) {
    const { store } = scope;
    const { servers: all, name, id } = await obproxyClusterById(store, params.id);
    refuseUnfit(body.password);
    if (all.length === 0) {
      const target = `obproxyCluster:${id}`;
      throw new Refusal(400, 'ODP21115', say('obproxyCluster.empty', { name }), { target });
    }
    const ids = all.map((server) => server.id);
    const { cluster, servers } = await acceptedServers(store, params.id, ids, { from: ['RUNNING'] });
    const unshown = { target_obproxy_status: 'RUNNING' };
    const task = { name: 'Modify obproxy password', chain: CHANGE_PASSWORD, cluster, servers, unshown };
    const prepared = await planOnServers(scope, task);
    const [plan] = prepared.plans;
    if (!scope.dryRun && plan !== undefined) {
      await store.obproxy.offerProxysysPassword(cluster.id, plan.taskId, body.password);
    }
    return prepared;
  },
});
