import { taskDocument } from '../../api/tasks/document/document';
import { HistoryReader } from '../../api/tasks/temporal/historyReader';
import { ADD_OB_SERVER } from '../../operations/addObserver';
import { node } from '../../workflows/chain';
import { taskWorkflowId } from '../../workflows/ids';
import { expansionSize } from '../../workflows/interpreter/expansion';
import { TASK_UPDATES } from '../../workflows/messages';
import type { Plan } from '../../workflows/plan';
import { planOf } from '../support/plans';
import { broken, sharedTaskBed, type TaskBed, until } from '../support/tasks';

/** The largest number of hosts that a request may name; without TEST_LONG some, in some runs of the workflow. */
const HOSTS = process.env.TEST_LONG === '1' ? Number(process.env.TEST_LARGE_HOSTS ?? 2_000) : 60;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** The 21 nodes of "Add OB server" with activities that do nothing. */
function addServers(hosts: number): Plan {
  const host_ids = Array.from({ length: hosts }, (_, at) => String(at + 1));
  const addresses = Object.fromEntries(
    host_ids.map((id) => [id, `10.0.${Number(id) >> 8}.${Number(id) & 255}`]),
  );
  return {
    ...planOf({}, { concurrency: 100 }),
    nodes: ADD_OB_SERVER.map((item, at) => {
      const name = LETTERS[at] ?? '';
      const plain = { name, className: `com.example.${name}Task`, activity: name, timeout: 300, needs: [] };
      return node({ ...plain, needs: ['host.{element}.zone'] }, 'split' in item ? { split: 'host_ids' } : {});
    }),
    context: {
      stringMap: Object.fromEntries(host_ids.map((id) => [`host.${id}.zone`, 'zone1'])),
      listMap: { host_ids },
    },
    places: { host_ids: addresses },
    ...(HOSTS < 1_000 ? { continueAfter: 1_000 } : {}),
  };
}

let bed: TaskBed;
sharedTaskBed((opened) => {
  bed = opened;
});

const state = () => bed.changes.at(-1);

async function seconds(work: () => Promise<unknown>): Promise<string> {
  const before = Date.now();
  await work();
  return `${((Date.now() - before) / 1000).toFixed(1)} s`;
}

it(
  'a task of many hosts runs to a failure, is retried, fails at its end, and is rolled back, with one document',
  async () => {
    const plan = addServers(HOSTS);
    const { subtasks } = expansionSize(plan);
    const told: string[] = [
      `${HOSTS} hosts, ${subtasks} subtasks, plan ${JSON.stringify(plan).length} bytes`,
    ];
    // In the middle of the chain, on the host in the middle; and the last node.
    const [middle, last] = [LETTERS[12] ?? '', LETTERS[20] ?? ''];
    bed.behaviours[middle] = (input, ...more) =>
      input.element?.value === String(HOSTS >> 1) && input.run === 1 ? broken(input, ...more) : undefined;
    bed.behaviours[last] = broken;
    const most = HOSTS * 1_500 + 60_000;
    const workflow = await bed.start(plan);
    told.push(
      `to the failure: ${await seconds(() => until('it has FAILED', () => state()?.status === 'FAILED', most))}`,
    );
    await workflow.executeUpdate(TASK_UPDATES.retryTask.update, { args: [{}] });
    told.push(
      `to its end: ${await seconds(() => until('it has FAILED again', () => state()?.operation === 'RETRY' && state()?.status === 'FAILED', most))}`,
    );
    const read = async () => {
      const reading = await new HistoryReader(bed.temporal).read(taskWorkflowId(plan.taskId));
      if (reading === undefined) throw new Error('no workflow');
      return taskDocument(reading.folded, reading.pending);
    };
    let failed: Awaited<ReturnType<typeof read>> | undefined;
    told.push(
      `first document: ${await seconds(async () => {
        failed = await read();
      })}`,
    );
    expect(failed?.subtasks).toHaveLength(subtasks);
    expect(failed?.subtasks.filter(({ status }) => status === 'SUCCESSFUL')).toHaveLength(subtasks - 1);
    await workflow.executeUpdate(TASK_UPDATES.rollbackTask.update, { args: [{}] });
    told.push(`rolled back: ${await seconds(() => workflow.result())}`);
    const undone = await read();
    expect(undone).toMatchObject({ status: 'SUCCESSFUL', operation: 'ROLLBACK', closed: true });
    expect(undone.subtasks.every(({ status }) => status === 'PENDING')).toBe(true);
    const runs: number[] = [];
    const query = `WorkflowId = '${taskWorkflowId(plan.taskId)}'`;
    for await (const run of bed.temporal.client.workflow.list({ query })) runs.push(run.historyLength);
    expect(runs.length).toBeGreaterThan(1);
    expect(Math.max(...runs)).toBeLessThan(51_200);
    const each = new Map<string, number>();
    for (const one of bed.executions) each.set(one, (each.get(one) ?? 0) + 1);
    expect(each.get(`${middle}/1#1`)).toBe(HOSTS);
    expect(each.get(`${middle}/2#1`)).toBe(1);
    expect(each.get(`${middle}.rollback/1#1`)).toBe(HOSTS - 1);
    told.push(`${runs.length} runs of the workflow, at most ${Math.max(...runs)} events in one`);
    if (process.env.TEST_LONG === '1') console.log(told.join('\n'));
  },
  HOSTS * 4_500 + 180_000,
);
