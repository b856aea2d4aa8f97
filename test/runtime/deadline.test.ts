import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { unlessAborted, withDeadline } from '../../runtime/deadline';

setFlagsFromString('--expose_gc');
const gc = runInNewContext('gc') as () => void;

const aborted = (signal: AbortSignal) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('a deadline', () => {
  it('comes although nobody but the work holds its signal, and garbage was collected', async () => {
    const outer = new AbortController();
    let late = false;
    const work = withDeadline(200, outer.signal, async (signal, passed) => {
      try {
        await aborted(signal);
      } finally {
        late = passed();
      }
    });
    const collect = setInterval(gc, 20);
    await expect(work).rejects.toMatchObject({ name: 'TimeoutError' });
    clearInterval(collect);
    expect(late).toBe(true);
  });

  it('is not what ended the work when the caller did', async () => {
    const reason = new Error('cancelled');
    let late = true;
    const work = withDeadline(60_000, AbortSignal.abort(reason), async (signal, passed) => {
      late = passed();
      signal.throwIfAborted();
    });
    await expect(work).rejects.toBe(reason);
    expect(late).toBe(false);
    const outer = new AbortController();
    const later = withDeadline(60_000, outer.signal, aborted);
    outer.abort(reason);
    await expect(later).rejects.toBe(reason);
  });

  it('leaves neither timer nor listener when the work is done', async () => {
    const outer = new AbortController();
    const removed = jest.spyOn(outer.signal, 'removeEventListener');
    expect(await withDeadline(60_000, outer.signal, async () => 1)).toBe(1);
    expect(removed).toHaveBeenCalledWith('abort', expect.any(Function));
  });
});

test('what takes no signal is waited for until it aborts', async () => {
  const outer = new AbortController();
  const never = unlessAborted(new Promise(() => undefined), outer.signal);
  outer.abort(new Error('cancelled'));
  await expect(never).rejects.toThrow('cancelled');
  expect(await unlessAborted(Promise.resolve(1), new AbortController().signal)).toBe(1);
  expect(await unlessAborted(Promise.resolve(2), undefined)).toBe(2);
});
