/**
 * OCP's calls about its agent (OCP documentation, "OCP-Agent management"). obflow works by SSH and has none on hosts, so there
 * is nothing to stop or start, and no task pretends to.
 */
import { z } from 'zod';
import { hostsByIds } from '../../operations/preconditions';
import { Refusal } from '../../operations/refusal';
import { HostIds, IdText } from '../../operations/schemas';
import { fault, say } from '../../runtime/messages/catalogue';
import { contentsOf, NoData } from '../http/answers';
import { type ApiServices, type Route, route } from '../route';

const HOSTS = '/api/v2/compute/hosts';
const OF_HOST = z.object({ hostId: IdText });
const OF_PROCESS = OF_HOST.extend({ pid: IdText });

const BatchBody = z
  .object({
    hostIds: HostIds.min(1, fault('must.nameHost')).optional(),
    hostids: HostIds.min(1, fault('must.nameHost')).optional().describe('The same, as one sample spells it.'),
  })
  .transform(({ hostIds, hostids }, context) => {
    const ids = hostIds ?? hostids;
    if (ids !== undefined) return { hostIds: ids };
    context.addIssue({ code: 'custom', path: ['hostIds'], message: fault('is.required') });
    return z.NEVER;
  });

export function agentRoutes({ store }: ApiServices): Route[] {
  async function refuse(hostIds: readonly number[]): Promise<never> {
    const [host] = await hostsByIds(store, hostIds);
    const id = host?.id ?? 0;
    throw new Refusal(400, 'CMP07019', say('host.noAgent', { id }), { target: `host:${id}` });
  }
  const common = { tag: 'Hosts', answer: NoData } as const;
  const why = 'Refused with CMP07019: obflow works by SSH, and has no agent on hosts.';
  const act = (
    verb: 'stop' | 'restart',
    path: string,
    params: typeof OF_HOST | typeof OF_PROCESS,
    what: string,
  ) =>
    route(
      {
        ...common,
        method: 'POST',
        path: `${HOSTS}/{hostId}/agent/${path}${verb}`,
        permission: 'HOST_MANAGER',
        summary: `${verb === 'stop' ? 'Stop' : 'Restart'} ${what} (refused)`,
        description: why,
        params,
      },
      ({ params: { hostId } }) => refuse([hostId]),
    );
  const batch = (path: 'batchStopAgents' | 'batchRestartAgents', summary: string) =>
    route(
      {
        ...common,
        method: 'POST',
        path: `${HOSTS}/${path}`,
        permission: 'HOST_MANAGER',
        summary: `${summary} (refused)`,
        description: why,
        body: BatchBody,
        refuses: [404],
      },
      ({ body }) => refuse(body.hostIds),
    );
  return [
    route(
      {
        ...common,
        method: 'GET',
        path: `${HOSTS}/{hostId}/agent`,
        permission: 'HOST_VIEWER',
        summary: 'Get the OCP agent of a host (there is none)',
        params: OF_HOST,
      },
      async ({ params: { hostId } }) => {
        await hostsByIds(store, [hostId]);
        throw new Refusal(404, 'COM10002', say('host.noAgentKnown', { id: hostId }), {
          target: `host:${hostId}`,
        });
      },
    ),
    route(
      {
        ...common,
        method: 'GET',
        path: `${HOSTS}/{hostId}/agent/processes`,
        permission: 'HOST_VIEWER',
        summary: 'List the processes of the OCP agent of a host (none)',
        params: OF_HOST,
        answer: contentsOf(z.never()),
      },
      async ({ params: { hostId } }) => {
        await hostsByIds(store, [hostId]);
        return { contents: [] };
      },
    ),
    act('stop', '', OF_HOST, 'the OCP agent of a host'),
    act('restart', '', OF_HOST, 'the OCP agent of a host'),
    act('stop', 'processes/{pid}/', OF_PROCESS, 'a process of the OCP agent'),
    act('restart', 'processes/{pid}/', OF_PROCESS, 'a process of the OCP agent'),
    batch('batchStopAgents', 'Stop the OCP agents of hosts'),
    batch('batchRestartAgents', 'Restart the OCP agents of hosts'),
  ];
}
