import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import { z } from 'zod';
import type { TaskFilter, TaskRow, User } from '../../inventory/types';
import { Refusal } from '../../operations/refusal';
import { IdText, QueryText } from '../../operations/schemas';
import { pagedOf } from '../answers';
import { pageOf } from '../envelope';
import { listed, PAGING, pageRequest, TextList } from '../paging';
import { type ApiServices, type Route, route } from '../route';
import { subtaskLog } from '../subtaskLog';
import { BasicTaskInstance, SubtaskInstance, WrappedTaskInstance } from '../taskInfo/schemas';
import type { Command } from '../tasks';

const TaskPath = z.object({ taskInstanceId: IdText });
const SubtaskPath = z.object({ taskInstanceId: IdText, subtaskInstanceId: IdText });

const ListQuery = z
  .object({
    name: QueryText.optional().describe('Part of the name of the task.'),
    status: TextList.pipe(
      z.array(z.enum(['RUNNING', 'FAILED', 'SUCCESSFUL'], 'must be RUNNING, FAILED or SUCCESSFUL')),
    )
      .meta({ wire: { type: 'array', items: { enum: ['RUNNING', 'FAILED', 'SUCCESSFUL'] } } })
      .optional()
      .describe('RUNNING, FAILED, SUCCESSFUL; comma separated.'),
    type: z
      .enum(
        ['MANUAL', 'SYS_ONECE', 'SYS_ONCE', 'SCHEDULED', 'SYS_SCHEDULED'],
        'must be a documented type of task',
      )
      .optional(),
    cluterName: QueryText.optional().describe(
      'Part of the name of the OceanBase cluster (spelled as documented).',
    ),
    clusterName: QueryText.optional(),
    clusterId: IdText.optional(),
    tenantName: QueryText.optional().describe('Only together with clusterId.'),
    tenantId: IdText.optional(),
    hostId: IdText.optional(),
    ...PAGING,
  })
  .refine((query) => query.tenantName === undefined || query.clusterId !== undefined, {
    path: ['tenantName'],
    message: 'can only be given together with clusterId',
  });

function unknownTask(id: number): Refusal {
  return new Refusal(
    404,
    'TSK10001',
    `There is no task ${id}. GET /api/v2/tasks/instances lists the tasks.`,
    {
      target: `task:${id}`,
    },
  );
}

/** The filter of the repository; undefined fields are left out. */
function filterOf(query: z.output<typeof ListQuery>): TaskFilter {
  const type = query.type === 'SYS_ONCE' ? 'SYS_ONECE' : query.type;
  const wished = {
    name: query.name,
    status: query.status,
    type,
    clusterName: query.clusterName ?? query.cluterName,
    clusterId: query.clusterId,
    tenantName: query.tenantName,
    tenantId: query.tenantId,
    hostId: query.hostId,
  };
  return Object.fromEntries(Object.entries(wished).filter(([, value]) => value !== undefined));
}

/** A client that repeats a command with the same x-request-id gives it once. */
function commandOf(request: Request, user: User | undefined): Command {
  const given = request.get('x-request-id');
  if (given !== undefined && !/^[\w.:-]{1,128}$/.test(given)) {
    throw new Refusal(
      400,
      'COM10001',
      'The x-request-id must be 1 to 128 letters, digits, "_", ".", ":" or "-".',
      {
        target: 'x-request-id',
      },
    );
  }
  return { requestId: given ?? randomUUID(), who: user?.name ?? '' };
}

export function taskRoutes({ inventory, tasks }: ApiServices): Route[] {
  async function row(id: number): Promise<TaskRow> {
    const found = await inventory.tasks.find(id);
    if (found === undefined) throw unknownTask(id);
    return found;
  }
  async function rowWithSubtask(taskId: number, subtaskId: number): Promise<TaskRow> {
    const task = await row(taskId);
    if (!task.plan.subtasks.some(({ id }) => id === subtaskId)) {
      throw new Refusal(404, 'TSK10001', `Task ${taskId} has no subtask ${subtaskId}.`, {
        target: `subtask:${subtaskId}`,
      });
    }
    return task;
  }
  async function read(id: number) {
    const document = await tasks.read(id);
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
      async ({ query }) => {
        const page = pageRequest(query, { field: 'id', descending: true });
        const found = await listed(query, () => inventory.tasks.list(filterOf(query), page));
        return pageOf(await tasks.basic(found.contents), {
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
      ({ params }) => read(params.taskInstanceId),
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
      ({ params }) => read(params.taskInstanceId),
    ),
    route(
      {
        method: 'GET',
        path: '/api/v2/tasks/instances/{taskInstanceId}/subtasks/{subtaskInstanceId}/log',
        permission: 'TASK_VIEWER',
        tag,
        summary: 'Log of a subtask, all runs',
        params: SubtaskPath,
        answer: z.object({ log: z.string() }),
      },
      async ({ params }) => {
        const { taskInstanceId, subtaskInstanceId } = params;
        await rowWithSubtask(taskInstanceId, subtaskInstanceId);
        return { log: subtaskLog(await inventory.tasks.readLog(taskInstanceId, subtaskInstanceId)) };
      },
    ),
    route(
      {
        method: 'POST',
        path: '/api/v2/tasks/instances/{taskInstanceId}/retry',
        permission: 'TASK_MANAGER',
        tag,
        summary: 'Retry a FAILED task: every failed subtask runs again',
        params: TaskPath,
        answer: WrappedTaskInstance,
      },
      async ({ params, request, user }) => {
        await row(params.taskInstanceId);
        return tasks.retryTask(params.taskInstanceId, commandOf(request, user));
      },
    ),
    route(
      {
        method: 'POST',
        path: '/api/v2/tasks/instances/{taskInstanceId}/subtasks/{subtaskInstanceId}/retry',
        permission: 'TASK_MANAGER',
        tag,
        summary: 'Retry one FAILED subtask',
        params: SubtaskPath,
        answer: SubtaskInstance,
      },
      async ({ params, request, user }) => {
        const { taskInstanceId, subtaskInstanceId } = params;
        await rowWithSubtask(taskInstanceId, subtaskInstanceId);
        return tasks.retrySubtask(taskInstanceId, subtaskInstanceId, commandOf(request, user));
      },
    ),
  ];
}
