/**
 * Records the histories that the translator and replay tests use. Not a test of its own; run it when a history of
 * a new behaviour is needed, never together with a change of workflows/:
 *
 *   npx jest --testMatch '**\/test/replay/record.ts'
 */
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { ownAddress } from '../../runtime/config';
import { taskWorkflowId } from '../../workflows/ids';
import { SUBTASK_UPDATES, TASK_UPDATES } from '../../workflows/messages';
import type { Plan } from '../../workflows/plan';
import type { HistoryName } from '../support/histories';
import { CHAIN, DIAMOND, idOf, nodeOf, planOf } from '../support/plans';
import { broken, flaky, gate, TaskBed, until } from '../support/tasks';

let bed: TaskBed;
beforeEach(async () => {
  bed = await TaskBed.open();
});
afterEach(() => bed.close());

/** @param runId of a workflow that has continued as new; default its newest */
async function record(name: HistoryName, plan: Plan, runId?: string): Promise<void> {
  const workflow = bed.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId), runId);
  const reading = await bed.reader.read(taskWorkflowId(plan.taskId));
  const pending = [...(reading?.pending.values() ?? [])];
  const history = historyToJSON(await workflow.fetchHistory());
  const json = JSON.stringify({ pending, history: JSON.parse(history) })
    .replaceAll(`@${os.hostname()}"`, '@worker-1"')
    .replaceAll(ownAddress(), '192.0.2.10');
  writeFileSync(path.join(__dirname, '..', 'histories', `${name}.json`), `${json}\n`);
}

it('accepted: no worker yet', async () => {
  const plan = planOf(CHAIN, { taskId: 11 });
  await bed.start(plan);
  await record('accepted', plan);
});

it('running: a worker has the second of three', async () => {
  const plan = planOf(CHAIN, { taskId: 12 });
  const door = gate();
  bed.behaviours.b = door.behaviour;
  await bed.startWorker();
  await bed.start(plan);
  await bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
  await record('running', plan);
  door.open();
});

it('retrying: between two attempts of one run', async () => {
  const plan = planOf(CHAIN, { taskId: 13 });
  bed.behaviours.b = flaky(1000);
  await bed.startWorker();
  await bed.start(plan);
  await bed.subtaskWhen(plan, 'b', ({ attempt }) => attempt === 3);
  await record('retrying', plan);
});

it('failed: waits for an operator', async () => {
  const plan = planOf(DIAMOND, { taskId: 14 });
  bed.behaviours.b = broken;
  await bed.startWorker();
  await bed.start(plan);
  await bed.documentWhen(plan, 'FAILED');
  await record('failed', plan);
});

it('retried: the second run is under way', async () => {
  const plan = planOf(DIAMOND, { taskId: 15 });
  const door = gate();
  bed.behaviours.b = (input, ...more) => (input.run === 1 ? broken : door.behaviour)(input, ...more);
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await bed.documentWhen(plan, 'FAILED');
  await workflow.executeUpdate(TASK_UPDATES.retryTask.update, { args: [{ who: 'admin' }] });
  await bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
  await record('retried', plan);
  door.open();
});

it('retried-succeeded: two subtasks retried by different commands', async () => {
  const plan = planOf(DIAMOND, { taskId: 16 });
  bed.behaviours.b = broken;
  bed.behaviours.c = broken;
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await bed.documentWhen(plan, 'FAILED');
  delete bed.behaviours.b;
  await workflow.executeUpdate(SUBTASK_UPDATES.retrySubtask.update, { args: [String(idOf(plan, 'b'))] });
  await bed.documentWhen(plan, 'FAILED');
  await bed.subtaskWhen(plan, 'b', ({ status }) => status === 'SUCCESSFUL');
  delete bed.behaviours.c;
  await until('retry accepted', async () => {
    await workflow.executeUpdate(TASK_UPDATES.retryTask.update, { args: [{}] }).catch(() => undefined);
    return (await workflow.describe()).status.name === 'COMPLETED';
  });
  await record('retried-succeeded', plan);
});

it('succeeded: with a transient error on the way', async () => {
  const plan = planOf(CHAIN, { taskId: 17 });
  bed.behaviours.b = flaky(1);
  await bed.startWorker();
  await (await bed.start(plan)).result();
  await record('succeeded', plan);
});

