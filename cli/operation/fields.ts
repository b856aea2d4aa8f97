/** From the zod schema of an operation's body to what can be given for it at a terminal. Pure. */
import { z } from 'zod';
import { AT_TERMINAL, type NamedKind } from '../../operations/terminal';
import type { CatalogueEntry } from '../../operations/types';
import { kebab } from './words';

/** In which form one value is given. */
export type Form =
  | { readonly kind: 'text'; readonly choices?: readonly string[] }
  | { readonly kind: 'number' }
  | { readonly kind: 'boolean' }
  /** A name; `number`: the API wants the id, else a text (the file name of a package). */
  | { readonly kind: 'named'; readonly names: NamedKind; readonly number: boolean }
  /** Given in a file. */
  | { readonly kind: 'secret' }
  /** `name=value`. */
  | { readonly kind: 'pair' }
  /** `first,other=value`; the first field that is required may stand without its name. */
  | { readonly kind: 'record'; readonly fields: readonly Field[] }
  | { readonly kind: 'json' };

/** One field of a body. */
export interface Field {
  /** Where it stands in the body (of a record's field: in the record). */
  readonly path: readonly string[];
  /** Without the dashes. */
  readonly flag: string;
  readonly form: Form;
  /** It takes a list. */
  readonly many: boolean;
  readonly required: boolean;
  readonly description: string;
  readonly byDefault?: unknown;
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly description?: string;
  readonly default?: unknown;
  readonly names?: NamedKind;
}

/** Flags that every command of an operation has. */
export const TAKEN: ReadonlySet<string> = new Set([
  'output',
  'help',
  'version',
  'watch',
  'dry-run',
  'look',
  'body',
]);
const SECRET = /passw|passphrase|secret/i;
/** What the command sees to itself. */
const OWN = new Set(['clientToken']);
/** Ids by the name that the API gives their field, where their schema does not say whose they are. */
const BY_NAME: readonly (readonly [name: RegExp, names: NamedKind])[] = [
  [/^host(Ids?|IdList)$/, 'host'],
  [/^credentialId$/, 'credential'],
  [/^idcId$/, 'idc'],
  [/^typeId$/, 'hostType'],
  [/^obproxy(Server)?Ids?$/, 'obproxy'],
];
/** Whose ids stand in a path, by what stands before them. */
const BY_PATH: readonly (readonly [before: RegExp, names: NamedKind])[] = [
  [/\/obproxy\/clusters\/$/, 'obproxyCluster'],
  [/\/ob\/clusters\/$/, 'obCluster'],
  [/\/ob\/clusters\/\{\w+\}\/servers\/$/, 'obServer'],
  [/\/hosts\/$/, 'host'],
  [/\/software-packages\/$/, 'package'],
  [/\/credentials\/$/, 'credential'],
];

/** A parameter of the path, as `{id}` of `/api/v2/obproxy/clusters/{id}`. */
export interface PathField {
  readonly name: string;
  /** What the help calls it. */
  readonly word: string;
  /** Undefined: taken as it is. */
  readonly names: NamedKind | undefined;
}

export function pathFields({ path }: Pick<CatalogueEntry, 'path'>): PathField[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(({ 1: name = '', index }) => {
    const names = BY_PATH.find(([before]) => before.test(path.slice(0, index)))?.[1];
    return { name, names, word: names === undefined ? kebab(name) : wordFor(names) };
  });
}

/** `proxy` for an OBProxy, as the help calls it. */
export function wordFor(names: NamedKind): string {
  if (names === 'obproxy') return 'proxy';
  if (names === 'obServer') return 'server';
  if (names === 'obproxyCluster' || names === 'obCluster') return 'cluster';
  return kebab(names);
}

/** The fields of a body; those of an object in it stand beside its own. Empty for a body that is no object. */
export function bodyFields(body: z.ZodType | undefined): Field[] {
  if (body === undefined) return [];
  const schema = z.toJSONSchema(body, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const names = AT_TERMINAL.get(zodSchema)?.names;
      if (names !== undefined) Object.assign(jsonSchema, { names });
      const { wire } = jsonSchema as { wire?: object };
      if (wire !== undefined) Object.assign(jsonSchema, { anyOf: undefined }, wire);
    },
  }) as JsonSchema;
  return distinct(fieldsOf(schema, [], true));
}

/** Of whom a list is what a command of this noun is about. */
const ABOUT: Readonly<Record<string, NamedKind>> = { proxy: 'obproxy', ob: 'obServer' };

/** What the operation is about, which is given without a flag: the list, or else the name, that it cannot do without. */
export function subjectOf(fields: readonly Field[], noun: string): Field | undefined {
  const about = ABOUT[noun];
  return (
    fields.find(({ many, form }) => many && form.kind === 'named' && form.names === about) ??
    fields.find(({ many, required, path }) => many && required && path.length === 1) ??
    fields.find(({ many, required, path: [name] }) => !many && required && name === 'name')
  );
}

