import { TaskMachine } from '../../workflows/interpreter/machine';
import type { Plan } from '../../workflows/plan';
import { currentDetails } from '../../workflows/webui/details';
import { CHAIN, idOf, idsOf, nodeOf, planOf } from '../support/plans';

/** nginx refuses longer request lines unless told otherwise; the renderer's path and options need some of it. */
const URL_ROOM = 7_700;

function onHosts(count: number): Plan {
  const ids = Array.from({ length: count }, (_, at) => String(at));
  const context = { listMap: { host_ids: ids } };
  return {
    ...planOf({}, { concurrency: 0, context }),
    nodes: [nodeOf('Start', { split: { by: 'host_ids' } })],
    places: {
      host_ids: Object.fromEntries(ids.map((id, at) => [id, `10.0.${at >> 8}.${at & 255}`])),
    },
  };
}

function failed(plan: Plan, failures: number, text: string): TaskMachine {
  const machine = new TaskMachine(plan);
  for (const id of machine.startable()) machine.start(id);
  const ids = idsOf(plan);
  for (const id of ids.slice(0, failures)) machine.fail(id, text);
  for (const id of ids.slice(failures)) machine.succeed(id);
  return machine;
}

const rowsOf = (details: string) => details.match(/^\|\d+.*$/gm) ?? [];

describe('current details', () => {
  it.each([
    [3, 1, 'short'],
    [40, 1, 'short'],
    [40, 40, '启动失败，端口被占用。'.repeat(300)],
    [1000, 16, `a_b <c> | d\n`.repeat(250)],
    [1000, 1000, '\u{1f525}'.repeat(1500)],
    [1000, 1, '\n'.repeat(3000)],
    [1000, 3, `${'x'.repeat(2999)}\ud83d…`],
  ])('of %d subtasks, %d of them failed, fit into a URL', (count, failures, text) => {
    const details = currentDetails(failed(onHosts(count), failures, text));
    expect(encodeURIComponent(details).length).toBeLessThan(URL_ROOM);
    expect(details).toContain(`${count - failures} of ${count} subtasks done, ${failures} failed`);
    expect(details).toContain('To go on');
    expect(rowsOf(details)[0]).toMatch(/Start.*10\.0\.0\.0.*FAILED/);
  });

  it('show every subtask while there is room, and say how many they do not show', () => {
    expect(rowsOf(currentDetails(failed(onHosts(40), 1, 'short')))).toHaveLength(40);
    const details = currentDetails(failed(onHosts(1000), 16, 'short'));
    expect(rowsOf(details)).toHaveLength(16);
    expect(details).toContain(
      '984 subtasks are not shown; of all: 0 PENDING, 0 READY, 0 CANCELING, 16 FAILED, 984 SUCCESSFUL.',
    );
  });

  it('follow a subtask through its states', () => {
    const plan = onHosts(2);
    const machine = new TaskMachine(plan);
    const [first = 0, second = 0] = idsOf(plan);
    const states = () => rowsOf(currentDetails(machine)).map((row) => row.split('|').at(-2));
    const seen = [states()];
    for (const id of machine.startable()) machine.start(id);
    seen.push(states());
    machine.fail(first, 'no');
    machine.succeed(second);
    seen.push(states());
    machine.commandSubtask('retrySubtask', first);
    machine.start(first);
    seen.push(states());
    expect(seen).toEqual([
      ['PENDING', 'PENDING'],
      ['**READY**', '**READY**'],
      ['**FAILED**', 'SUCCESSFUL'],
      ['**READY** (RETRY, run 2)', 'SUCCESSFUL'],
    ]);
  });

  it('show what markdown or HTML would hide or obey', () => {
    const details = currentDetails(
      failed(onHosts(1), 1, 'cat <home>/*.log | grep __all_server\n[ERROR] &lt; `x`'),
    );
    expect(details).toContain(
      '> cat \\<home\\>/\\*.log \\| grep \\_\\_all\\_server\n> \\[ERROR\\] \\&lt; \\`x\\`\n',
    );
  });

  it('give every failure its text, and the first one’s id to send', () => {
    const details = currentDetails(failed(onHosts(3), 2, 'no space left on device'));
    expect(details.match(/no space left on device/g)).toHaveLength(2);
    expect(details).toContain('**retrySubtask** with Data');
  });

  it('tell of a task that only runs where attempts are seen, and of a retried subtask its run', () => {
    const plan = planOf(CHAIN);
    const machine = new TaskMachine(plan);
    expect(currentDetails(machine)).toContain(
      '**RUNNING**: 0 of 3 subtasks done. Attempts and their errors: tab',
    );
    const id = idOf(plan, 'a');
    machine.start(id);
    machine.fail(id, 'no');
    machine.commandSubtask('retrySubtask', id);
    machine.start(id);
    expect(rowsOf(currentDetails(machine))[0]).toMatch(/\*\*READY\*\* \(RETRY, run 2\)/);
    expect(currentDetails(machine)).not.toContain('To go on');
  });
});