it('cancelled: by the Web UI while something ran', async () => {
  const plan = planOf(CHAIN, { taskId: 18 });
  bed.behaviours.b = gate().behaviour;
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
  await workflow.cancel();
  await workflow.result().catch(() => undefined);
  await record('cancelled', plan);
});

it('terminated: while something ran, which describe still lists', async () => {
  const plan = planOf(CHAIN, { taskId: 19 });
  bed.behaviours.b = gate().behaviour;
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
  await workflow.terminate('the host is gone for good');
  await record('terminated', plan);
});

it('out-of-time: transient until the run has no time left', async () => {
  const plan = planOf({ a: [] }, { taskId: 20, timeout: 2 });
  bed.behaviours.a = flaky(1000);
  await bed.startWorker();
  await bed.start(plan);
  await bed.documentWhen(plan, 'FAILED');
  await record('out-of-time', plan);
});

it('fan-out: 50 hosts, one of them failed and retried', async () => {
  const hosts = Array.from({ length: 50 }, (_, at) => String(at + 1));
  const needs = ['host_ids'];
  const plan: Plan = {
    ...planOf({}, { taskId: 21, context: { listMap: { host_ids: hosts } } }),
    nodes: [
      nodeOf('Prepare', { needs }),
      nodeOf('Install', { needs, split: { by: 'host_ids' } }),
      nodeOf('Finish', { needs }),
    ],
    places: { host_ids: Object.fromEntries(hosts.map((id) => [id, `192.0.2.${id}`])) },
  };
  bed.behaviours.Install = (input, ...more) =>
    input.element?.value === '7' && input.run === 1 ? broken(input, ...more) : undefined;
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await bed.documentWhen(plan, 'FAILED');
  await workflow.executeUpdate(TASK_UPDATES.retryTask.update, { args: [{}] });
  await workflow.result();
  await record('fan-out', plan);
});

it('skipped: a failed subtask counted as done', async () => {
  const plan = planOf(CHAIN, { taskId: 22 });
  bed.behaviours.b = broken;
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await bed.documentWhen(plan, 'FAILED');
  await workflow.executeUpdate(SUBTASK_UPDATES.skipSubtask.update, { args: [idOf(plan, 'b')] });
  await workflow.result();
  await record('skipped', plan);
});

it('cancelled-subtask: stopped by an operator, retried, and then done', async () => {
  const plan = planOf(CHAIN, { taskId: 23 });
  bed.behaviours.b = gate().behaviour;
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
  await workflow.executeUpdate(SUBTASK_UPDATES.cancelSubtask.update, { args: [String(idOf(plan, 'b'))] });
  await bed.documentWhen(plan, 'FAILED');
  delete bed.behaviours.b;
  await workflow.executeUpdate(SUBTASK_UPDATES.retrySubtask.update, { args: [idOf(plan, 'b')] });
  await workflow.result();
  await record('cancelled-subtask', plan);
});

it('canceling: told to stop and not stopped yet', async () => {
  const plan = planOf(CHAIN, { taskId: 24 });
  const door = gate();
  bed.behaviours.b = (input, attempt) => door.behaviour(input, attempt, new AbortController().signal);
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
  await workflow.executeUpdate(SUBTASK_UPDATES.cancelSubtask.update, { args: [idOf(plan, 'b')] });
  await record('canceling', plan);
  door.open();
});

it('rolled-back: after a retry that failed, with two branches', async () => {
  const plan = planOf({ ...DIAMOND, e: ['d'] }, { taskId: 25 });
  bed.behaviours.d = broken;
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await bed.documentWhen(plan, 'FAILED');
  await workflow.executeUpdate(TASK_UPDATES.retryTask.update, { args: [{}] });
  await bed.subtaskWhen(plan, 'd', ({ status, runTime }) => status === 'FAILED' && runTime === 2);
  await bed.documentWhen(plan, 'FAILED');
  await workflow.executeUpdate(TASK_UPDATES.rollbackTask.update, { args: [{ who: 'admin' }] });
  await workflow.result();
  await record('rolled-back', plan);
});

