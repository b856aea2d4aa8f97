/** Zones by priority, as OceanBase writes them: `z1,z2;z3` has two of the highest priority and one of the next. Pure. */

/** The zones of each priority, the highest first; [] for '' and RANDOM. */
export function primaryZones(text: string): readonly (readonly string[])[] {
  if (text.trim() === '' || /^random$/i.test(text.trim())) return [];
  return text.split(';').map((part) => part.split(',').map((name) => name.trim()));
}

/** Within one priority the order says nothing. */
export function samePrimaryZone(one: string, other: string): boolean {
  const plain = (text: string) =>
    primaryZones(text)
      .map((names) => [...names].sort().join(','))
      .join(';');
  return plain(one) === plain(other);
}
