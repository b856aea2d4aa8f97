import { someAtATime } from '../../runtime/someAtATime';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('work on a list, some at a time', () => {
  test('is answered in the order of the list, with never more under way than allowed, and always as many', async () => {
    let under = 0;
    const most: number[] = [];
    const answers = await someAtATime([5, 1, 4, 0, 3, 2], 3, async (turns) => {
      most.push(++under);
      for (let i = 0; i < turns; i++) await turn();
      under -= 1;
      return turns * 10;
    });
    expect(answers).toEqual([50, 10, 40, 0, 30, 20]);
    expect(Math.max(...most)).toBe(3);
    // Whoever ends makes room for the next one: nobody waits for a whole batch.
    expect(most.filter((count) => count === 3)).toHaveLength(4);
  });

  test('begins nothing more after a failure, and throws it when what had begun has ended', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const working = someAtATime([0, 1, 2, 3], 2, async (item) => {
      begun.push(item);
      if (item === 0) throw new Error('the first');
      for (let i = 0; i < 5; i++) await turn();
      ended.push(item);
    });
    await expect(working).rejects.toThrow('the first');
    expect([begun, ended]).toEqual([[0, 1], [1]]);
  });

  test('of nothing is nothing', async () => {
    expect(await someAtATime([], 4, async () => 1)).toEqual([]);
  });
});
