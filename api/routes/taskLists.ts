import { z } from 'zod';
import { Whole } from '../http/answers';
import { type ApiServices, bareRoute, type Route, route } from '../route';
import { loggedIn } from './users';

const Statistics = z
  .object({
    total: Whole,
    running: Whole.describe('Open, and going on by themselves.'),
    waiting: Whole.describe('Open and FAILED: they wait for a person.'),
    successful: Whole,
    rolledBack: Whole.describe('Undone.'),
    ended: Whole.describe('Closed without success: abandoned, cancelled or terminated.'),
  })
  .meta({ id: 'TaskStatistics' });

type Count = Exclude<keyof z.output<typeof Statistics>, 'total'>;

/** All tasks together. */
export function taskListRoutes({ store, taskListEvents }: ApiServices): Route[] {
  const common = { method: 'GET', permission: 'TASK_VIEWER', tag: 'Tasks' } as const;
  return [
    route(
      {
        ...common,
        path: '/api/v2/tasks/statistics',
        summary: 'How many tasks run, wait for a person, and have ended how',
        answer: Statistics,
      },
      async () => {
        const counted = { total: 0, running: 0, waiting: 0, successful: 0, rolledBack: 0, ended: 0 };
        for (const { status, operation, closed, count } of await store.tasks.counts()) {
          const undone = operation === 'ROLLBACK';
          const kind: Count =
            status === 'SUCCESSFUL'
              ? undone
                ? 'rolledBack'
                : 'successful'
              : closed
                ? 'ended'
                : status === 'FAILED'
                  ? 'waiting'
                  : 'running';
          counted[kind] += count;
          counted.total += count;
        }
        return counted;
      },
    ),
    bareRoute(
      {
        ...common,
        path: '/api/v2/tasks/events',
        summary: 'Watch the list of tasks: which are new or have another state, as Server-Sent Events',
        description:
          'The first event is `[]`: who reads the list after it misses nothing. Each later one has a list of `id`, `status`, ' +
          '`operation`, `closed` and `waiting`. It is refused, and ends, as the stream of a task does.',
        answers: { 200: { type: 'text/event-stream', description: 'The stream.' } },
      },
      ({ request, user, whilePermitted }, response) =>
        taskListEvents.stream({ request, response, userId: loggedIn(user).id, whilePermitted }),
    ),
  ];
}
