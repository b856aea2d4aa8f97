import { pauseAfter } from '../../activities/lookPauses';

test('a wait that asks by SQL is a twentieth of it late, a tenth of a second at the least and a second at most', () => {
  expect([0, 1_000, 2_000].map((waited) => pauseAfter(waited))).toEqual([100, 100, 100]);
  expect([10_000, 20_000, 600_000].map((waited) => pauseAfter(waited))).toEqual([500, 1_000, 1_000]);
  expect(pauseAfter(600_000, 5_000)).toBe(5_000);
});
