/**
 * One word of a POSIX shell command: whatever `value` holds, the shell sees it as one literal argument.
 * The only place of obflow that quotes shell words. Throws RangeError on a NUL byte, which no argument of a
 * Linux process can hold.
 */
export function quote(value: string): string {
  if (value.includes('\0')) throw new RangeError('A shell word cannot hold a NUL byte.');
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(value)) return value;
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
