import { submittedDocument } from '../../api/tasks/document/document';
import { CommandRefusedError, TaskMachine } from '../../workflows/interpreter/machine';
import { fitting } from '../../workflows/interpreter/snapshot';
import type { PlanNode } from '../../workflows/plan';
import { inEnglish } from '../../workflows/text';
import { CHAIN, DIAMOND, type Edges, idOf, idsOf, nodeOf, type PlanOptions, planOf } from '../support/plans';

function machineOf(edges: Edges, options: PlanOptions = {}) {
  const plan = planOf(edges, options);
  const machine = new TaskMachine(plan);
  const id = (name: string) => idOf(plan, name);
  return {
    plan,
    machine,
    id,
    start: (...names: string[]) => names.map((name) => machine.start(id(name))),
    succeed: (name: string, stringMap: Record<string, string> = {}, listMap: Record<string, string[]> = {}) =>
      machine.succeed(id(name), { stringMap, listMap }),
    fail: (name: string) => machine.fail(id(name), `${name} broke`),
    startable: () => machine.startable().map((startable) => machine.subtasks.get(startable)?.plan.node.name),
    state: (name: string) => machine.subtasks.get(id(name)),
  };
}

const FAN: Edges = { a: [], b: [], c: [], d: ['a', 'b', 'c'] };

const WHILE_RUNNING = 'Allowed now: cancel of a RUNNING subtask, retry or skip of a FAILED one.';

describe('going forward', () => {
  it('starts roots first and a subtask when its last upstream is done', () => {
    const task = machineOf(DIAMOND);
    expect(task.startable()).toEqual(['a']);
    task.start('a');
    expect(task.startable()).toEqual([]);
    task.succeed('a');
    expect(task.startable()).toEqual(['b', 'c']);
    task.start('b', 'c');
    task.succeed('b');
    expect(task.startable()).toEqual([]);
    task.succeed('c');
    expect(task.startable()).toEqual(['d']);
    task.start('d');
    task.succeed('d');
    expect(task.machine.change).toMatchObject({ status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true });
  });

  it('never hands out more than the concurrency limit', () => {
    const task = machineOf(FAN, { concurrency: 2 });
    expect(task.startable()).toEqual(['a', 'b']);
    task.start('a', 'b');
    expect(task.startable()).toEqual([]);
    task.succeed('b');
    expect(task.startable()).toEqual(['c']);
  });

  it('takes 0 as no limit', () => {
    expect(machineOf(FAN, { concurrency: 0 }).startable()).toEqual(['a', 'b', 'c']);
  });
});

describe('a failed subtask', () => {
  it('stops new starts in the whole task, lets siblings finish, then the task is FAILED and open', () => {
    const task = machineOf({ a: [], b: [], c: ['a'], d: ['c', 'b'] });
    task.start('a', 'b');
    task.fail('b');
    expect(task.machine.status).toBe('RUNNING');
    task.succeed('a');
    expect(task.startable()).toEqual([]);
    expect(task.machine.change).toMatchObject({ status: 'FAILED', closed: false });
    expect(task.machine.failed.map(({ plan, failure }) => [plan.node.name, failure])).toEqual([
      ['b', 'b broke'],
    ]);
  });
});

describe('retry task', () => {
  it('runs every FAILED subtask again with run + 1 and makes RETRY the task operation', () => {
    const task = machineOf(FAN);
    task.start('a', 'b', 'c');
    task.fail('a');
    task.succeed('b');
    task.fail('c');
    expect(task.machine.commandTask('retryTask')).toEqual([task.id('a'), task.id('c')]);
    expect(task.machine.change).toMatchObject({ status: 'RUNNING', operation: 'RETRY' });
    expect(task.startable()).toEqual(['a', 'c']);
    expect(task.start('a', 'c').map(({ run, operation }) => [run, operation])).toEqual([
      [2, 'RETRY'],
      [2, 'RETRY'],
    ]);
    expect(task.state('b')).toMatchObject({ run: 1, operation: 'EXECUTE', status: 'SUCCESSFUL' });
  });

  it('starts all it was asked for, although one of them fails again before the others had a place', () => {
    const task = machineOf({ a: [], b: [], c: ['a', 'b'] }, { concurrency: 2 });
    task.start('a', 'b');
    task.fail('a');
    task.fail('b');
    task.machine.commandTask('retryTask');
    task.start('a');
    task.fail('a');
    expect(task.machine.status).toBe('RUNNING');
    expect(task.startable()).toEqual(['b']);
    task.start('b');
    task.succeed('b');
    expect(task.machine.status).toBe('FAILED');
  });

  it('is refused while the task is RUNNING or SUCCESSFUL, naming id, state and what is allowed', () => {
    const task = machineOf({ a: [] });
    const refusal = {
      code: 'TSK10016',
      message: expect.objectContaining({
        en: `Task ${task.plan.taskId} is RUNNING; retry is allowed when it is FAILED. ${WHILE_RUNNING}`,
      }),
    };
    expect(task.machine.refuseTaskCommand('retryTask')).toEqual(refusal);
    expect(() => task.machine.commandTask('retryTask')).toThrow(CommandRefusedError);
    task.start('a');
    task.succeed('a');
    expect(task.machine.refuseTaskCommand('retryTask')?.message.en).toContain('is SUCCESSFUL');
  });
});

