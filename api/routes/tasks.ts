import type { Request } from 'express';
import { z } from 'zod';
import { IdText, QueryText } from '../../operations/schemas';
import { fault } from '../../runtime/messages/catalogue';
import type { TaskFilter } from '../../store/types';
import { pagedOf } from '../http/answers';
import { pageOf } from '../http/envelope';
import { answerLanguage } from '../http/messages/language';
import { Flag, listed, listOfWords, oneOf, PAGING, pageRequest } from '../http/paging';
import { type ApiServices, bareRoute, type Route, route } from '../route';
import { writeDiagnosis } from '../tasks/diagnosis';
import { BasicTaskInstance, WrappedTaskInstance } from '../tasks/document/types';
import { TaskPath, unknownTask } from '../tasks/rows';
import { loggedIn } from './users';

const ListQuery = z
  .object({
    name: QueryText.optional().describe('Part of the name of the task.'),
    status: listOfWords(['RUNNING', 'FAILED', 'SUCCESSFUL'])
      .optional()
      .describe('RUNNING, FAILED, SUCCESSFUL; comma separated.'),
    type: oneOf(['MANUAL', 'SYS_ONECE', 'SYS_ONCE', 'SCHEDULED', 'SYS_SCHEDULED']).optional(),
    cluterName: QueryText.optional().describe(
      'Part of the name of the OceanBase cluster (spelled as documented).',
    ),
    clusterName: QueryText.optional(),
    anyClusterName: QueryText.optional().describe(
      'Part of the name of the OceanBase or the OBProxy cluster. Ours.',
    ),
    waiting: Flag.describe('Only tasks that are FAILED and wait for a person. Ours.'),
    obproxyClusterName: QueryText.optional().describe('Part of the name of the OBProxy cluster. Ours.'),
    obproxyClusterId: IdText.optional().describe('Ours.'),
    clusterId: IdText.optional(),
    tenantName: QueryText.optional().describe('Only together with clusterId.'),
    tenantId: IdText.optional(),
    hostId: IdText.optional(),
    ...PAGING,
  })
  .refine((query) => query.tenantName === undefined || query.clusterId !== undefined, {
    path: ['tenantName'],
    message: fault('cannot.withoutClusterId'),
  });

/** The filter of the repository; undefined fields are left out. */
function filterOf(query: z.output<typeof ListQuery>): TaskFilter {
  const type = query.type === 'SYS_ONCE' ? 'SYS_ONECE' : query.type;
  const wished = {
    name: query.name,
    status: query.status,
    type,
    clusterName: query.clusterName ?? query.cluterName,
    anyClusterName: query.anyClusterName,
    obproxyClusterName: query.obproxyClusterName,
    obproxyClusterId: query.obproxyClusterId,
    waiting: query.waiting || undefined,
    clusterId: query.clusterId,
    tenantName: query.tenantName,
    tenantId: query.tenantId,
    hostId: query.hostId,
  };
  return Object.fromEntries(Object.entries(wished).filter(([, value]) => value !== undefined));
}

export function taskRoutes({ store, tasks, taskEvents }: ApiServices): Route[] {
  async function read(id: number, request: Request) {
    const document = await tasks.read(id, answerLanguage(request));
    if (document === undefined) throw unknownTask(id);
    return document;
  }
  const tag = 'Tasks';
  return [
    route(
      {
        method: 'GET',
        path: '/api/v2/tasks/instances',
        permission: 'TASK_VIEWER',
        tag,
        summary: 'List tasks, the newest first',
        query: ListQuery,
        answer: pagedOf(BasicTaskInstance),
      },
      async ({ query, request }) => {
        const page = pageRequest(query, { field: 'id', descending: true });
        const found = await listed(query, () => store.tasks.list(filterOf(query), page));
        return pageOf(await tasks.basic(found.contents, answerLanguage(request)), {
          number: page.page,
          size: page.size,
          totalElements: found.totalElements,
        });
      },
    ),
    route(
      {
        method: 'GET',
        path: '/api/v2/tasks/instances/{taskInstanceId}',
        permission: 'TASK_VIEWER',
        tag,
        summary: 'Get a task with its subtasks',
        params: TaskPath,
        answer: WrappedTaskInstance,
      },
      ({ params, request }) => read(params.taskInstanceId, request),
    ),
    route(
      {
        method: 'GET',
        path: '/api/v2/tasks/{taskInstanceId}',
        permission: 'TASK_VIEWER',
        tag,
        summary: 'The same as /api/v2/tasks/instances/{taskInstanceId}',
        params: TaskPath,
        answer: WrappedTaskInstance,
      },
      ({ params, request }) => read(params.taskInstanceId, request),
    ),
    bareRoute(
      {
        method: 'GET',
        path: '/api/v2/tasks/instances/{taskInstanceId}/events',
        permission: 'TASK_VIEWER',
        tag,
        summary: 'Watch a task: its document now and after every change, as Server-Sent Events',
        description:
          'Each event has the whole document as JSON in `data` and an `id`. With Last-Event-ID only what is newer is ' +
          'sent. The stream ends after the document of a closed task; asked for again with the id of that one, it ' +
          'answers 204. A comment comes every 15 s at the latest. Changes show within ' +
          '0.3 s, those of a task of many subtasks within a quarter of a millisecond for each of them. When the login ends, or loses the permission, an event ' +
          '`refused` with `code` and `message` is the last.',
        params: TaskPath,
        answers: {
          200: { type: 'text/event-stream', description: 'The stream.' },
          204: {
            type: 'text/event-stream',
            description: 'The task has closed and the client has its last document.',
          },
        },
      },
      ({ params, request, user, whilePermitted }, response) => {
        const watcher = { request, response, userId: loggedIn(user).id, whilePermitted };
        return taskEvents.stream(params.taskInstanceId, watcher);
      },
    ),
    bareRoute(
      {
        method: 'POST',
        path: '/api/v1/tasks/instances/{taskInstanceId}/downloadDiagnosis',
        permission: 'TASK_VIEWER',
        tag,
        summary: 'Download a ZIP with the document and the logs of a task',
        params: TaskPath,
        answers: { 200: { type: 'application/zip', description: 'The file.' } },
      },
      async ({ params, notes, request }, response) => {
        const document = await read(params.taskInstanceId, request);
        notes.taskIds = [document.id];
        response.set({
          'content-type': 'application/zip',
          'content-disposition': `attachment; filename="task_${document.id}_diagnosis.zip"`,
        });
        await writeDiagnosis(response, document, store.tasks);
      },
    ),
  ];
}
