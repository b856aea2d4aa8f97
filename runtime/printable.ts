/**
 * What a terminal obeys instead of showing it (C0 and C1 controls, DEL), what begins a new line although it is no line
 * feed (U+2028, U+2029), what reverses text that follows, and what cannot be seen.
 */
const UNPRINTABLE = /(?![\t\n])[\p{Cc}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/**
 * The text with every such character written as JSON would write it, `\u001b`: for texts of hosts, databases and
 * strangers that people read on terminals and in logs. Tabs and line feeds stay. JSON stays JSON.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
