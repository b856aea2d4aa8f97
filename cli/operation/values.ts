/** From what was typed to the body of a request. */
import { readFileSync } from 'node:fs';
import type { NamedKind } from '../../operations/terminal';
import { secretIn } from '../access/secretInput';
import { type Field, wordFor } from './fields';
import { kebab } from './words';

/** Thrown when what was typed cannot be meant; the message is for the person at the terminal. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** What was typed for a field: several words where it takes a list. */
export type Typed = string | readonly string[] | boolean | undefined;

/** A name that is still to be asked about; `number`: the API wants the id. */
export class Name {
  constructor(
    readonly kind: NamedKind,
    readonly word: string,
    readonly number: boolean,
  ) {}
}

/** A secret that is still to be read. */
export class SecretFile {
  constructor(readonly file: string) {}
}

type Body = Record<string, unknown>;

/**
 * The body, with Names and SecretFiles where something is still to be found out. Fields of `whole` (`--body`) stand where
 * nothing else was typed.
 *
 * @param shared fields of the subject's records that were given once for all of them
 * @throws UsageError
 */
export function bodyOf(
  fields: readonly Field[],
  typed: (field: Field) => Typed,
  { subject, shared = [], whole }: { subject?: Field; shared?: readonly Field[]; whole?: Body },
): Body {
  const body: Body = { ...whole };
  for (const field of fields) {
    const given = typed(field);
    if (given === undefined || (Array.isArray(given) && given.length === 0)) {
      if (field.required && whole === undefined) {
        const only = onlyValue(field);
        if (only === undefined) throw new UsageError(`${shownAs(field, field === subject)} is missing.`);
        put(body, field.path, only);
      }
      continue;
    }
    const common = field === subject ? sharedValues(shared, typed) : {};
    put(body, field.path, valueFor(field, given, common));
  }
  return body;
}

/** What a required field is where there is nothing to choose. */
function onlyValue({ form }: Field): string | false | undefined {
  if (form.kind === 'boolean') return false;
  return form.kind === 'text' && form.choices?.length === 1 ? form.choices[0] : undefined;
}

/** `--sql-port`, or `<proxy...>` of what stands without a flag. */
export function shownAs(field: Field, isSubject = false): string {
  return isSubject ? `<${argumentOf(field)}>` : `--${field.flag}`;
}

/** What stands without a flag, as the help names it. */
export function argumentOf({ path, flag, form, many }: Field): string {
  const head = form.kind === 'record' ? form.fields[0]?.flag : undefined;
  // Of zones, each named by its name: a zone.
  const own = (flag === '' ? path.join('.') : flag).replace(/(?<=[^s])s$/, '');
  const word =
    form.kind === 'named' ? nameOf(form.names) : head === undefined || head === 'name' ? own : head;
  return many ? `${word}...` : word;
}

function nameOf(names: NamedKind): string {
  return names === 'obproxy' || names === 'obServer' ? wordFor(names) : kebab(names);
}

function sharedValues(shared: readonly Field[], typed: (field: Field) => Typed): Body {
  const values: Body = {};
  for (const field of shared) {
    const given = typed(field);
    if (given !== undefined) put(values, field.path, valueFor(field, given, {}));
  }
  return values;
}

function valueFor(field: Field, given: Exclude<Typed, undefined>, common: Body): unknown {
  if (typeof given === 'boolean') return given;
  const words = typeof given === 'string' ? [given] : given;
  const values = words.map((word) => oneOf(field, word, common));
  return field.many ? values : values.at(-1);
}

