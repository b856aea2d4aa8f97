/**
 * Lists in answers that are made while they are sent: a task of 2 000 hosts has 42 000 subtasks, 20 MB of JSON, of which no
 * more than a part stands in memory.
 */
import type { Response } from 'express';
import { compresses, gzipInto, sendJsonText } from './compression';

/** Elements that are made, and written, together. */
const PART = 500;

/** A list that is made in parts whenever it is read, the same for each reader. */
export class LazyList<T> {
  readonly length: number;
  /** Elements of one part; the elements of some lists are large themselves. */
  readonly part: number;
  readonly #slice: (from: number, to: number) => readonly T[] | Promise<readonly T[]>;

  /** @param slice makes the elements from index `from` to before index `to`, which is no greater than `length` */
  constructor(
    length: number,
    slice: (from: number, to: number) => readonly T[] | Promise<readonly T[]>,
    part = PART,
  ) {
    this.length = length;
    this.#slice = slice;
    this.part = part;
  }

  static of<T>(whole: readonly T[]): LazyList<T> {
    return new LazyList(whole.length, (from, to) => whole.slice(from, to));
  }

  async *parts(): AsyncGenerator<readonly T[]> {
    for (let from = 0; from < this.length; from += this.part) {
      yield await this.#slice(from, Math.min(this.length, from + this.part));
    }
  }

  /** Undefined beyond its ends. */
  async at(index: number): Promise<T | undefined> {
    return index < 0 || index >= this.length ? undefined : (await this.#slice(index, index + 1))[0];
  }

  /** Needs no waiting when this list needs none. */
  map<U>(change: (element: T) => U): LazyList<U> {
    const changed = (from: number, to: number) => {
      const slice = this.#slice(from, to);
      return slice instanceof Promise ? slice.then((all) => all.map(change)) : slice.map(change);
    };
    return new LazyList(this.length, changed, this.part);
  }

  /** The whole list in memory. */
  async all(): Promise<T[]> {
    const whole: T[] = [];
    for await (const part of this.parts()) whole.push(...part);
    return whole;
  }

  /** The same of a list that needs no waiting. Throws Error when this one does. */
  now(): readonly T[] {
    const whole = this.length === 0 ? [] : this.#slice(0, this.length);
    if (whole instanceof Promise) throw new Error('This list is read from elsewhere: await all()');
    return whole;
  }

  /** Fits into one part. */
  get isShort(): boolean {
    return this.length <= this.part;
  }
}

/** A value whose lists may be lazy, at any depth. */
export type Lazily<T> = T extends readonly (infer E)[]
  ? readonly Lazily<E>[] | LazyList<Lazily<E>>
  : T extends object
    ? { readonly [K in keyof T]: Lazily<T[K]> }
    : T;

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !('toJSON' in value);
}

/** Whether somewhere in a value a list is lazy. Elements of lists are not looked into: those of ours are plain. */
export function isLazy(value: unknown): boolean {
  if (value instanceof LazyList) return true;
  return isPlainObject(value) && !Array.isArray(value) && Object.values(value).some(isLazy);
}

/** The value with its lazy lists made; undefined when one of them has more than one part. */
async function madeWhole(value: unknown): Promise<{ readonly value: unknown } | undefined> {
  if (value instanceof LazyList) return value.isShort ? { value: await value.all() } : undefined;
  if (!isLazy(value) || !isPlainObject(value)) return { value };
  const made: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    const whole = await madeWhole(child);
    if (whole === undefined) return undefined;
    made[key] = whole.value;
  }
  return { value: made };
}

/**
 * The JSON of a value piece by piece, lazy lists a part at a time: together what JSON.stringify would make of the whole.
 *
 * @param indent as JSON.stringify takes it
 */
export async function* jsonPieces(value: unknown, indent = 0, depth = 0): AsyncGenerator<string> {
  if (!isLazy(value)) {
    yield indented(JSON.stringify(value, null, indent) ?? 'null', indent * depth);
    return;
  }
  const newLine = (level: number) => (indent === 0 ? '' : `\n${' '.repeat(indent * level)}`);
  if (value instanceof LazyList) {
    let written = false;
    for await (const part of value.parts()) {
      if (part.length === 0) continue;
      const text = indented(JSON.stringify(part, null, indent), indent * depth);
      // Between the brackets, and without the line end before the last one.
      yield `${written ? ',' : '['}${text.slice(1, text.lastIndexOf(']')).trimEnd()}`;
      written = true;
    }
    yield written ? `${newLine(depth)}]` : '[]';
    return;
  }
  let separator = '{';
  for (const [key, child] of Object.entries(value as Record<string, unknown>)) {
    if (child === undefined) continue;
    yield `${separator}${newLine(depth + 1)}${JSON.stringify(key)}:${indent === 0 ? '' : ' '}`;
    yield* jsonPieces(child, indent, depth + 1);
    separator = ',';
  }
  yield `${newLine(depth)}}`;
}

/** Texts in JSON hold no line ends, so every line end is one between values. */
function indented(text: string, by: number): string {
  return by === 0 ? text : text.replaceAll('\n', `\n${' '.repeat(by)}`);
}

/** Resolves to false when the client has gone, else as soon as the connection takes more. */
export async function taken(response: {
  readonly destroyed: boolean;
  readonly writableNeedDrain: boolean;
  on(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
}): Promise<boolean> {
  if (!response.destroyed && response.writableNeedDrain) {
    await new Promise<void>((resolve) => {
      const done = () => {
        response.off('drain', done);
        response.off('close', done);
        resolve();
      };
      response.on('drain', done);
      response.on('close', done);
    });
  }
  return !response.destroyed;
}

/**
 * Answers a value as JSON: at once when it has no long lazy list, else piece by piece, as fast as the client takes it.
 * What goes wrong in the making of a list after the first piece was sent breaks the connection off.
 */
export async function sendJson(response: Response, value: unknown): Promise<void> {
  const whole = await madeWhole(value);
  if (whole !== undefined) {
    await sendJsonText(response, JSON.stringify(whole.value));
    return;
  }
  response.type('json');
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  const out = compresses(response) ? gzipInto(response, 'body') : response;
  for await (const piece of jsonPieces(value)) {
    out.write(piece);
    if (!(await taken(out))) return;
    // Other requests wait while a part is made.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  out.end();
}
