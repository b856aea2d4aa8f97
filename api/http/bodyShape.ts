/**
 * What a body may look like before anybody asks what it means. Schemas look at every element of a list, and repeat
 * the path of every fault: a megabyte of `{},{},…` would keep the process busy for seconds and fill the answer.
 */

import { Refusal } from '../../operations/refusal';
import { MOST_HOSTS } from '../../operations/schemas';
import { say } from '../../runtime/messages/catalogue';
import type { Said, Text } from '../../workflows/text';

/** Deeper than any documented body; half a million levels fit into a megabyte, and recursion ends long before. */
const MAX_DEPTH = 20;
/** The longest list is one of hosts. */
const MAX_ENTRIES = MOST_HOSTS;
/** Fields and entries in all. */
const MAX_VALUES = 50_000;
/** NUL, which PostgreSQL cannot store, and halves of characters, which become others on their way. */
const NO_TEXT = /\0|\p{Surrogate}/u;

/** `obLinks[0].clusterName`. */
export function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, key) =>
      typeof key === 'number' ? `${name}[${key}]` : `${name}${name === '' ? '' : '.'}${String(key)}`,
    '',
  );
}

/** A field and what is wrong with it; the whole request when it has no name. */
export function faultAt(field: string, fault: Said): Text {
  return field === '' ? say('body.fault', { fault }) : say('field.fault', { field, fault });
}

function refused(path: readonly PropertyKey[], message: Text): Refusal {
  const field = fieldName(path).slice(0, 200);
  return new Refusal(400, 'COM10001', say('request.faults', { faults: faultAt(field, message) }), {
    subErrors: [{ field, message }],
  });
}

/**
 * The body without its null fields: one that is null is an absent one, for many clients send every field they know;
 * entries of lists stay. Throws Refusal COM10001 when it is too deep, a list or the whole is too long, or a text is none.
 */
export function plainBody(body: unknown): unknown {
  const path: PropertyKey[] = [];
  let values = 0;
  const plain = (value: unknown): unknown => {
    values += 1;
    if (values > MAX_VALUES) throw refused([], say('holds.tooMany', { limit: MAX_VALUES }));
    if (typeof value === 'string') {
      if (NO_TEXT.test(value)) throw refused(path, say('must.notHoldHalves'));
      return value;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (path.length >= MAX_DEPTH) throw refused(path, say('is.tooDeep', { limit: MAX_DEPTH }));
    if (Array.isArray(value)) {
      if (value.length > MAX_ENTRIES) throw refused(path, say('must.entriesAtMost', { limit: MAX_ENTRIES }));
      return value.map((entry, index) => within(index, entry));
    }
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, field]) => (field === null ? [] : [[key, within(key, field)]])),
    );
  };
  const within = (key: PropertyKey, value: unknown): unknown => {
    path.push(key);
    const result = plain(value);
    path.pop();
    return result;
  };
  return plain(body);
}
