/** Text from elsewhere inside the markdown that Temporal's Web UI renders, raw HTML included (2.54, observed). */

/** Every character that means something in markdown stands for itself; line ends stay. */
export function escaped(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|~&!]/g, '\\$&');
}

/** One line of at most `length` characters, escaped; a cut shows as "…". */
export function line(text: string, length = 200): string {
  return escaped(cut(text.replaceAll(/\s+/g, ' ').trim(), length));
}

/** A block quote that keeps the text's lines. */
export function quote(text: string, length: number): string {
  return cut(text.trim(), length)
    .split(/\s*\n/)
    .map((part) => `> ${escaped(part)}`)
    .join('\n');
}

function cut(text: string, length: number): string {
  // Half of a surrogate pair would stop the Web UI from showing anything.
  return text.length > length ? `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…` : text;
}
