import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from '@swc/core';
import { repositoryRoot } from '../../runtime/paths';
import { isNode, type Node, nodes } from './syntax';

/** Where troubles are made. */
const ROOMS = [
  'activities',
  'contact',
  'hosts',
  'oceanbase',
  'operations',
  'runtime',
  'store',
  'worker',
  'workflows',
];
/** Types of troubles are written so, and few other texts. */
const NAME = /^[A-Z][a-z]+[A-Z]\w*$/;

/** A literal, or those that a condition chooses from. */
function literals(value: unknown): string[] {
  if (!isNode(value)) return [];
  if (value.type === 'StringLiteral') return [String(value.value)];
  if (value.type === 'ConditionalExpression') return [value.consequent, value.alternate].flatMap(literals);
  return [];
}

function argumentsOf({ arguments: all }: Node): readonly unknown[] {
  return Array.isArray(all) ? (all as { expression: unknown }[]).map(({ expression }) => expression) : [];
}

/** Keys of the catalogue that an expression says; undefined for what is made elsewhere. */
function saidIn(value: unknown): readonly (string | undefined)[] {
  if (!isNode(value)) return [undefined];
  if (value.type === 'ConditionalExpression') return [value.consequent, value.alternate].flatMap(saidIn);
  const { callee } = value;
  const isSay = value.type === 'CallExpression' && isNode(callee) && callee.value === 'say';
  return isSay ? literals(argumentsOf(value)[0]) : [undefined];
}

/** Fields of an object, those of `...{ … }` included. */
function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  const properties = isNode(value) && Array.isArray(value.properties) ? (value.properties as Node[]) : [];
  return new Map(
    properties.flatMap((property) => {
      if (property.type === 'SpreadElement') return [...fieldsOf(property.arguments)];
      const key = isNode(property.key) ? String(property.key.value) : '';
      return property.type === 'KeyValueProperty' ? [[key, property.value] as const] : [];
    }),
  );
}

/** What a trouble made here is told to do: `{ type: 'X', next: say('…') }`, or `trouble('X', text, say('next.…'))`. */
function* made(node: Node): Generator<readonly [type: string, keys: readonly (string | undefined)[]]> {
  if (node.type === 'ObjectExpression') {
    const fields = fieldsOf(node);
    for (const type of literals(fields.get('type'))) yield [type, saidIn(fields.get('next'))];
  }
  if (node.type === 'CallExpression' || node.type === 'NewExpression') {
    const given = argumentsOf(node);
    const keys = given.flatMap(saidIn).filter((key) => key !== undefined && /\bnext/.test(key));
    for (const type of given.flatMap(literals)) yield [type, keys.length === 0 ? [undefined] : keys];
  }
}

/**
 * Every text of the product that looks like the type of a trouble, with the key of what to do where all troubles of that type
 * say the same.
 */
export function troubleTypes(): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, Set<string | undefined>>();
  const of = (type: string) => {
    const keys = found.get(type) ?? new Set();
    found.set(type, keys);
    return keys;
  };
  for (const room of ROOMS) {
    for (const file of readdirSync(path.join(repositoryRoot(), room), {
      recursive: true,
      encoding: 'utf8',
    })) {
      if (!file.endsWith('.ts')) continue;
      const source = readFileSync(path.join(repositoryRoot(), room, file), 'utf8');
      for (const node of nodes(parseSync(source, { syntax: 'typescript', target: 'es2022' }))) {
        for (const type of literals(node).filter((text) => NAME.test(text))) of(type);
        for (const [type, keys] of made(node)) if (NAME.test(type)) for (const key of keys) of(type).add(key);
      }
    }
  }
  return new Map(
    [...found].map(([type, keys]) => {
      const [key] = keys;
      return [type, keys.size === 1 ? key : undefined];
    }),
  );
}
