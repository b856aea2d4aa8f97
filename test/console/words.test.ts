import { openApiDocument } from '../../api/openapi/document';
import type { ApiServices } from '../../api/route';
import { allRoutes } from '../../api/routes';
import { choiceOf } from '../../console/model/choice';
import {
  type FormField,
  fieldsOf,
  type JsonSchema,
  type OpenApi,
  operationsOf,
  plain,
  resolved,
} from '../../console/model/schema';
import { FIELD_NAMES, OPERATION_NAMES } from '../../console/words/fields';
import { ANSWER_NAMES, HELPS, OPERATION_TEXTS, VALUES } from '../../console/words/formsInChinese';
import { WORDS } from '../../console/words/table';

/** In the place of services: routes are declared, and never asked. */
const NOTHING: ApiServices = new Proxy({} as ApiServices, { get: () => NOTHING });

describe('words', () => {
  const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

  test('exist in both languages, with the same arguments', () => {
    const wrong = Object.entries(WORDS).filter(
      ([, [english, chinese]]) => chinese.length === 0 || places(english).join() !== places(chinese).join(),
    );
    expect(wrong.map(([key]) => key)).toEqual([]);
    for (const [english, chinese] of [...Object.values(FIELD_NAMES), ...Object.values(OPERATION_NAMES)]) {
      expect(`${english}${chinese}`).not.toBe('');
    }
  });

  const document = openApiDocument(allRoutes(NOTHING), 'x') as unknown as OpenApi;
  const offered = operationsOf(document);

  test('name every operation that pages offer, and say in Chinese what it does', () => {
    const missing = offered.flatMap(({ id, summary }) => [
      ...(OPERATION_NAMES[id] === undefined ? [`OPERATION_NAMES: ${id} // ${summary}`] : []),
      ...(OPERATION_TEXTS[id] === undefined ? [`OPERATION_TEXTS: ${id} // ${summary}`] : []),
    ]);
    // Add these lines to console/words/fields.ts and console/words/operations.ts.
    expect(missing).toEqual([]);
    const ids = offered.map(({ id }) => id);
    expect(Object.keys({ ...OPERATION_NAMES, ...OPERATION_TEXTS }).filter((id) => !ids.includes(id))).toEqual(
      [],
    );
  });

  /** What forms show of these, each once. */
  const shownIn = (what: (field: FormField) => readonly string[]) => [
    ...new Set(offered.flatMap(({ body, query }) => [...shownOf(body), ...shownOf(query)]).flatMap(what)),
  ];
  const known = (table: object) => (text: string) => Object.hasOwn(table, text);
  /** Of texts without Chinese, the lines to add. */
  const lines = (table: object, texts: readonly string[]) =>
    texts.filter((text) => !known(table)(text)).map((text) => `${JSON.stringify(text)}: '',`);

  test('name every field of a form', () => {
    // Add them to FIELD_NAMES in console/words/fields.ts.
    const names = shownIn(({ name }) => (/^\d+$/.test(name) ? [] : [name]));
    expect(names.length).toBeGreaterThan(50);
    expect(lines(FIELD_NAMES, names)).toEqual([]);
  });

  test('say in Chinese every help of a form, and nothing that no form says', () => {
    const helps = shownIn(({ schema: { description = '' } }) => (description === '' ? [] : [description]));
    expect(helps.length).toBeGreaterThan(50);
    // Add these lines to HELPS in console/words/helps.ts; take the others away.
    expect(lines(HELPS, helps)).toEqual([]);
    expect(Object.keys(HELPS).filter((text) => !helps.includes(text))).toEqual([]);
  });

  test('say in Chinese every value that a form lets choose', () => {
    const values = shownIn(({ schema }) => (schema.enum ?? []).map(String));
    // Add these lines to VALUES in console/words/formsInChinese.ts; take the others away.
    expect(lines(VALUES, values)).toEqual([]);
    expect(Object.keys(VALUES).filter((value) => !values.includes(value))).toEqual([]);
  });

  test('name in Chinese every field of an answer that stays to be read', () => {
    const answers = offered.flatMap(({ path, method }) => {
      const { responses } = document.paths[path]![method.toLowerCase()] as unknown as Answers;
      const answer = resolved(responses[200]?.content?.['application/json']?.schema ?? {}, document);
      const names = everyNameIn(plain(answer.properties?.data ?? {}));
      return names.some((name) => /^(sub)?tasks$/.test(name)) ? [] : names;
    });
    const names = [...new Set(answers)].filter((name) => !known(FIELD_NAMES)(name));
    expect(names.length).toBeGreaterThan(20);
    // Add these lines to ANSWER_NAMES in console/words/formsInChinese.ts; take the others away.
    expect(lines(ANSWER_NAMES, names)).toEqual([]);
    expect(Object.keys(ANSWER_NAMES).filter((name) => !names.includes(name))).toEqual([]);
  });

  test('are Chinese where they are to be', () => {
    const chinese = [...Object.values(HELPS), ...Object.values(OPERATION_TEXTS)];
    expect(chinese.filter((text) => !/\p{Script=Han}/u.test(text))).toEqual([]);
  });
});

interface Answers {
  readonly responses: Readonly<
    Record<number, { readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>> }>
  >;
}

/** All fields that a form of this schema shows, as console/wizard/formField.tsx does; elements of a list are called 1. */
function shownOf(schema: JsonSchema = {}): FormField[] {
  return fieldsOf(plain(schema)).flatMap((field) => [field, ...shownBelow(field)]);
}

function shownBelow({ name, schema }: FormField): FormField[] {
  if (choiceOf(name, schema) !== undefined) return [];
  if (schema.type !== 'array') return shownOf(schema);
  const element = { name: '1', schema: schema.items ?? {}, required: true };
  return [element, ...shownBelow(element)];
}

/** Names of all fields of an answer. */
function everyNameIn(schema: JsonSchema): string[] {
  const { items, anyOf = [], properties = {} } = schema;
  return [
    ...(items === undefined ? [] : everyNameIn(items)),
    ...anyOf.flatMap(everyNameIn),
    ...Object.entries(properties).flatMap(([name, part]) => [name, ...everyNameIn(part)]),
  ];
}
