import type { TaskWarning } from '../../store/types';
import { onEveryDatabase } from './databases';
import { plan } from './plan';

onEveryDatabase('Warnings of tasks', (on) => {
  const warning = (subtaskId: number, text: string): TaskWarning => ({
    ...{
      subtaskId,
      text,
      name: 'Start obproxy process',
      target: '10.0.0.1',
      time: '2026-11-01T00:00:00.000Z',
    },
  });

  test('Those of a subtask are replaced, those of a task counted and cut, and all go with their task', async () => {
    const { tasks } = await on.open();
    for (const id of [1, 2, 3]) await tasks.add({ plan: plan(id), workflowType: 'addObproxy' });
    const of = (subtaskId: number, ...texts: string[]) => texts.map((text) => warning(subtaskId, text));
    await tasks.setWarnings(1, 102, of(102, 'b', 'c'));
    await tasks.setWarnings(1, 101, of(101, 'z', 'a'));
    await tasks.setWarnings(2, 201, of(201, 'old'));
    const said = { key: 'log.some', args: { at: '10.0.0.1' } };
    await tasks.setWarnings(2, 201, [{ ...warning(201, 'new'), said }]);
    await tasks.setWarnings(3, 301, []);
    const found = await tasks.warnings([1, 2, 3], 3);
    expect([...found]).toEqual([
      [1, { count: 4, first: [...of(101, 'z', 'a'), ...of(102, 'b')] }],
      [2, { count: 1, first: [{ ...warning(201, 'new'), said }] }],
    ]);
    await tasks.setWarnings(2, 201, []);
    await tasks.archive(1, {
      ...{ status: 'SUCCESSFUL', operation: 'EXECUTE', document: {}, finishTime: '2026-01-01T00:00:00.000Z' },
    });
    await tasks.deleteEndedBefore('2026-02-01T00:00:00.000Z');
    expect(await tasks.warnings([1, 2], 3)).toEqual(new Map());
  });
});
