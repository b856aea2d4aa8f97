import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from '@swc/core';
import { repositoryRoot } from '../../runtime/paths';
import { isNode, type Node, nodes } from '../support/syntax';

/** What a person reads of a task, or of a request: said by keys, so that it can be had in Chinese. */
const ROOMS = ['activities', 'contact', 'hosts', 'oceanbase', 'operations', 'store', 'worker', 'api'];

/** Files whose texts are in English alone, and why. */
const ENGLISH_ONLY: Readonly<Record<string, string>> = {
  'api/http/certificate.ts': 'ends the API at its start: on the terminal and in its log',
  'api/server.ts': 'ends the API at its start: on the terminal and in its log',
  'store/database/copyDatabase.ts': 'said by obflow migrate-database, on its terminal',
};

/** Fields of a trouble that are our own words; what came back may be a host's. */
const OWN_WORDS = new Set(['tried', 'next']);

/** Words that stand in the source instead of a key: a literal, or one of several that a condition chooses from. */
function bareWords(value: unknown): string[] {
  if (!isNode(value)) return [];
  const { type } = value;
  if (type === 'StringLiteral') return /[a-z]{2}/.test(String(value.value)) ? [String(value.value)] : [];
  if (type === 'TemplateLiteral') {
    const text = (value.quasis as { raw: string }[]).map(({ raw }) => raw).join('…');
    return /[a-z]{2}/.test(text) ? [text] : [];
  }
  if (type === 'ConditionalExpression') return [value.consequent, value.alternate].flatMap(bareWords);
  if (type === 'BinaryExpression') return [value.left, value.right].flatMap(bareWords);
  if (type === 'ParenthesisExpression') return bareWords(value.expression);
  return [];
}

function nameOf(node: unknown): string {
  return isNode(node) && (node.type === 'Identifier' || node.type === 'StringLiteral')
    ? String(node.value)
    : '';
}

/** `scope.log.info` → info of log. */
function isLogCall(call: Node): boolean {
  const { callee } = call;
  if (!isNode(callee) || callee.type !== 'MemberExpression') return false;
  const of = isNode(callee.object) ? callee.object : undefined;
  const owner = of?.type === 'MemberExpression' ? nameOf(of.property) : nameOf(of);
  return owner === 'log' && ['info', 'warn', 'error'].includes(nameOf(callee.property));
}

function bareIn(file: string): string[] {
  const source = readFileSync(path.join(repositoryRoot(), file), 'utf8');
  const found: string[] = [];
  for (const node of nodes(parseSync(source, { syntax: 'typescript', target: 'es2022' }))) {
    const args = Array.isArray(node.arguments)
      ? (node.arguments as { expression: unknown }[]).map(({ expression }) => expression)
      : [];
    if (node.type === 'CallExpression' && isLogCall(node)) found.push(...bareWords(args[0]));
    if (
      node.type === 'CallExpression' &&
      nameOf(isNode(node.callee) ? node.callee.property : undefined) === 'notYet'
    )
      found.push(...bareWords(args[0]));
    if (node.type === 'NewExpression' && nameOf(node.callee) === 'Refusal') found.push(...bareWords(args[2]));
    // A trouble, wherever its object is made; a variable or parameter of that name may only be a text.
    if (node.type === 'KeyValueProperty' && OWN_WORDS.has(nameOf(node.key)))
      found.push(...bareWords(node.value));
    if (node.type === 'KeyValueProperty' && nameOf(node.key) === 'cameBack')
      found.push(...bareWords(node.value));
    if (
      node.type === 'VariableDeclarator' &&
      ['tried', 'TRIED', 'next', 'cameBack'].includes(nameOf(node.id))
    )
      found.push(...bareWords(node.init));
  }
  const typed = source.match(/\b(?:tried|cameBack)\??: string\b/g) ?? [];
  return [...found, ...typed];
}

function sources(room: string): string[] {
  return readdirSync(path.join(repositoryRoot(), room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(room, name));
}

describe('no trouble, refusal or line of a subtask log', () => {
  test.each(ROOMS)('in %s/ is a sentence in the source: it is a key with arguments', (room) => {
    const bare = sources(room)
      .filter((file) => !(file in ENGLISH_ONLY))
      .flatMap((file) => bareIn(file).map((text) => `${file}: ${text}`));
    expect(bare).toEqual([]);
  });

  test('is said of a file that has none any more', () => {
    for (const file of Object.keys(ENGLISH_ONLY))
      expect([file, bareIn(file).length > 0]).toEqual([file, true]);
  });
});

test('A text is never put into a template as an object', () => {
  const inTemplate = ROOMS.flatMap(sources).filter((file) =>
    /`[^`]*\$\{[^}`]*\bsay\(/.test(readFileSync(path.join(repositoryRoot(), file), 'utf8')),
  );
  expect(inTemplate).toEqual([]);
});

test('No key stands in two rooms of the catalogue', () => {
  const folder = path.join(repositoryRoot(), 'runtime/messages');
  const files = [
    ...readdirSync(folder).map((name) => path.join(folder, name)),
    path.join(repositoryRoot(), 'workflows/texts.ts'),
  ];
  const keys = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^ {2}'?([\w.]+)'?: \[/gm)].map(([, key = '']) => key),
  );
  expect(keys.length).toBeGreaterThan(1_000);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
});
