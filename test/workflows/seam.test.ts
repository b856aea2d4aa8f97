import { seamIsDue } from '../../workflows/interpreter/seam';

const at = (historyLength: number, continueAsNewSuggested = false) => ({
  historyLength,
  continueAsNewSuggested,
});

describe('a seam', () => {
  it('is due at the limit, by default 10 000 events, and whenever Temporal suggests it', () => {
    expect([at(9_999), at(10_000), at(4_096, true)].map((info) => seamIsDue(info))).toEqual([
      false,
      true,
      true,
    ]);
    expect([at(49), at(50)].map((info) => seamIsDue(info, 50))).toEqual([false, true]);
    expect(seamIsDue(at(4_096, true), 40_000)).toBe(true);
  });

  it('that was given up lets the task go on until there are so many more events, whatever Temporal suggests', () => {
    expect(seamIsDue(at(4_200, true), undefined, 5_096)).toBe(false);
    expect(seamIsDue(at(60), 50, 1_060)).toBe(false);
    expect(seamIsDue(at(5_096, true), undefined, 5_096)).toBe(true);
  });
});
