/**
 * Text from elsewhere inside the markdown that Temporal's Web UI renders (2.54, observed: raw HTML included, and handed
 * to the renderer in a URL). Lengths are those of the percent-encoded text, because that is what gets too long.
 */

/** One line, every character standing for itself; a cut shows as "…". */
export function line(text: string, room = 600): string {
  return fitted(text.replaceAll(/\s+/g, ' ').trim(), room, escaped);
}

/** A block quote that keeps the text's lines. */
export function quote(text: string, room: number): string {
  const lines = text.trim().replaceAll(/\s*\n\s*/g, '\n');
  return `> ${fitted(lines, room, (part) => escaped(part).replaceAll('\n', '\n> '))}`;
}

/** Length after encodeURIComponent, or a little more; that function itself throws on halves of surrogate pairs. */
export function encodedLength(text: string): number {
  const ascii = text.replaceAll(/[^\0-\x7f]/g, '');
  const plain = ascii.replaceAll(/[^\w.!~*'()-]/g, '').length;
  return plain + (ascii.length - plain) * 3 + (text.length - ascii.length) * 9;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|~&!]/g, '\\$&');
}

function fitted(text: string, room: number, render: (part: string) => string): string {
  const whole = render(text);
  if (whole.length * 9 <= room || encodedLength(whole) <= room) return whole;
  let result = '';
  let left = room - encodedLength('…');
  for (const character of text) {
    // Half of a surrogate pair would stop the Web UI from showing anything.
    const part = /[\ud800-\udfff]/.test(character) && character.length === 1 ? '\ufffd' : render(character);
    left -= encodedLength(part);
    if (left < 0) return `${result}…`;
    result += part;
  }
  return result;
}
