import { submittedDocument } from '../../api/tasks/document/document';
import { expandChain } from '../../workflows/interpreter/graph';
import { CommandRefusedError, TaskMachine } from '../../workflows/interpreter/machine';
import { CHAIN, DIAMOND, type Edges, idOf, type PlanOptions, planOf } from '../support/plans';

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
    startable: () => machine.startable().map((startable) => machine.subtasks.get(startable)?.plan.name),
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
    expect(task.machine.failed.map(({ plan, failure }) => [plan.name, failure])).toEqual([['b', 'b broke']]);
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
      message: `Task ${task.plan.taskId} is RUNNING; retry is allowed when it is FAILED. ${WHILE_RUNNING}`,
    };
    expect(task.machine.refuseTaskCommand('retryTask')).toEqual(refusal);
    expect(() => task.machine.commandTask('retryTask')).toThrow(CommandRefusedError);
    task.start('a');
    task.succeed('a');
    expect(task.machine.refuseTaskCommand('retryTask')?.message).toContain('is SUCCESSFUL');
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
    expect(refusal?.message).toBe(`Subtask ${task.id(name)} (${name}) ${text} ${WHILE_RUNNING}`);
  });

  it('is refused for an id of another task', () => {
    const task = machineOf(CHAIN);
    expect(task.machine.refuseSubtaskCommand('retrySubtask', 7)).toEqual({
      code: 'TSK10001',
      message: `Task ${task.plan.taskId} has no subtask 7.`,
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
    const plan = planOf(
      { a: [] },
      { needs, context: { stringMap: { 'host.7.zone': 'z1', 'host.8.zone': 'z2' } } },
    );
    const element = { key: 'host_ids', value: '7' };
    const machine = new TaskMachine({ ...plan, subtasks: plan.subtasks.map((s) => ({ ...s, element })) });
    expect(machine.start(idOf(plan, 'a'))).toMatchObject({
      element,
      context: { stringMap: { 'host.7.zone': 'z1' } },
    });
  });

  it('undoes a fan-out as it ran: the same elements in the same limit, each after all of the node behind it', () => {
    const chain = ['install', 'start'].map((name) => ({
      activity: name,
      splitBy: 'host_ids',
      definition: {
        ...{ name, className: name, timeout: 60, prohibitRollback: false, prohibitSkip: false },
        needs: ['host.{element}.zone'],
      },
    }));
    const hosts = ['7', '8', '9'];
    const context = {
      stringMap: Object.fromEntries(hosts.map((id) => [`host.${id}.zone`, `zone${id}`])),
      listMap: { host_ids: hosts },
    };
    const plan = planOf({}, { concurrency: 2, context });
    const machine = new TaskMachine({ ...plan, subtasks: expandChain(chain, context, 100) });
    const wave = (): string[] =>
      machine.startable().map((id) => {
        const { name, operation, element, context: given } = machine.start(id);
        return `${operation} ${name} ${element?.value} ${Object.values(given.stringMap).join()}`;
      });
    const waves = (end: (id: number) => void): string[][] => {
      const seen: string[][] = [];
      while (machine.startable().length > 0) {
        const ids = machine.startable();
        seen.push(wave());
        for (const id of ids) end(id);
      }
      return seen;
    };
    const last = 105;
    const done = waves((id) => (id === last ? machine.fail(id, 'no luck') : machine.succeed(id)));
    machine.commandTask('rollbackTask');
    const undone = waves((id) => machine.succeed(id));
    const both = (operation: string, name: string) => [
      [`${operation} ${name} 7 zone7`, `${operation} ${name} 8 zone8`],
      [`${operation} ${name} 9 zone9`],
    ];
    expect(done).toEqual([...both('EXECUTE', 'install'), ...both('EXECUTE', 'start')]);
    expect(undone).toEqual([...both('ROLLBACK', 'start'), ...both('ROLLBACK', 'install')]);
    expect(machine.closed).toBe(true);
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
