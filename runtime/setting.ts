/**
 * One declaration per environment variable: name, default, meaning, what zod makes of its text, and (by the field it is
 * declared under) where the product finds the value. Help, warnings, pages and tests are made of the declarations.
 */
import type { z } from 'zod';
import { type FileContents, readSecretFile } from './secretFiles';

/** One environment variable, and the type of what it says. */
export interface Setting<T> {
  readonly name: string;
  readonly meaning: string;
  /** The default as a person reads it; '' when there is none. */
  readonly byDefault: string;
  /** It holds a secret, so its text may stand in a file that `<NAME>_FILE` names. */
  readonly inFile: boolean;
  /** Undefined: not set. */
  readonly schema: z.ZodType<T, string | undefined>;
}

interface Declared<T> {
  readonly meaning: string;
  readonly schema: z.ZodType<T, string>;
  /** How the default is told, where it is not the text itself or is made of other settings. */
  readonly shown?: string;
  /** Default: no. */
  readonly inFile?: boolean;
}

/** With `byDefault`, a text that stands for a variable that is not set, the value is always there. */
export function setting<T>(name: string, declared: Declared<T> & { readonly byDefault: string }): Setting<T>;
export function setting<T>(name: string, declared: Declared<T>): Setting<T | undefined>;
export function setting<T>(
  name: string,
  { meaning, schema, shown, inFile = false, byDefault }: Declared<T> & { readonly byDefault?: string },
): Setting<T | undefined> {
  return {
    name,
    meaning,
    byDefault: shown ?? byDefault ?? '',
    inFile,
    schema: byDefault === undefined ? schema.optional() : schema.prefault(byDefault),
  };
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** What a group of settings says, by field. */
export type ValuesOf<G extends Settings> = {
  readonly [F in keyof G]: G[F] extends Setting<infer T> ? T : never;
};

/** Thrown when a variable cannot be used; one sentence a variable, each naming it and what would do. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

/**
 * Reads a group of settings; a variable that is empty counts as not set (compose files pass those on).
 * Throws ConfigError with a sentence for each variable that cannot be used; secrets are not repeated in it.
 */
export function readSettings<G extends Settings>(group: G, env: NodeJS.ProcessEnv): ValuesOf<G> {
  const problems: string[] = [];
  const values = Object.entries(group).map(([field, { name, schema, inFile }]) => {
    const text: FileContents = inFile ? withFile(name, env) : { content: given(env, name) };
    if ('problem' in text) {
      problems.push(text.problem);
      return [field, undefined];
    }
    const parsed = schema.safeParse(text.content);
    if (!parsed.success) problems.push(...parsed.error.issues.map(({ message }) => `${name} ${message}.`));
    return [field, parsed.data];
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.fromEntries(values) as ValuesOf<G>;
}

function given(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const text = env[name] ?? '';
  return text === '' ? undefined : text;
}

function withFile(name: string, env: NodeJS.ProcessEnv): FileContents {
  const content = given(env, name);
  const file = given(env, `${name}_FILE`);
  if (file === undefined) return { content };
  if (content === undefined) return readSecretFile(`${name}_FILE`, file);
  return { problem: `${name} and ${name}_FILE are both set; set one of them.` };
}
