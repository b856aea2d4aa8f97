import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from '@swc/core';
import { repositoryRoot } from '../../runtime/paths';

const BELOW_SUBTASKS = [
  'contact',
  'store',
  'hosts',
  'oceanbase',
  'runtime',
  'types:workflows',
  'workflows/interpreter/expansion.ts',
];
const SUBTASK_ROOMS = [
  'activities/host',
  'activities/cluster',
  'activities/zone',
  'activities/obproxy',
  'activities/observer',
  'activities/tenant',
  'activities/mc',
];

/**
 * The rooms, and what a file of each may import: itself and these. A room is the longest of these paths that a file lies
 * below; `types:` stands before what only its types may be imported from. docs/architecture.md has the picture.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  // What is frozen: runs in Temporal's sandbox, and must replay what older releases recorded.
  workflows: ['workflows/interpreter/expansion.ts', 'workflows/texts.ts'],
  'workflows/interpreter': [
    'workflows',
    'workflows/interpreter/expansion.ts',
    'workflows/searchAttributes.ts',
    'workflows/texts.ts',
  ],
  // From a plan to its subtasks: also for those who make plans and those who read them.
  'workflows/interpreter/expansion.ts': ['types:workflows'],
  'workflows/webui': ['types:workflows', 'types:workflows/interpreter', 'workflows/availableOperations.ts'],
  // What the interpreter would not refuse, in words: for the Web UI, the API and those who ask it.
  'workflows/availableOperations.ts': ['workflows', 'workflows/interpreter', 'workflows/texts.ts'],
  // The workflow types stand above the room they are in.
  'workflows/index.ts': ['workflows', 'workflows/interpreter', 'workflows/webui'],

  runtime: ['workflows/searchAttributes.ts', 'workflows/texts.ts'],
  // One definition for the workflow, which can import nothing else, and for those who register and search.
  'workflows/searchAttributes.ts': [],
  // The same for what the interpreter says: the catalogue has its texts in both languages.
  'workflows/text.ts': [],
  'workflows/texts.ts': [],

  hosts: ['runtime'],
  oceanbase: ['runtime'],
  store: ['runtime', 'types:workflows'],
  contact: ['store', 'hosts', 'oceanbase', 'runtime'],

  // A subtask's frame: what it is opened with, what becomes of its errors.
  activities: [
    'activities/common',
    'activities/subtasks.ts',
    'activities/services.ts',
    'types:activities/host',
    'contact',
    'store',
    'hosts',
    'oceanbase',
    'runtime',
    'workflows',
    'workflows/interpreter/expansion.ts',
  ],
  // What a chain of anything may use.
  'activities/common': ['activities', 'workflows', ...BELOW_SUBTASKS],
  // host.* works on any service of a host and knows none of them.
  'activities/host': ['activities', 'activities/common', ...BELOW_SUBTASKS],
  'activities/cluster': [
    'activities',
    'activities/common',
    'activities/host',
    'activities/obproxy/rootServers.ts',
    ...BELOW_SUBTASKS,
  ],
  // OBProxies hear of it when servers of a cluster come or go: "Sync cluster info" tells them, and who takes servers away before.
  'activities/obproxy/rootServers.ts': ['activities', 'activities/obproxy', ...BELOW_SUBTASKS],
  'activities/zone': ['activities', 'activities/common', 'activities/cluster', ...BELOW_SUBTASKS],
  // Of other sites, of which there are none.
  'activities/mc': ['activities', 'activities/common', ...BELOW_SUBTASKS],
  'activities/tenant': ['activities', 'activities/common', 'activities/cluster', ...BELOW_SUBTASKS],
  'activities/obproxy': [
    'activities',
    'activities/common',
    'activities/host',
    'activities/cluster',
    'activities/obproxy/rootServers.ts',
    ...BELOW_SUBTASKS,
  ],
  'activities/observer': [
    'activities',
    'activities/common',
    'activities/host',
    'activities/cluster',
    'activities/zone',
    'activities/obproxy/rootServers.ts',
    ...BELOW_SUBTASKS,
  ],
  // The list of all subtasks, and who tells host.* about the service it works on.
  'activities/subtasks.ts': ['activities/common', ...SUBTASK_ROOMS],
  'activities/services.ts': ['activities', 'activities/common', ...SUBTASK_ROOMS],

  // A take-over shows what it would find before it starts, so an operation may look as its subtasks look.
  operations: [
    'activities',
    'activities/common',
    'activities/subtasks.ts',
    ...SUBTASK_ROOMS,
    'contact',
    'store',
    'hosts',
    'oceanbase',
    'runtime',
    'workflows',
    'workflows/interpreter/expansion.ts',
    // An operation's id is the name of an exported workflow.
    'types:workflows/index.ts',
  ],

  'api/http': ['operations', 'store', 'oceanbase', 'runtime'],
  'api/login': ['api/http', 'operations', 'store', 'hosts', 'runtime', 'types:api/route.ts'],
  'api/tasks': [
    'api/http',
    'operations',
    'store',
    'runtime',
    'workflows',
    'workflows/interpreter',
    'workflows/interpreter/expansion.ts',
    'workflows/webui',
    'workflows/availableOperations.ts',
    'workflows/searchAttributes.ts',
    'types:api/route.ts',
  ],
  // What is done within a request is done as a subtask would do it.
  'api/objects': [
    'api/http',
    'api/login',
    'operations',
    'activities/obproxy',
    'contact',
    'store',
    'hosts',
    'oceanbase',
    'runtime',
    'types:api/route.ts',
  ],
  'api/upkeep': ['api/tasks', 'store', 'runtime', 'types:api/route.ts'],
  // What a route is, and what it is served with.
  'api/route.ts': [
    'api/http',
    'types:api/login',
    'types:api/tasks',
    'types:api/objects',
    'types:operations',
    'types:store',
    'types:hosts',
    'types:runtime',
  ],
  'api/openapi': ['api/http', 'types:api/route.ts'],
  'api/routes': [
    'api/http',
    'api/login',
    'api/tasks',
    'api/objects',
    'api/upkeep',
    'api/openapi',
    'api/route.ts',
    'operations',
    'contact',
    'store',
    'oceanbase',
    'runtime',
    'types:workflows',
  ],
  // The entry files.
  api: [
    'api/http',
    'api/login',
    'api/tasks',
    'api/objects',
    'api/upkeep',
    'api/routes',
    'api/route.ts',
    'operations',
    'store',
    'runtime',
  ],

  worker: ['activities', 'contact', 'types:store', 'types:hosts', 'runtime', 'workflows'],
  cli: [
    'api',
    'api/http',
    'api/login',
    'api/tasks',
    'api/upkeep',
    'worker',
    'operations',
    'contact',
    'store',
    'hosts',
    'runtime',
    'workflows/searchAttributes.ts',
    'types:activities',
  ],
};

/** A text for people and its language, which every room speaks. */
const FOR_ALL = 'workflows/text.ts';

