/**
 * Texts for people, in both languages of the OCP documentation: a key and its arguments travel beside the English text,
 * so that who shows it can say it in the other language. Pure, and without imports: workflows use it as well.
 */

/** What stands for `{name}` in a text. Texts of a list follow each other with semicolons. Never a secret. */
export type Value = string | number | Text | readonly Said[];

/** A text without the English, as it is stored. */
export interface Keyed {
  readonly key: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface Text extends Keyed {
  readonly args: Readonly<Record<string, Value>>;
  readonly en: string;
}

/** A text of the catalogue, or one that only exists in English. */
export type Said = string | Text;

/** The same text in English and in Chinese; both name the same arguments as `{name}`. */
export type Pair = readonly [en: string, zh: string];

type Names<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
/** The arguments of a text: none, or an object with a value for each name in its English. */
export type ArgumentsOf<T extends string> = [Names<T>] extends [never]
  ? []
  : [args: Readonly<Record<Names<T>, Value>>];

/** Makes texts of its pairs; a key that is not there, or arguments that do not fit its text, do not compile. */
export type Sayer<P extends Readonly<Record<string, Pair>>, R = Text> = <K extends keyof P & string>(
  key: K,
  ...args: ArgumentsOf<P[K][0]>
) => R;

export function sayer<const P extends Readonly<Record<string, Pair>>>(pairs: P): Sayer<P> {
  return (key, ...[args = {}]) => ({
    key,
    args,
    en: filled(pairs[key]?.[0] ?? key, args, english) ?? key,
  });
}

function english(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(english).join('; ');
  return typeof value === 'object' && value !== null && 'en' in value ? String(value.en) : String(value);
}

/** The template with its `{name}`s filled in; undefined when a value is missing, or `shown` knows no word for it. */
export function filled(
  template: string,
  args: Readonly<Record<string, unknown>>,
  shown: (value: unknown) => string | undefined,
): string | undefined {
  let complete = true;
  const text = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(args, name) ? shown(args[name]) : undefined;
    complete &&= value !== undefined;
    return value ?? '';
  });
  return complete ? text : undefined;
}

/** The English of it. */
export function inEnglish(said: Said): string {
  return typeof said === 'string' ? said : said.en;
}

/** Key and arguments alone, as they are stored beside the English; texts among the arguments likewise. */
export function keyed({ key, args }: Keyed): Keyed {
  const bare = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(bare);
    return isKeyed(value) ? keyed(value) : value;
  };
  return { key, args: Object.fromEntries(Object.entries(args).map(([name, value]) => [name, bare(value)])) };
}

/** A stored text beside its English. */
export function asText({ key, args }: Keyed, en: string): Text {
  return { key, args: args as Text['args'], en };
}

/** Whether this is a key with arguments: what is stored may have been written by another release. */
export function isKeyed(value: unknown): value is Keyed {
  if (typeof value !== 'object' || value === null || !('key' in value) || !('args' in value)) return false;
  return typeof value.key === 'string' && typeof value.args === 'object' && value.args !== null;
}