describe('retry subtask', () => {
  it('runs that one again and leaves the task operation as it was', () => {
    const task = machineOf(FAN);
    task.start('a', 'b', 'c');
    task.fail('a');
    task.fail('b');
    task.succeed('c');
    task.machine.commandSubtask('retrySubtask', task.id('b'));
    expect(task.machine.change).toMatchObject({ status: 'RUNNING', operation: 'EXECUTE' });
    expect(task.startable()).toEqual(['b']);
    task.start('b');
    task.succeed('b');
    expect(task.machine.status).toBe('FAILED');
    expect(task.state('a')).toMatchObject({ run: 1, status: 'FAILED' });
  });

  it('is possible while siblings still run', () => {
    const task = machineOf(FAN);
    task.start('a', 'b', 'c');
    task.fail('a');
    task.machine.commandSubtask('retrySubtask', task.id('a'));
    expect(task.startable()).toEqual(['a']);
  });

  it.each([
    ['a subtask that runs', 'b', 'TSK10017', 'is READY or RUNNING; retry is allowed when it is FAILED.'],
    ['one that is done', 'a', 'TSK10017', 'is SUCCESSFUL; retry is allowed when it is FAILED.'],
    ['one that waits', 'c', 'TSK10017', 'is PENDING; retry is allowed when it is FAILED.'],
  ])('is refused for %s', (_title, name, code, text) => {
    const task = machineOf(CHAIN);
    task.start('a');
    task.succeed('a');
    task.start('b');
    const refusal = task.machine.refuseSubtaskCommand('retrySubtask', task.id(name));
    expect(refusal?.code).toBe(code);
    expect(refusal?.message.en).toBe(`Subtask ${task.id(name)} (${name}) ${text} ${WHILE_RUNNING}`);
  });

  it('is refused for an id of another task', () => {
    const task = machineOf(CHAIN);
    expect(task.machine.refuseSubtaskCommand('retrySubtask', 7)).toEqual({
      code: 'TSK10001',
      message: expect.objectContaining({ en: `Task ${task.plan.taskId} has no subtask 7.` }),
    });
  });

  it('refuses the second of two retries that arrive together', () => {
    const task = machineOf({ a: [] });
    task.start('a');
    task.fail('a');
    task.machine.commandSubtask('retrySubtask', task.id('a'));
    expect(() => task.machine.commandSubtask('retrySubtask', task.id('a'))).toThrow('is PENDING');
    expect(task.state('a')).toMatchObject({ run: 2 });
  });
});

describe('what the database is told', () => {
  it('grows with every change of status or operation and with nothing else', () => {
    const task = machineOf({ a: [], b: ['a'] });
    const sequences = [task.machine.change.sequence];
    const note = () => sequences.push(task.machine.change.sequence);
    task.start('a');
    note();
    task.fail('a');
    note();
    task.machine.commandSubtask('retrySubtask', task.id('a'));
    note();
    task.start('a');
    task.succeed('a');
    note();
    task.start('b');
    task.succeed('b');
    note();
    expect(sequences).toEqual([0, 0, 1, 2, 2, 3]);
  });
});

