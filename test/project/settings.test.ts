import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ENVIRONMENT, FILE_VARIABLES, KNOWN_VARIABLES } from '../../runtime/config';
import { repositoryRoot } from '../../runtime/paths';

const root = repositoryRoot();
const read = (name: string) => readFileSync(path.join(root, name), 'utf8');
/** Of the demo's compose profile and of tests. */
const NOT_OF_THE_PRODUCT = /^OBFLOW_(TEST_\w+|REAL_OBPROXY)$/;

const pages = [
  'README.md',
  'README.zh-CN.md',
  ...readdirSync(path.join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

test.each(pages)('%s names only settings that are declared', (page) => {
  const named = read(page).match(/\bOBFLOW_[A-Z]+(?:_[A-Z]+)*\b/g) ?? [];
  const unknown = named.filter((name) => !KNOWN_VARIABLES.includes(name) && !NOT_OF_THE_PRODUCT.test(name));
  expect(unknown).toEqual([]);
});

test('docs/deploying.md lists the settings that may stand in a file', () => {
  const text = read('docs/deploying.md').replace(/\s+/g, ' ');
  const [, list = ''] =
    /may stand in a file, named by the variable with `_FILE` behind it: ([^.]+)\./.exec(text) ?? [];
  expect(list.split(', ').map((name) => `${name}_FILE`)).toEqual(FILE_VARIABLES);
});

test('every setting of the product is read from its declaration, under one name', () => {
  expect(new Set(ENVIRONMENT.map(({ name }) => name)).size).toBe(ENVIRONMENT.length);
  const folders = [
    'api',
    'activities',
    'cli',
    'contact',
    'hosts',
    'oceanbase',
    'operations',
    'runtime',
    'store',
    'worker',
  ];
  const elsewhere = folders
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => `${folder}/${name}`),
    )
    .flatMap((file) =>
      (read(file).match(/\benv(?:\.|\[')OBFLOW_\w+/g) ?? []).map((use) => `${file}: ${use}`),
    );
  expect(elsewhere).toEqual([]);
});
