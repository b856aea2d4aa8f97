import { z } from 'zod';
import { OPERATIONS } from '../../operations';
import { prepareRequest } from '../../operations/planTask';
import { Refusal } from '../../operations/refusal';
import { publishedSample } from '../../operations/samples';
import type { CatalogueEntry, HostFinding, Prepared } from '../../operations/types';
import { say } from '../../runtime/messages/catalogue';
import type { Store } from '../../store/types';
import type { Plan } from '../../workflows/plan';
import { listOf, NoData, Whole } from '../http/answers';
import { LazyList } from '../http/lazyList';
import { answerLanguage, type Language, languageOf, spoken } from '../http/messages/language';
import { Flag, FlagOn } from '../http/paging';
import { ocpTime } from '../http/time';
import { inspectScope } from '../objects/inspectScope';
import { lookBefore } from '../objects/lookBefore';
import { type ApiServices, type Route, route } from '../route';
import { submittedDocument } from '../tasks/document/document';
import { legacyDocument } from '../tasks/document/legacy';
import { LegacyTaskInstance, TaskInstance } from '../tasks/document/types';
import { taskRow } from '../tasks/rows';
import type { TaskService } from '../tasks/service';

const Query = z.object({
  dryRun: Flag.describe(
    'Validate everything and answer the tasks as they would be (ids from -1 down); store and start nothing.',
  ),
  look: FlagOn.describe('Of a dry run: look at the hosts as well, and answer what was found (findings).'),
});

/** One route per operation of the catalogue. */
export function operationRoutes(
  services: ApiServices,
  operations: readonly CatalogueEntry[] = OPERATIONS,
): Route[] {
  return operations.map((operation) => operationRoute(services, operation));
}

/** What a dry run saw on a host, or what is wrong with a request that was accepted all the same. */
const Finding = z
  .object({
    hostId: Whole.exactOptional().describe('Absent: of no host in particular.'),
    level: z.enum(['ERROR', 'WARN', 'INFO']).describe('ERROR: the task would fail on it.'),
    code: z.string().exactOptional(),
    message: z.string(),
  })
  .meta({ id: 'HostFinding' });
export type HostFindingDocument = Readonly<z.output<typeof Finding>>;

function answerSchema(operation: CatalogueEntry): z.ZodType {
  const { answer, extra = {}, looks } = operation;
  if (answer === 'none') return Object.keys(extra).length === 0 ? NoData : z.object(extra);
  if (answer === 'tasks')
    return z.object({ contents: listOf(TaskInstance), ...extra, findings: listOf(Finding).exactOptional() });
  const added = looks ? { ...extra, findings: listOf(Finding).exactOptional() } : extra;
  const form = (one: typeof LegacyTaskInstance | typeof TaskInstance) =>
    Object.keys(added).length === 0 ? one : one.extend(added);
  if (answer === 'task') return form(TaskInstance);
  const legacy = form(LegacyTaskInstance);
  return operation.newer === undefined ? legacy : z.union([legacy, form(TaskInstance)]);
}

/** Tasks whose documents are made together. */
const TASKS_TOGETHER = 50;

/** `data` of the answer. What is large in it is made while it is sent. */
function answerOf(
  operation: CatalogueEntry,
  { submitted }: TaskService,
  { plans, extra }: Prepared,
): unknown {
  if (operation.answer === 'tasks') {
    const contents = new LazyList(
      plans.length,
      (from, to) => plans.slice(from, to).map(submittedDocument),
      TASKS_TOGETHER,
    );
    return { contents, ...extra };
  }
  const [plan] = plans;
  if (plan === undefined) return extra;
  const document = submitted(plan);
  const isLegacy = operation.answer === 'legacyTask' && operation.newer?.(plan) !== true;
  return { ...(isLegacy ? legacyDocument(plan, document) : document), ...extra };
}

/** Findings in the language of who asked; sent again, the request is answered as before. */
function inWords(findings: readonly HostFinding[], language: Language): z.output<typeof Finding>[] {
  return findings.map(({ message, ...facts }) => ({ ...facts, message: spoken(message, language) }));
}

/** A dry run that has looked says so by an empty list. */
function withFindings(answer: unknown, findings: readonly HostFinding[], looked = false): unknown {
  return looked || findings.length > 0 ? { ...(answer as object), findings } : answer;
}

/** What is kept of an answer under an Idempotency-Key: the stored plans say the rest. */
const Remembered = z.object({
  taskIds: z.array(z.int()),
  extra: z.record(z.string(), z.unknown()).optional(),
  findings: listOf(Finding).optional(),
});

/** What `Remembered` was kept of. Throws Refusal TSK10001 when a task has been deleted since. */
async function rememberedAs(store: Store, remembered: unknown): Promise<Prepared> {
  const { taskIds, extra, findings } = Remembered.parse(remembered);
  const plans: Plan[] = [];
  for (const id of taskIds) plans.push((await taskRow(store, id)).plan);
  return {
    plans,
    ...(extra === undefined ? {} : { extra }),
    ...(findings === undefined ? {} : { findings }),
  };
}

function operationRoute(services: ApiServices, operation: CatalogueEntry): Route {
  const { method, path, permission, tag, summary, description, params, body, sample } = operation;
  const query = Query.extend(operation.query?.shape ?? {}) as unknown as typeof Query;
  const { store, tasks, address, logger } = services;
  return route(
    {
      ...{ method, path, permission, tag, summary, description, params, body },
      query,
      answer: answerSchema(operation),
      operation: {
        id: operation.id,
        ...(operation.command === undefined ? {} : { command: operation.command }),
      },
      restore: async (remembered) => {
        const prepared = await rememberedAs(store, remembered);
        return withFindings(answerOf(operation, tasks, prepared), prepared.findings ?? []);
      },
      refuses: [404],
      sample: publishedSample(sample),
    },
    async ({ params, query, body, user, traceId, receivedAt, once, notes, request }) => {
      if (user === undefined) throw new Refusal(401, 'IAM10000', say('login.basic'));
      if (query.dryRun) notes.command = 'dry run';
      const accepted = operation.request(params, body, query);
      const looked = await lookBefore(services, accepted.look);
      const warned = (await accepted.refuses?.(inspectScope(services))) ?? [];
      const { continueAfter } = services.config;
      const prepared = await prepareRequest(
        accepted,
        {
          ...{ store, user, executor: address, traceId, createTime: ocpTime(receivedAt) },
          publicUrl: services.config.publicUrl,
          ...looked,
          ...(continueAfter === undefined ? {} : { continueAfter }),
        },
        query.dryRun,
        (transaction, { plans, extra, findings }) =>
          once.remember(transaction, {
            taskIds: plans.map(({ taskId }) => taskId),
            extra,
            findings: inWords([...warned, ...(findings ?? [])], languageOf(request)),
          }),
      );
      const { plans } = prepared;
      // The transaction is committed: from here on the tasks run, now or by the reconciler.
      if (!query.dryRun) {
        const taskIds = plans.map(({ taskId }) => taskId);
        notes.taskIds = taskIds;
        if (prepared.audit !== undefined) notes.command = prepared.audit;
        logger.info({ operation: operation.id, taskIds, user: user.name, traceId }, 'accepted');
        await tasks.startAll(plans, operation.id);
      }
      const found =
        query.dryRun && query.look ? await accepted.findings?.(inspectScope(services)) : undefined;
      const findings = [...warned, ...(prepared.findings ?? []), ...(found ?? [])];
      const answer = answerOf(operation, tasks, prepared);
      return withFindings(answer, inWords(findings, answerLanguage(request)), found !== undefined);
    },
  );
}