function fieldsOf(schema: JsonSchema, at: readonly string[], needed: boolean): Field[] {
  const { properties, required } = objectOf(schema);
  return Object.entries(properties).flatMap(([name, raw]): Field[] => {
    const property = plain(raw);
    const { description = '', default: byDefault } = { ...property, ...raw };
    // Two spellings of one field: the other one will do.
    if (OWN.has(name) || /^the same as /i.test(description)) return [];
    const path = [...at, name];
    const isRequired = needed && required.has(name) && byDefault === undefined;
    if (isObject(property)) return fieldsOf(property, path, isRequired);
    const many = property.type === 'array';
    const form = formOf(
      name,
      property,
      many && property.items !== undefined ? plain(property.items) : property,
    );
    return [
      {
        ...{ path, form, many, description, required: isRequired },
        flag: flagOf(name, form, many),
        ...(byDefault === undefined ? {} : { byDefault }),
      },
    ];
  });
}

function formOf(name: string, { names: declared }: JsonSchema, value: JsonSchema): Form {
  const names = declared ?? value.names ?? BY_NAME.find(([pattern]) => pattern.test(name))?.[1];
  const choices = (value.enum ?? [value.const]).filter((choice) => typeof choice === 'string');
  if (names !== undefined) return { kind: 'named', names, number: value.type === 'integer' };
  if (value.type === 'string') {
    if (SECRET.test(name)) return { kind: 'secret' };
    return choices.length === 0 ? { kind: 'text' } : { kind: 'text', choices };
  }
  if (value.type === 'integer' || value.type === 'number') return { kind: 'number' };
  if (value.type === 'boolean') return { kind: 'boolean' };
  if (!isObject(value)) return { kind: 'json' };
  const { properties } = objectOf(value);
  if (Object.keys(properties).sort().join() === 'name,value') return { kind: 'pair' };
  const fields = fieldsOf(value, [], true);
  return { kind: 'record', fields: [...fields].sort((one, other) => rank(one) - rank(other)) };
}

const rank = ({ required }: Field) => (required ? 0 : 1);

/** A field that may be null is what it is when it is not. */
function plain(schema: JsonSchema): JsonSchema {
  if (Array.isArray(schema.type)) return { ...schema, type: schema.type.find((type) => type !== 'null') };
  if (schema.type !== undefined || schema.properties !== undefined) return schema;
  const [first] = (schema.anyOf ?? schema.oneOf ?? []).filter(({ type }) => type !== 'null');
  return first === undefined || isObject(first) ? schema : { ...schema, ...plain(first) };
}

function isObject(schema: JsonSchema): boolean {
  if (schema.properties !== undefined) return true;
  const parts = alternatives(schema);
  return parts.length > 0 && parts.every(isObject);
}

function alternatives({ anyOf, oneOf, allOf }: JsonSchema): readonly JsonSchema[] {
  return (anyOf ?? oneOf ?? allOf ?? []).filter(({ type }) => type !== 'null');
}

/** Of alternatives the fields of all, required what all of them require. */
function objectOf(schema: JsonSchema): {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: ReadonlySet<string>;
} {
  if (schema.properties !== undefined) {
    return { properties: schema.properties, required: new Set(schema.required) };
  }
  const parts = alternatives(schema).filter(isObject).map(objectOf);
  const [first] = parts;
  const every = [...(first?.required ?? [])].filter((name) =>
    parts.every(({ required }) => required.has(name)),
  );
  const some = parts.flatMap(({ required }) => [...required]);
  return {
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
    required: new Set(schema.allOf === undefined ? every : some),
  };
}

/** `--host` for hostIds, `--package` for the version that is a package, `--parameter` for each of the parameters. */
function flagOf(name: string, form: Form, many: boolean): string {
  if (form.kind === 'secret') return `${kebab(name)}-file`;
  if (form.kind !== 'named') return kebab(many ? name.replace(/([^se])s$/, '$1') : name);
  const flag = kebab(name.replace(/(Ids?|IdList)$/, ''));
  return form.names === 'package' || flag === 'obproxy' ? wordFor(form.names) : flag;
}

/** A flag that is taken gets the name of the object that the field is in before it, else `with-`. */
function distinct(fields: readonly Field[]): Field[] {
  const taken = new Set(TAKEN);
  return [...fields]
    .sort((one, other) => one.path.length - other.path.length)
    .map((field) => {
      const within = field.path.slice(0, -1).map(kebab).join('-');
      const flag = taken.has(field.flag) ? `${within === '' ? 'with' : within}-${field.flag}` : field.flag;
      taken.add(flag);
      return { ...field, flag };
    });
}