describe('contexts', () => {
  const needs = ['base', 'own', 'list', 'host.{element}.zone'];

  it('hands a subtask the keys it needs from everything upstream, and nothing else', () => {
    const context = { stringMap: { base: '1', secretish: 'x' }, listMap: { list: ['p'], other: ['q'] } };
    const task = machineOf(CHAIN, { needs, context });
    task.start('a');
    task.succeed('a', { own: '2' }, { list: ['r', 'p'] });
    task.start('b');
    task.succeed('b');
    expect(task.machine.start(task.id('c')).context).toEqual({
      stringMap: { base: '1', own: '2' },
      listMap: { list: ['p', 'r'] },
    });
  });

  it('hands on what the plan does not show as if it stood in the context', () => {
    const unshown = { stringMap: { own: 'hidden', base: 'overruled' }, listMap: {} };
    const plan = { ...planOf({ a: [] }, { needs, context: { stringMap: { base: '1' } } }), unshown };
    expect(new TaskMachine(plan).start(idOf(plan, 'a')).context.stringMap).toEqual({
      base: '1',
      own: 'hidden',
    });
    expect(submittedDocument(plan).context.stringMap).toEqual({ base: '1' });
  });

  it('puts the element of the fan-out into declared keys', () => {
    const context = {
      stringMap: { 'host.7.zone': 'z1', 'host.8.zone': 'z2' },
      listMap: { host_ids: ['7', '8'] },
    };
    const plan = { ...planOf({}, { context }), nodes: [nodeOf('a', { needs, split: { by: 'host_ids' } })] };
    const machine = new TaskMachine(plan);
    const inputs = machine.startable().map((id) => machine.start(id));
    expect(inputs).toMatchObject([
      { element: { key: 'host_ids', value: '7' }, context: { stringMap: { 'host.7.zone': 'z1' } } },
      { element: { key: 'host_ids', value: '8' }, context: { stringMap: { 'host.8.zone': 'z2' } } },
    ]);
    expect(inputs[0]?.context.stringMap).toEqual({ 'host.7.zone': 'z1' });
    expect(inputs[0]).not.toHaveProperty('elements');
  });

  describe('of a fan-out', () => {
    const hosts = ['7', '8', '9'];
    const context = {
      stringMap: Object.fromEntries(hosts.map((id) => [`host.${id}.zone`, `zone${id}`])),
      listMap: { host_ids: hosts },
    };
    const perHost = { needs: ['host.{element}.zone'], split: { by: 'host_ids' } };

    /** What starts together until nothing does, first forwards with the last subtask failing, then backwards. */
    function wavesOf(nodes: readonly PlanNode[]): { done: string[][]; undone: string[][] } {
      const plan = { ...planOf({}, { concurrency: 2, context }), nodes };
      const machine = new TaskMachine(plan);
      const waves = (end: (id: number) => void): string[][] => {
        const seen: string[][] = [];
        for (let ids = machine.startable(); ids.length > 0; ids = machine.startable()) {
          const inputs = ids.map((id) => machine.start(id));
          seen.push(
            inputs.map(({ operation, name, element, context: given }) =>
              [operation, name, element?.value, ...Object.values(given.stringMap)].join(' '),
            ),
          );
          for (const id of ids) end(id);
        }
        return seen;
      };
      const last = idsOf(plan).at(-1);
      const done = waves((id) => (id === last ? machine.fail(id, 'no luck') : machine.succeed(id)));
      machine.commandTask('rollbackTask');
      const undone = waves((id) => machine.succeed(id));
      expect(machine.change).toMatchObject({ status: 'SUCCESSFUL', operation: 'ROLLBACK', closed: true });
      return { done, undone };
    }
    const split = (operation: string, name: string) => [
      [`${operation} ${name} 7 zone7`, `${operation} ${name} 8 zone8`],
      [`${operation} ${name} 9 zone9`],
    ];

    it('with a barrier: undone as it ran, in the same limit, each after all of the node behind it', () => {
      const { done, undone } = wavesOf([
        nodeOf('install', perHost),
        nodeOf('wait'),
        nodeOf('start', perHost),
      ]);
      expect(done).toEqual([...split('EXECUTE', 'install'), ['EXECUTE wait '], ...split('EXECUTE', 'start')]);
      expect(undone).toEqual([
        ...split('ROLLBACK', 'start'),
        ['ROLLBACK wait '],
        ...split('ROLLBACK', 'install'),
      ]);
    });

    it('of neighbours: a host goes on while another is not so far, and is undone likewise', () => {
      const { done, undone } = wavesOf([nodeOf('install', perHost), nodeOf('start', perHost)]);
      expect(done).toEqual([
        ['EXECUTE install 7 zone7', 'EXECUTE install 8 zone8'],
        ['EXECUTE install 9 zone9', 'EXECUTE start 7 zone7'],
        ['EXECUTE start 8 zone8', 'EXECUTE start 9 zone9'],
      ]);
      expect(undone).toEqual([
        ['ROLLBACK start 7 zone7', 'ROLLBACK start 8 zone8'],
        ['ROLLBACK start 9 zone9', 'ROLLBACK install 7 zone7'],
        ['ROLLBACK install 8 zone8', 'ROLLBACK install 9 zone9'],
      ]);
    });

    it('split serially: one host after the other, undone from the last to the first', () => {
      const serial = { ...perHost, split: { by: 'host_ids', serial: true as const } };
      const { done, undone } = wavesOf([nodeOf('restart', serial)]);
      expect(done).toEqual(hosts.map((id) => [`EXECUTE restart ${id} zone${id}`]));
      expect(undone).toEqual([...hosts].reverse().map((id) => [`ROLLBACK restart ${id} zone${id}`]));
    });

    it('inside a group: the activity receives all of its elements, and the keys that they fill in', () => {
      const zones = { zone_names: ['z1', 'z2'], 'z1.server_ids': ['4'], 'z2.server_ids': ['6'] };
      const texts = { 'z1.6.port': 'wrong', 'z1.4.port': '2881', 'z2.6.port': '3881' };
      const stop = nodeOf('stop', {
        needs: ['{zone_names}.{element}.port', '{zone_names}.server_ids'],
        split: { by: '{zone_names}.server_ids' },
      });
      const plan = {
        ...planOf({}, { context: { stringMap: texts, listMap: zones } }),
        nodes: [{ repeat: { by: 'zone_names' }, nodes: [stop] }],
      };
      const machine = new TaskMachine(plan);
      const inputs = machine.startable().map((id) => machine.start(id));
      expect(inputs).toMatchObject([
        {
          element: { key: 'z1.server_ids', value: '4' },
          elements: [
            { key: 'zone_names', value: 'z1' },
            { key: 'z1.server_ids', value: '4' },
          ],
        },
        { element: { key: 'z2.server_ids', value: '6' } },
      ]);
      expect(inputs.map(({ context: given }) => given)).toEqual([
        { stringMap: { 'z1.4.port': '2881' }, listMap: { 'z1.server_ids': ['4'] } },
        { stringMap: { 'z2.6.port': '3881' }, listMap: { 'z2.server_ids': ['6'] } },
      ]);
    });
  });

  it('unites lists of two upstreams and calls two texts for one key a conflict that names both', () => {
    const task = machineOf(DIAMOND, { needs });
    task.start('a');
    task.succeed('a');
    task.start('b', 'c');
    task.succeed('b', { own: '1' }, { list: ['x'] });
    task.succeed('c', { own: '2' }, { list: ['y'] });
    const input = task.machine.start(task.id('d'));
    expect(input.context.listMap).toEqual({ list: ['x', 'y'] });
    expect(input.conflict).toBe(
      `Context key own is "1" after b (${task.id('b')}) and "2" after c (${task.id('c')}); a subtask cannot start with both.`,
    );
  });

  it('sees no conflict where two upstreams agree or add different keys', () => {
    const task = machineOf(DIAMOND, { needs });
    task.start('a');
    task.succeed('a', { base: '1' });
    task.start('b', 'c');
    task.succeed('b', { own: '1' });
    task.succeed('c', { base: '1' });
    const input = task.machine.start(task.id('d'));
    expect(input).not.toHaveProperty('conflict');
    expect(input.context.stringMap).toEqual({ base: '1', own: '1' });
  });
});

