/** Ranges of parameters as OBProxy and OceanBase write them: `[1,4]`, `(1024,65536)`, `[0,)`, `[0, +∞]`. */

export interface Bound {
  readonly text: string;
  readonly included: boolean;
}

export interface Range {
  /** Undefined: unlimited. */
  readonly min: Bound | undefined;
  readonly max: Bound | undefined;
}

/** Undefined for a text that is none. */
export function rangeOf(text: string): Range | undefined {
  const match = /^\s*([[(])([^,[\]()]*),([^,[\]()]*)([\])])\s*$/.exec(text);
  if (match === null) return undefined;
  const bound = (value: string | undefined, included: boolean): Bound | undefined => {
    const said = (value ?? '').trim();
    return said === '' || /∞|inf/i.test(said) ? undefined : { text: said, included };
  };
  return { min: bound(match[2], match[1] === '['), max: bound(match[3], match[4] === ']') };
}

/** Whether a size lies outside; a bound that `sizeOf` makes nothing of is none. */
export function isOutside(
  { min, max }: Range,
  size: number,
  sizeOf: (text: string) => number | undefined,
): boolean {
  const [from, to] = [min, max].map((bound) => bound && sizeOf(bound.text));
  if (from !== undefined && (min?.included === true ? size < from : size <= from)) return true;
  return to !== undefined && (max?.included === true ? size > to : size >= to);
}
