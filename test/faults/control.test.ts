import { until } from '../support/until';
import { Control, type Stop } from './control';
import type { Point } from './points';

const point = (subtaskId: number): Point => ({
  ...{ taskId: 1, subtaskId, activity: 'StartNode', run: 1, attempt: 1 },
  ...{ index: 0, kind: 'before', what: 'StartNode' },
});

describe('stops of one run', () => {
  let control: Control;

  beforeEach(async () => {
    control = await Control.start();
  });
  afterEach(() => control.stop());

  async function passes(subtaskId: number, signal?: AbortSignal): Promise<string> {
    const answer = await fetch(control.url, {
      method: 'POST',
      body: JSON.stringify(point(subtaskId)),
      ...(signal === undefined ? {} : { signal }),
    });
    return answer.text();
  }

  /** Aims at two subtasks, of which the first has stopped and the second waits before its stop. */
  async function twoAims(signal?: AbortSignal) {
    const stops: Stop[] = [];
    for (const subtaskId of [7, 8]) {
      void control.stopAt({ subtaskId, index: 0 }).then((stop) => stops.push(stop));
    }
    const first = passes(7);
    await until('the first stop', () => stops.length === 1);
    const second = passes(8, signal).catch(() => 'gone');
    await until('the second execution', () => control.points.length === 2);
    return { stops, first, second };
  }

  test('the second comes when the first is over, however long its execution has waited', async () => {
    const { stops, first, second } = await twoAims();
    stops[0]?.release();
    expect(await first).toBe('go');
    expect(await passes(9)).toBe('go');
    expect(stops.map((stop) => stop.point.subtaskId)).toEqual([7]);
    stops[0]?.over();
    await until('the second stop', () => stops.length === 2);
    expect(stops[1]?.point.subtaskId).toBe(8);
    stops[1]?.release('fail');
    expect(await second).toBe('fail');
  });

  test('an execution that dies while it waits leaves its stop to the next attempt', async () => {
    const worker = new AbortController();
    const { stops, first, second } = await twoAims(worker.signal);
    worker.abort();
    expect(await second).toBe('gone');
    // The other end has seen it, too, when it answers a later one.
    expect(await passes(9)).toBe('go');
    stops[0]?.over();
    const again = passes(8);
    await until('the second stop', () => stops.length === 2);
    for (const stop of stops) stop.release();
    expect(await Promise.all([first, again])).toEqual(['go', 'go']);
  });
});