describe('at a seam of its history', () => {
  /** As the next run of the workflow has it. */
  const carriedOver = (machine: TaskMachine): TaskMachine =>
    new TaskMachine(machine.plan, JSON.parse(JSON.stringify(fitting(machine.snapshot()))));

  it('starts nothing while it is held, whatever ends meanwhile', () => {
    const task = machineOf(CHAIN);
    task.start('a');
    task.machine.hold(true);
    task.succeed('a');
    expect(task.startable()).toEqual([]);
    expect(task.machine.status).toBe('RUNNING');
    task.machine.hold(false);
    expect(task.startable()).toEqual(['b']);
  });

  it('goes on with a subtask that was broken off as the same run, although another one has failed', () => {
    const task = machineOf(FAN);
    const [first] = task.start('a', 'b');
    task.fail('b');
    task.machine.fail(task.id('a'), 'cancelled', true);
    expect(task.state('a')).toMatchObject({ status: 'PENDING', operation: 'EXECUTE', run: 1 });
    expect(task.machine.failed.map(({ plan }) => plan.node.name)).toEqual(['b']);
    expect(task.machine.status).toBe('RUNNING');
    expect(task.startable()).toEqual(['a']);
    expect(task.start('a')).toEqual([first]);
    task.succeed('a');
    expect(task.machine.status).toBe('FAILED');
  });

  it('goes on with an undo that was broken off as the same undo', () => {
    const task = machineOf(CHAIN);
    task.start('a');
    task.succeed('a');
    task.start('b');
    task.fail('b');
    task.machine.commandTask('rollbackTask');
    const [first] = task.start('b');
    task.machine.fail(task.id('b'), 'cancelled', true);
    const machine = carriedOver(task.machine);
    expect(machine.startable()).toEqual([task.id('b')]);
    expect(machine.start(task.id('b'))).toEqual(first);
  });

  it('has failed what an operator cancelled, and what a cancelled workflow stopped', () => {
    const task = machineOf(FAN);
    task.start('a', 'b');
    task.machine.commandSubtask('cancelSubtask', task.id('a'));
    task.machine.fail(task.id('a'), 'cancelled', true);
    task.machine.stop();
    task.machine.fail(task.id('b'), 'cancelled', true);
    for (const name of ['a', 'b']) {
      expect(task.state(name)).toMatchObject({ status: 'FAILED', operation: 'CANCEL' });
    }
    expect(task.machine.status).toBe('FAILED');
  });

  it('cannot be left while something is under way', () => {
    const task = machineOf(FAN);
    task.start('a', 'b');
    expect(() => task.machine.snapshot()).toThrow('2 subtasks are under way.');
  });

  it('hands over states, reasons, what was asked for, what subtasks added, and the number of its changes', () => {
    const task = machineOf(
      { ...FAN, e: ['c'] },
      { needs: ['pid', 'lists'], context: { stringMap: { pid: '1' } } },
    );
    task.start('a', 'b', 'c');
    task.fail('a');
    task.fail('b');
    task.succeed('c', { pid: '4711' }, { lists: ['x', 'y'] });
    task.machine.commandSubtask('retrySubtask', task.id('b'));
    const machine = carriedOver(task.machine);
    expect(machine.change).toEqual(task.machine.change);
    expect(machine.counts).toEqual(task.machine.counts);
    expect([...machine.subtasks.values()]).toEqual([...task.machine.subtasks.values()]);
    expect(machine.failed.map(({ failure }) => failure)).toEqual(['a broke']);
    expect(machine.startable()).toEqual([task.id('b')]);
    expect(machine.start(task.id('b'))).toMatchObject({ run: 2, operation: 'RETRY' });
    machine.commandSubtask('skipSubtask', task.id('a'));
    expect(machine.start(task.id('e')).context).toEqual({
      stringMap: { pid: '4711' },
      listMap: { lists: ['x', 'y'] },
    });
  });

  it('remembers which commands it has obeyed, the newest thousand of them', () => {
    const { machine } = machineOf(CHAIN);
    for (let at = 0; at <= 1_000; at++) machine.noteObeyed(`command-${at}`);
    const later = carriedOver(machine);
    expect([0, 1, 1_000, 1_001].map((at) => later.hasObeyed(`command-${at}`))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('refuses a snapshot of another plan, a shorter or a longer one', () => {
    const snapshot = machineOf(CHAIN).machine.snapshot();
    for (const edges of [{ a: [] }, DIAMOND]) {
      expect(() => new TaskMachine(planOf(edges), snapshot)).toThrow('one of another plan');
    }
  });

  it('is small: a thousand failures share what a payload has room for, equal states cost one entry', () => {
    const hosts = Array.from({ length: 1_000 }, (_, at) => String(at));
    const plan = {
      ...planOf({}, { concurrency: 0, context: { listMap: { host_ids: hosts } } }),
      nodes: [nodeOf('a', { split: { by: 'host_ids' } }), nodeOf('b', { split: { by: 'host_ids' } })],
    };
    const machine = new TaskMachine(plan);
    for (const id of machine.startable()) machine.start(id);
    for (const {
      plan: { id },
    } of machine.underWay)
      machine.fail(id, 'x'.repeat(3_000));
    const { states, runs, failed } = fitting(machine.snapshot());
    expect([states.length, runs.length, failed.length]).toEqual([2, 2, 1_000]);
    expect(
      failed.map(([, failure]) => inEnglish(failure).length).reduce((sum, size) => sum + size),
    ).toBeLessThan(250_000);
    expect(carriedOver(machine).failedCount).toBe(1_000);
  });
});
