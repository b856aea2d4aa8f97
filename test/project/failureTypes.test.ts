import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CATALOGUE } from '../../runtime/messages/catalogue';
import { repositoryRoot } from '../../runtime/paths';
import { ABANDONED } from '../../workflows/messages';
import { troubleTypes } from '../support/troubleTypes';

const read = (name: string) => readFileSync(path.join(repositoryRoot(), name), 'utf8');
const rows = [...read('docs/failure-types.md').matchAll(/^\| (\w+) \| (.+) \| (.+) \|$/gm)]
  .map(([, type = '', meaning = '', todo = '']) => ({ type, meaning, todo }))
  .filter(({ type }) => type !== 'type');

/** Texts that look like a type and are something else. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  'subtasks that do nothing or wait': ['StartNode', 'WaitNode', 'WaitDagSuccessTask'],
  'search attributes': ['TaskState', 'TaskName', 'ObCluster', 'ObproxyCluster', 'NeedsOperator'],
  'classes of errors': ['CommandRefusedError', 'ConfigError', 'GraphError', 'TimeoutError'],
  'settings of sshd': ['PasswordAuthentication', 'PubkeyAuthentication'],
  'words of others': ['MetaDataBase', 'OceanBase', 'PostgreSQL', 'SelectQueryNode'],
};
/** Types of one word, which no rule tells from other words. */
const ONE_WORD = [ABANDONED, 'Unexpected'];

describe('docs/failure-types.md', () => {
  const known = troubleTypes();

  test('has a row for each type of trouble that the code makes, and for no other', () => {
    const others = Object.values(OTHERS).flat();
    expect(others.filter((name) => !known.has(name))).toEqual([]);
    expect(read('activities/failures.ts')).toContain("'Unexpected'");
    const types = [...known.keys()].filter((name) => !others.includes(name));
    expect(types.length).toBeGreaterThan(200);
    expect(rows.map(({ type }) => type).sort()).toEqual([...types, ...ONE_WORD].sort());
  });

  test('says what to do as the messages do, where all of a type say the same', () => {
    const texts = new Map<string, readonly [en: string, zh: string]>(Object.entries(CATALOGUE));
    const derived = rows.flatMap(({ type, todo }) => {
      const [said = ''] = texts.get(known.get(type) ?? '') ?? [];
      return said === '' || said.includes('{next}') ? [] : [{ type, todo, said }];
    });
    expect(derived.length).toBeGreaterThan(100);
    expect(derived.map(({ type, todo }) => ({ type, todo }))).toEqual(
      derived.map(({ type, said }) => ({ type, todo: said.replace(/\{\w+\}/g, '…').replaceAll('|', '\\|') })),
    );
  });
});
