import { type CheckName, type Health, healthOf } from '../../runtime/health';
import type { ApiServices } from '../route';
import { liveWorkers } from '../tasks/temporal/workers';

const LOOK_MS = 2_000;

/** What an API server cannot do without: without Temporal requests are still taken, and their tasks start when it is back. */
export const REQUIRED_BY_API: readonly CheckName[] = ['database'];

/** Looks at database, Temporal and workers, at most every 2 s. */
export function apiHealth({
  store,
  temporal,
  config,
}: Pick<ApiServices, 'store' | 'temporal' | 'config'>): () => Promise<Health> {
  const look = healthOf({
    database: {
      look: () => store.obClusters.list({ page: 1, size: 1 }),
      whenDown: 'The database does not answer: no request can be served.',
    },
    temporal: {
      look: () =>
        temporal.connection.withDeadline(Date.now() + LOOK_MS, () =>
          temporal.connection.workflowService.getSystemInfo({}),
        ),
      whenDown:
        'Temporal does not answer: tasks are accepted and start when it is back; commands are refused.',
    },
    worker: {
      look: async () => {
        if ((await liveWorkers(temporal, config.taskQueue)) === 0) throw new Error('none');
      },
      whenDown: 'No worker polls the task queue: tasks wait until one is started; commands are refused.',
    },
  });
  return async () => {
    const health = await look();
    if (health.temporal?.status !== 'down' || health.worker === undefined) return health;
    return {
      ...health,
      worker: { ...health.worker, message: 'Cannot be told while Temporal does not answer.' },
    };
  };
}
