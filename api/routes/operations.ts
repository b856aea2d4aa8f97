import { z } from 'zod';
import { addressOf } from '../../contact/hostAddress';
import { OPERATIONS } from '../../operations';
import { prepareRequest } from '../../operations/planTask';
import { Refusal } from '../../operations/refusal';
import { publishedSample } from '../../operations/samples';
import type { CatalogueEntry, HostFinding, InspectScope, Prepared } from '../../operations/types';
import { listOf, Whole } from '../http/answers';
import { Flag } from '../http/paging';
import { ocpTime } from '../http/time';
import { refuseDeniedObjects } from '../objects/allowedAddresses';
import { contactKnownOffline } from '../objects/contactHosts';
import { refreshCluster } from '../objects/lookAtCluster';
import { type ApiServices, type Route, route } from '../route';
import { legacyDocument } from '../tasks/document/legacy';
import { LegacyTaskInstance, TaskInstance } from '../tasks/document/schemas';

const Query = z.object({
  dryRun: Flag.describe(
    'Validate everything and answer the tasks as they would be (ids from -1 down); store and start nothing.',
  ),
});

/** One route per operation of the catalogue. */
export function operationRoutes(services: ApiServices): Route[] {
  return OPERATIONS.map((operation) => operationRoute(services, operation));
}

/** Heading of the API document. */
function tagOf(path: string): string {
  return path.startsWith('/api/v2/ob/') ? 'OceanBase' : 'OBProxy';
}

/** Hosts are contacted as for any request; a host key seen for the first time is recorded. */
function inspectScope({ store, hosts, config }: ApiServices): InspectScope {
  return {
    store,
    publicUrl: config.publicUrl,
    async openHost(hostId) {
      const row = await store.hosts.find(hostId);
      if (row === undefined) throw new RangeError(`There is no host ${hostId}.`);
      return hosts.open(await addressOf(store, row));
    },
  };
}

/** What a dry run saw on a host. */
const Finding = z
  .object({
    hostId: Whole,
    level: z.enum(['ERROR', 'WARN', 'INFO']).describe('ERROR: the task would fail on it.'),
    code: z.string().exactOptional(),
    message: z.string(),
  })
  .meta({ id: 'HostFinding' }) satisfies z.ZodType<HostFinding>;

function answerSchema({ answer, extra = {} }: CatalogueEntry): z.ZodType {
  if (answer === 'tasks')
    return z.object({ contents: listOf(TaskInstance), findings: listOf(Finding).exactOptional() });
  const one = answer === 'legacyTask' ? LegacyTaskInstance : TaskInstance;
  return Object.keys(extra).length === 0 ? one : one.extend(extra);
}

function operationRoute(services: ApiServices, operation: CatalogueEntry): Route {
  const { method, path, permission, summary, description, params, body, sample } = operation;
  const { store, tasks, address, logger } = services;
  return route(
    {
      ...{ method, path, permission, tag: tagOf(path), summary, description, params, body, query: Query },
      answer: answerSchema(operation),
      refuses: [404],
      sample: publishedSample(sample),
    },
    async ({ params, query, body, user, traceId, receivedAt, once, notes }) => {
      if (user === undefined) throw new Refusal(401, 'IAM10000', 'Log in by HTTP Basic.');
      if (query.dryRun) notes.command = 'dry run';
      const accepted = operation.request(params, body);
      await refuseDeniedObjects(services, accepted);
      await Promise.all([
        contactKnownOffline(services, accepted.hostIds),
        accepted.obClusterId === undefined ? undefined : refreshCluster(services, accepted.obClusterId),
      ]);
      const answerOf = ({ plans, extra }: Prepared) => {
        const submitted = plans.map((plan) => {
          const document = tasks.submitted(plan);
          return operation.answer === 'legacyTask' ? legacyDocument(plan, document) : document;
        });
        return operation.answer === 'tasks' ? { contents: submitted } : { ...submitted[0], ...extra };
      };
      const prepared = await prepareRequest(
        accepted,
        { store, user, executor: address, traceId, createTime: ocpTime(receivedAt) },
        query.dryRun,
        (transaction, stored) => once.remember(transaction, answerOf(stored)),
      );
      const { plans } = prepared;
      // The transaction is committed: from here on the tasks run, now or by the reconciler.
      if (!query.dryRun) {
        const taskIds = plans.map(({ taskId }) => taskId);
        notes.taskIds = taskIds;
        logger.info({ operation: operation.id, taskIds, user: user.name, traceId }, 'accepted');
        await Promise.all(plans.map((plan) => tasks.start(plan, operation.id)));
      }
      const findings = query.dryRun ? await accepted.inspect?.(inspectScope(services)) : undefined;
      const answer = answerOf(prepared);
      return operation.answer === 'tasks' && findings !== undefined ? { ...answer, findings } : answer;
    },
  );
}