/** Not of the product: they may import anything, and nobody of the product may import them. */
const BESIDE = ['sandbox', 'bench', 'test', 'scripts', 'console'];

interface Import {
  readonly from: string;
  readonly to: string;
  /** Gone when it runs. */
  readonly typeOnly: boolean;
  /** Loaded later, by import(). */
  readonly later: boolean;
}

const root = repositoryRoot();
const places = Object.keys(ROOMS).sort((a, b) => b.length - a.length);
const roomOf = (file: string) => places.find((place) => file === place || file.startsWith(`${place}/`));

const files = [...new Set(places.map((place) => place.split('/')[0] ?? ''))]
  .flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      path.join(folder, name),
    ),
  )
  .filter((file) => file.endsWith('.ts'));

function resolved(from: string, specifier: string): string {
  const base = path.join(path.dirname(from), specifier);
  const found = [`${base}.ts`, path.join(base, 'index.ts'), base].find(
    (candidate) => existsSync(path.join(root, candidate)) && path.extname(candidate) !== '',
  );
  if (found === undefined) throw new Error(`${from} imports ${specifier}, which is not there`);
  return found;
}

interface Node {
  readonly type?: string;
  readonly [key: string]: unknown;
}

/** Every import, export … from and import() of own files. */
function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const add = (source: unknown, typeOnly: boolean, later = false) => {
    const specifier = (source as { value?: unknown } | null | undefined)?.value;
    if (typeof specifier !== 'string' || !specifier.startsWith('.')) return;
    found.push({ from: file, to: resolved(file, specifier), typeOnly, later });
  };
  const allTypes = (node: Node) => {
    const specifiers = (node.specifiers ?? []) as { isTypeOnly?: boolean }[];
    return node.typeOnly === true || (specifiers.length > 0 && specifiers.every((one) => one.isTypeOnly));
  };
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const node = value as Node;
    if (node.type === 'ImportDeclaration' || node.type?.startsWith('Export'))
      add(node.source, allTypes(node));
    if (node.type === 'CallExpression' && (node.callee as Node).type === 'Import') {
      add((node.arguments as { expression: unknown }[])[0]?.expression, false, true);
    }
    if (node.type === 'TsImportType') add(node.argument, true);
    Object.values(node).forEach(visit);
  };
  visit(parseSync(readFileSync(path.join(root, file), 'utf8'), { syntax: 'typescript' }).body);
  return found;
}

const imports = files.flatMap(importsOf);

function isAllowed({ from, to, typeOnly }: Import): boolean {
  const [room, target] = [roomOf(from), roomOf(to)];
  if (room === undefined || target === undefined) return false;
  const allowed = ROOMS[room] ?? [];
  return (
    room === target ||
    target === FOR_ALL ||
    allowed.includes(target) ||
    (typeOnly && allowed.includes(`types:${target}`))
  );
}

test('the imports are really read', () => {
  expect(imports.length).toBeGreaterThan(1_000);
  expect(imports).toContainEqual({
    from: 'runtime/config.ts',
    to: 'runtime/addresses.ts',
    typeOnly: false,
    later: false,
  });
  expect(imports).toContainEqual({
    from: 'store/types.ts',
    to: 'store/types/access.ts',
    typeOnly: true,
    later: false,
  });
  expect(imports.some(({ later }) => later)).toBe(true);
});

test('a file imports its own room and those that the table allows', () => {
  const forbidden = imports.filter((one) => !isAllowed(one)).map(({ from, to }) => `${from} → ${to}`);
  expect([...new Set(forbidden)].sort()).toEqual([]);
});

test('the product imports nothing of what stands beside it', () => {
  const beside = imports.filter(({ to }) => BESIDE.includes(to.split('/')[0] ?? ''));
  expect(beside).toEqual([]);
});

test('no file imports itself in a circle; types, and what is loaded later, aside', () => {
  const next = new Map(files.map((file) => [file, [] as string[]]));
  for (const { from, to, typeOnly, later } of imports) if (!typeOnly && !later) next.get(from)?.push(to);
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): string[] | undefined => {
    const at = way.indexOf(file);
    if (at >= 0) return [...way.slice(at), file];
    if (done.has(file)) return undefined;
    for (const to of next.get(file) ?? []) {
      const circle = walk(to, [...way, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  const circles = files.map((file) => walk(file, [])).filter((circle) => circle !== undefined);
  expect(circles).toEqual([]);
});
