/** Pauses before look number `n`, from 0: short at first, because what starts is soon there, then patient. Milliseconds. */
export function lookPauses(firstMs: number, lastMs: number): (n: number) => number {
  return (n) => Math.min(firstMs * 1.5 ** n, lastMs);
}
