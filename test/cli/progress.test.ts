import { createProgress, type ProgressRow, pictureLines } from '../../cli/progress';

const row = (key: number, part: Partial<ProgressRow> = {}): ProgressRow => ({
  key,
  label: `Step ${key}`,
  done: 0,
  total: 2,
  note: '',
  ...part,
});
const many = (count: number, done: number) =>
  Array.from({ length: count }, (_, at) => row(at, at < done ? { done: 2 } : {}));

describe('a picture of progress', () => {
  it('has a bar as long as what is done, its numbers and its note', () => {
    const lines = pictureLines(
      { title: 'Task 1', rows: [row(1, { done: 1, note: 'RUNNING on 192.0.2.7' })], below: ['why'] },
      { columns: 80, rows: 24 },
    );
    expect(lines).toEqual([
      'Task 1',
      `  Step 1 |${'#'.repeat(12)}${'.'.repeat(12)}| 1/2 RUNNING on 192.0.2.7`,
      'why',
    ]);
  });

  it.each([
    [40, 10, 5],
    [1000, 24, 700],
    [30, 24, 30],
    [3, 8, 0],
  ])(
    'of %d rows fits a terminal of %d lines with %d rows done, the ones that run in sight',
    (count, rows, done) => {
      const below = Array.from({ length: 20 }, (_, at) => `failure ${at} ${'启动失败'.repeat(40)}`);
      const lines = pictureLines(
        { title: 't'.repeat(200), rows: many(count, done), below },
        { columns: 60, rows },
      );
      expect(lines.length).toBeLessThan(rows);
      if (done < count) expect(lines.join('\n')).toContain(`Step ${done} `);
      for (const line of lines) expect(line.replace(/[^\x20-\x7e…]/g, 'xx').length).toBeLessThanOrEqual(60);
    },
  );

  it('says how many rows it leaves out', () => {
    const text = pictureLines({ rows: many(40, 20) }, { columns: 80, rows: 12 }).join('\n');
    const [, above = '', under = ''] = /… (\d+) above are done[\s\S]*… (\d+) more/.exec(text) ?? [];
    expect(Number(above) + Number(under) + (text.match(/Step/g) ?? []).length).toBe(40);
  });
});

describe('progress where nobody draws', () => {
  it('is told a line a change, and what has not begun not at all', () => {
    let told = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      told += String(chunk);
      return true;
    });
    try {
      const progress = createProgress(false);
      const rows = [row(1, { note: 'RUNNING' }), row(2)];
      progress.show({ title: 'changes all the time', rows });
      progress.show({ rows, below: ['it failed'] });
      progress.show({ rows: [row(1, { done: 2 }), row(2)], below: ['it failed'] });
      progress.stop();
    } finally {
      jest.restoreAllMocks();
    }
    expect(told).toBe('  Step 1 0/2 RUNNING\nit failed\n  Step 1 2/2\n');
  });
});