function oneOf(field: Field, word: string, common: Body): unknown {
  const { form } = field;
  switch (form.kind) {
    case 'text':
      return chosen(field, form.choices, word);
    case 'number':
      if (/^-?\d{1,15}(\.\d+)?$/.test(word)) return Number(word);
      throw new UsageError(`${shownAs(field)} must be a number, not "${word}".`);
    case 'boolean':
      if (/^(true|false)$/.test(word)) return word === 'true';
      throw new UsageError(`${shownAs(field)} must be true or false, not "${word}".`);
    case 'named':
      return new Name(form.names, word, form.number);
    case 'secret':
      return new SecretFile(word);
    case 'pair': {
      const [name, value] = halves(word, `${shownAs(field)} must be name=value, not "${word}".`);
      return { name, value };
    }
    case 'record':
      return recordOf(field, form.fields, word, common);
    case 'json':
      return jsonOf(word, shownAs(field));
  }
}

function chosen(field: Field, choices: readonly string[] | undefined, word: string): string {
  if (choices === undefined) return word;
  const found = choices.find((choice) => choice.toLowerCase() === word.toLowerCase());
  if (found !== undefined) return found;
  throw new UsageError(`${shownAs(field)} must be one of ${choices.join(', ')}, not "${word}".`);
}

function halves(word: string, otherwise: string): [string, string] {
  const mark = word.indexOf('=');
  if (mark < 1) throw new UsageError(otherwise);
  return [word.slice(0, mark), word.slice(mark + 1)];
}

/** `10.0.0.1,sql-port=2883`, or JSON. */
function recordOf(field: Field, fields: readonly Field[], word: string, common: Body): unknown {
  if (word.startsWith('{')) return { ...common, ...(jsonOf(word, shownAs(field)) as Body) };
  const record: Body = { ...common };
  const names = fields.map(({ flag }) => flag).join(', ');
  for (const [index, part] of word.split(',').entries()) {
    const [head] = fields;
    if (index === 0 && head !== undefined && !part.includes('=')) {
      put(record, head.path, valueFor(head, part, {}));
      continue;
    }
    const [name, value] = halves(part, `"${part}" of "${word}" must be name=value; names: ${names}.`);
    const known = fields.find(({ flag, path }) => flag === kebab(name) || path.join('.') === name);
    if (known === undefined) throw new UsageError(`"${word}" has no field ${name}; it takes: ${names}.`);
    const before = known.many ? (record[known.path[0] ?? ''] ?? []) : undefined;
    const given = valueFor(known, value, {});
    // A list inside of a record: named once for each of its elements.
    put(record, known.path, Array.isArray(before) && Array.isArray(given) ? [...before, ...given] : given);
  }
  const missing = fields.find(({ required, path: [name = ''] }) => required && !(name in record));
  if (missing === undefined) return record;
  throw new UsageError(
    `"${word}" lacks ${missing.flag}: give ${word},${missing.flag}=… or --${missing.flag}.`,
  );
}

/** A whole body from a file, `-` standard input. Throws UsageError. */
export function wholeBody(file: string): Body {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`Cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? String(error)}).`);
  }
  const body = jsonOf(text, `--body ${file}`);
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body;
  throw new UsageError(`--body ${file} must hold a JSON object.`);
}

function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The text may hold a secret: of the parser's words only the place is told.
    const place = /position \d+.*/.exec((error as Error).message)?.[0] ?? 'the end';
    throw new UsageError(`${what} is no JSON (at ${place}).`);
  }
}

function put(body: Body, [name, ...rest]: readonly string[], value: unknown): void {
  if (name === undefined) return;
  if (rest.length === 0) body[name] = value;
  else {
    const inner = { ...(body[name] as Body | undefined) };
    put(inner, rest, value);
    body[name] = inner;
  }
}

/** The body with every Name asked about and every SecretFile read. */
export async function settled(
  value: unknown,
  ask: (name: Name) => Promise<number | string>,
): Promise<unknown> {
  if (value instanceof Name) return ask(value);
  if (value instanceof SecretFile) return secretIn(value.file);
  if (Array.isArray(value)) {
    const all: unknown[] = [];
    for (const one of value) all.push(await settled(one, ask));
    return all;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries: [string, unknown][] = [];
  for (const [key, one] of Object.entries(value)) entries.push([key, await settled(one, ask)]);
  return Object.fromEntries(entries);
}
