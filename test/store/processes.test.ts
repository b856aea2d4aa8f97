import { longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { onEveryDatabase } from './databases';
import { killed, startProcesses, type Worker } from './processes';

const { start: worker } = startProcesses();

async function together(...workers: Worker[]): Promise<unknown[][]> {
  for (const each of workers) each.go();
  return Promise.all(workers.map((each) => each.ended()));
}

onEveryDatabase(
  'Processes on one database',
  (on) => {
    test('Two that open an empty one at once both find it ready, with one master key', async () => {
      const place = await on.place();
      const outputs = await together(
        await worker('open', place),
        await worker('open', place),
        await worker('open', place),
      );
      expect(outputs).toEqual([['opened'], ['opened'], ['opened']]);
      const store = await on.open(place);
      expect(await store.sequences.next('task')).toBe(1);
    });

    test('Of two that take one lock one gets it, and the other is told who has it', async () => {
      const place = await on.place();
      await on.open(place);
      const [one, two] = await together(await worker('take', place, '1'), await worker('take', place, '2'));
      const winner = one?.[0] === 'taken' ? 1 : 2;
      const loser = winner === 1 ? two : one;
      expect([one, two]).toContainEqual(['taken']);
      expect(loser).toEqual([{ resource: 'host/1', taskId: winner }]);
    });

    test('Two that insert 300 rows each lose none', async () => {
      const place = await on.place();
      const store = await on.open(place);
      expect(await together(await worker('insert', place, 'a'), await worker('insert', place, 'b'))).toEqual([
        ['done'],
        ['done'],
      ]);
      const lines = (await store.tasks.readLog(1, 1)).map((line) => line.text);
      for (const name of ['a', 'b']) {
        const own = lines.filter((text) => text.startsWith(name));
        expect(own).toEqual(Array.from({ length: 300 }, (_, number) => `${name} ${number}`));
      }
    });

    test('A writer killed at any moment loses nothing it was told is stored, and blocks nobody', async () => {
      const place = await on.place();
      const acknowledged: number[] = [];
      for (const rows of [1, 12, 45]) {
        const writer = await worker('write', place);
        writer.go();
        await until(`${rows} rows`, () => writer.printed.length >= rows);
        await killed(writer.child);
        await writer.ended();
        acknowledged.push(...(writer.printed as number[]));
        const store = await on.open(place);
        const { totalElements } = await store.tasks.list({}, { page: 1, size: 1 });
        for (const id of acknowledged) expect(await store.locks.holder(`task/${id}`)).toBe(id);
        expect(new Set(acknowledged).size).toBe(acknowledged.length);
        // At most the one row that was stored but not told yet, for each writer killed.
        expect(totalElements - acknowledged.length).toBeLessThanOrEqual(3);
        await store.sequences.next('subtask');
      }
    });
  },
  longRunOnly(),
);
