import { ownTurn } from '../../runtime/ownTurn';

/** Keeps the loop for so many milliseconds. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('A turn of the event loop of one’s own', () => {
  const PIECES = 20;
  const PIECE_MS = 10;

  it('lets timers in between what comes up together, in the order in which it came', async () => {
    const order: number[] = [];
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    await Promise.all(
      Array.from({ length: PIECES }, async (_, piece) => {
        await ownTurn();
        order.push(piece);
        work(PIECE_MS);
      }),
    );
    clearInterval(timer);
    expect(order).toEqual(Array.from({ length: PIECES }, (_, piece) => piece));
    expect(ticks).toBeGreaterThanOrEqual(PIECES - 2);
  });

  it('comes at once where nobody has it', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    const seen: string[] = [];
    setImmediate(() => seen.push('the loop went on'));
    await ownTurn();
    seen.push('had it');
    await ownTurn();
    seen.push('had it again');
    expect(seen).toEqual(['had it', 'the loop went on', 'had it again']);
  });
});
