/**
 * What a body may look like before anybody asks what it means. Schemas look at every element of a list, and repeat
 * the path of every fault: a megabyte of `{},{},…` would keep the process busy for seconds and fill the answer.
 */
import { Refusal } from '../../operations/refusal';
import { MOST_HOSTS } from '../../operations/schemas';

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

function refused(path: readonly PropertyKey[], message: string): Refusal {
  const field = fieldName(path).slice(0, 200);
  const subject = field === '' ? 'the request' : field;
  return new Refusal(400, 'COM10001', `The request cannot be accepted: ${subject} ${message}.`, {
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
    if (values > MAX_VALUES) throw refused([], `holds more than ${MAX_VALUES} values`);
    if (typeof value === 'string') {
      if (NO_TEXT.test(value)) throw refused(path, 'must not hold NUL or halves of characters (surrogates)');
      return value;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (path.length >= MAX_DEPTH) throw refused(path, `is nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(value)) {
      if (value.length > MAX_ENTRIES) throw refused(path, `must have at most ${MAX_ENTRIES} entries`);
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
