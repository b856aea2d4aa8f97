import { TransientError } from '../../runtime/errors';
import { longRunOnly } from '../support/skip';
import { onEveryDatabase } from './databases';

onEveryDatabase(
  'The write lock',
  (on) => {
    test('A writer that waits too long gives up with a transient error, and everything works afterwards', async () => {
      const place = await on.place();
      const [holder, waiter] = [await on.open(place), await on.open(place)];
      let free: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        free = resolve;
      });
      let holding: Promise<void> = Promise.resolve();
      await new Promise<void>((resolve) => {
        holding = holder.transaction(() => {
          resolve();
          return held;
        });
      });
      let turns = 0;
      const clock = setInterval(() => {
        turns += 1;
      }, 10);
      const error = await waiter
        .transaction(async (inside) => inside.sequences.next('task'))
        .catch((reason: unknown) => reason);
      clearInterval(clock);
      free();
      await holding;
      expect(error).toBeInstanceOf(TransientError);
      expect(error).toMatchObject({ type: 'DatabaseBusy' });
      // Meanwhile this process went on with its other work.
      expect(turns).toBeGreaterThan(100);
      expect(await waiter.transaction(async (inside) => inside.sequences.next('task'))).toBe(1);
      expect(await holder.sequences.next('task')).toBe(2);
    });
  },
  longRunOnly(),
);
