import {
  beginWork,
  endsAs,
  formerStatus,
  restoreWork,
  settleWork,
  unsettleWork,
} from '../../activities/common/work';
import { activitiesOf } from '../../activities/execute';
import { subtask } from '../../activities/subtask';
import type { ActivityDeps } from '../../activities/types';
import type { Store } from '../../store/types';
import type { SubtaskInput } from '../../workflows/plan';
import { addObCluster, onEveryDatabase } from '../store/databases';
import { plan } from '../store/plan';
import { quietEnvironment } from './world';

const cluster = (id: string) => ({ object: { kind: 'obCluster' as const, id: Number(id) }, what: 'ob1' });

/** "Prepare stop cluster" as a chain would have it. */
const PrepareStop = subtask({
  name: 'Prepare stop cluster',
  className: 'cluster.PrepareStopObClusterTask',
  timeout: 300,
  needs: { cluster_id: 'value' },
  async run(scope) {
    const former = await beginWork(scope, cluster(scope.value('cluster_id')), {
      status: 'STOPPING',
      from: ['RUNNING', 'UNAVAILABLE'],
    });
    return formerStatus('obCluster', former);
  },
  rollback: (scope) => restoreWork(scope, cluster(scope.value('cluster_id'))),
});

const Stop = subtask({
  name: 'Stop it',
  className: 'cluster.StopTask',
  timeout: 300,
  needs: { cluster_id: 'value' },
  async run(scope) {
    await endsAs(scope, cluster(scope.value('cluster_id')), 'UNAVAILABLE');
    return undefined;
  },
});

const Update = subtask({
  name: 'Update it',
  className: 'cluster.UpdateTask',
  timeout: 300,
  needs: { cluster_id: 'value' },
  async run(scope) {
    await settleWork(scope, cluster(scope.value('cluster_id')), 'STOPPED');
    return undefined;
  },
  async rollback(scope) {
    await unsettleWork(scope, cluster(scope.value('cluster_id')));
  },
});

onEveryDatabase('Subtasks that change the status of what exists', (on) => {
  async function given() {
    const store = await on.open();
    const id = await addObCluster(store);
    const run = async (type: string, taskId = 7, store_: Store = store) => {
      const activities = Object.assign(
        {},
        ...[PrepareStop, Stop, Update].map((one) => activitiesOf({ store: store_ } as ActivityDeps, one)),
      ) as Record<string, (input: SubtaskInput) => Promise<unknown>>;
      const input: SubtaskInput = {
        ...{ taskId, subtaskId: 1, run: 1, name: type, operation: 'EXECUTE', traceId: 't' },
        context: { stringMap: { cluster_id: String(id) }, listMap: {} },
      };
      return quietEnvironment().run(activities[type]!, input);
    };
    const status = async () => (await store.obClusters.find(id))?.status;
    for (const taskId of [7, 8]) await store.tasks.add({ plan: plan(taskId), workflowType: 'addObserver' });
    return { store, run, status };
  }

  test('keep what was in the documented key, and put it back when they are undone', async () => {
    const { run, status, store } = await given();
    const former = { stringMap: { former_cluster_status: 'RUNNING' } };
    expect(await run('PrepareStopObCluster')).toEqual(former);
    // As the attempt after a crash finds it.
    expect(await run('PrepareStopObCluster')).toEqual(former);
    expect(await status()).toBe('STOPPING');
    await run('Update');
    expect(await status()).toBe('STOPPED');
    await run('Update.rollback');
    expect(await status()).toBe('STOPPING');
    await run('PrepareStopObCluster.rollback');
    expect(await status()).toBe('RUNNING');
    await run('PrepareStopObCluster.rollback');
    const lines = (await store.tasks.readLog(7, 1)).map(({ text }) => text);
    expect(lines).toEqual(
      expect.arrayContaining([
        'ob1 is STOPPING, before RUNNING',
        'ob1 is STOPPED',
        'ob1 is STOPPING again',
        'ob1 is RUNNING again',
        'This task has not changed the status of ob1',
      ]),
    );
  });

  test('refuse by name what another task works on, and a status that does not allow it', async () => {
    const { run, store } = await given();
    await run('PrepareStopObCluster', 8);
    await expect(run('PrepareStopObCluster')).rejects.toMatchObject({
      nonRetryable: true,
      message: expect.stringMatching(
        /^OBE11020: Could not make ob1 STOPPING: task 8 works on it \(STOPPING\)/,
      ),
    });
    await expect(run('Update')).rejects.toThrow(
      'OBE11020: Could not record ob1 as STOPPED: task 8 works on it',
    );
    await run('Update', 8);
    const ended = {
      taskId: 8,
      status: 'SUCCESSFUL',
      operation: 'EXECUTE',
      closed: true,
      sequence: 1,
    } as const;
    await store.tasks.applyStateChange(ended);
    await expect(run('PrepareStopObCluster')).rejects.toThrow(
      'OBE11007: Could not make ob1 STOPPING: it is STOPPED. It must be RUNNING or UNAVAILABLE',
    );
  });

  test('say what it is when the task ends half-way', async () => {
    const { run, status, store } = await given();
    await run('PrepareStopObCluster');
    await run('Stop');
    const ended = { taskId: 7, status: 'FAILED', operation: 'EXECUTE', closed: true, sequence: 1 } as const;
    await store.tasks.applyStateChange(ended);
    expect(await status()).toBe('UNAVAILABLE');
  });
});