it('rollback-repeated: one undo failed and was repeated, another one was skipped', async () => {
  const plan = planOf(CHAIN, { taskId: 26 });
  bed.behaviours.c = broken;
  bed.behaviours['b.rollback'] = broken;
  bed.behaviours['a.rollback'] = broken;
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await bed.documentWhen(plan, 'FAILED');
  await workflow.executeUpdate(TASK_UPDATES.rollbackTask.update, { args: [{}] });
  await bed.subtaskWhen(plan, 'b', ({ status }) => status === 'FAILED');
  await bed.documentWhen(plan, 'FAILED');
  await record('rollback-failed', plan);
  delete bed.behaviours['b.rollback'];
  await workflow.executeUpdate(TASK_UPDATES.rollbackTask.update, { args: [{}] });
  await bed.subtaskWhen(plan, 'a', ({ status }) => status === 'FAILED');
  await bed.documentWhen(plan, 'FAILED');
  await workflow.executeUpdate(SUBTASK_UPDATES.skipSubtask.update, { args: [idOf(plan, 'a')] });
  await workflow.result();
  await record('rollback-repeated', plan);
});

it('abandoned: with something left behind', async () => {
  const plan = planOf(CHAIN, { taskId: 27, leaves: { a: 'the package', b: 'the process' } });
  bed.behaviours.b = broken;
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await bed.documentWhen(plan, 'FAILED');
  await workflow.executeUpdate(TASK_UPDATES.abandonTask.update, { args: [{ who: 'admin', why: 'sold' }] });
  await workflow.result().catch(() => undefined);
  await record('abandoned', plan);
});

const zoneNodes = [nodeOf('s'), nodeOf('t', { split: { by: '{zone_names}.server_ids' } })];
const lists = {
  zone_names: ['z1', 'z2'],
  'z1.server_ids': ['4', '5'],
  'z2.server_ids': ['6'],
  host_ids: ['7', '8', '9'],
};

it('zones: one after the other, in each of them all servers; then hosts in two steps, then one by one; rolled back', async () => {
  const plan: Plan = {
    ...planOf({}, { taskId: 29, concurrency: 2, context: { listMap: lists } }),
    nodes: [
      nodeOf('a'),
      { repeat: { by: 'zone_names', serial: true }, nodes: zoneNodes },
      nodeOf('b', { split: { by: 'host_ids' } }),
      nodeOf('c', { split: { by: 'host_ids' } }),
      nodeOf('d', { split: { by: 'host_ids', serial: true } }),
      nodeOf('e'),
    ],
  };
  bed.behaviours.t = ({ element }) => ({ stringMap: { [`server.${element?.value}.port`]: '2881' } });
  bed.behaviours.e = broken;
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await bed.documentWhen(plan, 'FAILED');
  await workflow.executeUpdate(TASK_UPDATES.rollbackTask.update, { args: [{ who: 'admin' }] });
  await workflow.result();
  await record('zones', plan);
});

it('left-at-a-seam, gone-on, gone-to-its-end: with what subtasks have added, a wait that is begun again, and a retry behind the seam', async () => {
  const nodes = [...'abc'].map((name) => nodeOf(name, { split: { by: 'host_ids' }, needs: ['pid'] }));
  const plan: Plan = {
    ...planOf({}, { taskId: 30, context: { listMap: lists } }),
    nodes: [nodeOf('w', { waits: true, after: [] }), { ...nodeOf('p'), after: [] }, ...nodes],
    continueAfter: 20,
  };
  const door = gate();
  bed.behaviours.w = door.behaviour;
  bed.behaviours.p = () => ({ stringMap: { pid: '4711' } });
  bed.behaviours.c = broken;
  await bed.startWorker();
  const workflow = await bed.start(plan);
  const { runId: first } = await workflow.describe();
  await until('it has gone on', async () => (await workflow.describe()).runId !== first);
  door.open();
  await bed.documentWhen(plan, 'FAILED');
  delete bed.behaviours.c;
  await workflow.executeUpdate(TASK_UPDATES.retryTask.update, { args: [{ who: 'admin' }] });
  await workflow.result();
  const { events } = await workflow.fetchHistory();
  const second = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
  expect(second).not.toBe(first);
  await record('left-at-a-seam', plan, first);
  await record('gone-on', plan, second);
  await record('gone-to-its-end', plan);
});

it('crashed: the worker was lost in mid-activity, the next attempt went on', async () => {
  const plan = planOf(CHAIN, { taskId: 28 });
  // All that the server notices of a killed worker: no heartbeat, no answer.
  bed.behaviours.b = (_input, attempt) => (attempt > 1 ? undefined : new Promise(() => undefined));
  await bed.startWorker();
  const workflow = await bed.start(plan);
  await workflow.result();
  await record('crashed', plan);
}, 60_000);
