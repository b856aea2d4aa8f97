import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { answerLanguage } from '../http/messages/language';
import { type ApiServices, bareRoute, type Route, route } from '../route';
import { LogPart, logAfter } from '../tasks/logEvents';
import { rowWithSubtask, SubtaskPath } from '../tasks/rows';
import { loggedIn } from './users';

/** A log does not wait longer for what Temporal may know. */
const TELL_MS = 500;
const LogQuery = z.object({
  offset: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .default(0)
    .describe('From an earlier answer: only what follows it. Ours.'),
});

/** Logs of subtasks. */
export function taskLogRoutes({ store, tasks, logEvents }: ApiServices): Route[] {
  const common = { method: 'GET', permission: 'TASK_VIEWER', tag: 'Tasks', params: SubtaskPath } as const;
  const path = '/api/v2/tasks/instances/{taskInstanceId}/subtasks/{subtaskInstanceId}/log';

  /** Refusal 404 for what there is not. Reading an open task tells its logs who commanded it, in Temporal's Web UI for instance. */
  async function prepare({ taskInstanceId, subtaskInstanceId }: z.output<typeof SubtaskPath>) {
    const task = await rowWithSubtask(store, taskInstanceId, subtaskInstanceId);
    if (task.closed) return;
    await Promise.race([tasks.read(taskInstanceId).catch(() => undefined), delay(TELL_MS)]);
  }

  return [
    route(
      { ...common, path, summary: 'Log of a subtask, all runs', query: LogQuery, answer: LogPart },
      async ({ params, query, request }) => {
        await prepare(params);
        const { taskInstanceId: taskId, subtaskInstanceId: subtaskId } = params;
        return logAfter(store.tasks, { taskId, subtaskId, ...query }, answerLanguage(request));
      },
    ),
    bareRoute(
      {
        ...common,
        path: `${path}/events`,
        summary: 'Watch the log of a subtask, as Server-Sent Events',
        description:
          'Each event has `log`, what follows the one before, and its `offset`, which is also the id. With Last-Event-ID, or ' +
          '`offset`, only what follows is sent. The stream ends when the task has ended for good; asked for again with its ' +
          'last id, it answers 204. It is refused as the stream of a task is.',
        query: LogQuery,
        answers: {
          200: { type: 'text/event-stream', description: 'The stream.' },
          204: {
            type: 'text/event-stream',
            description: 'The task has closed and the client has all of it.',
          },
        },
      },
      async ({ params, query, request, user, whilePermitted }, response) => {
        await prepare(params);
        const { taskInstanceId: taskId, subtaskInstanceId: subtaskId } = params;
        const watcher = { request, response, userId: loggedIn(user).id, whilePermitted };
        await logEvents.stream({ taskId, subtaskId, ...query }, watcher);
      },
    ),
  ];
}
