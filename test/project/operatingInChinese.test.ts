import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../../runtime/paths';

const read = (name: string) => readFileSync(path.join(repositoryRoot(), 'docs', name), 'utf8');
const english = read('operating.md');
const chinese = read('operating.zh-CN.md');

/** Everything of one kind, in the order of the page. */
const all = (page: string, pattern: RegExp) => [...page.matchAll(pattern)].map(([text]) => text);

describe('docs/operating.zh-CN.md says what docs/operating.md says', () => {
  const same: [string, (page: string) => unknown][] = [
    ['headings of the same levels', (page) => all(page, /^#+(?= )/gm)],
    [
      'tables of the same rows and columns',
      (page) => all(page, /^\|.*\|$/gm).map((row) => row.split('|').length),
    ],
    [
      'the same commands',
      (page) => all(page, /obflow (?:task|up|worker|api|apply|doctor)(?: [a-z]+)?(?: \d+)*/g).sort(),
    ],
    ['the same options', (page) => all(page, /(?<![\w-])--[a-z]+/g).sort()],
    ['the same codes', (page) => all(page, /\b[A-Z]{3}\d{5}\b/g)],
    [
      'the same types of failures',
      (page) => all(page, /\b[A-Z][a-z]+[A-Z]\w+/g).filter((word) => !/^OceanBase|^OBProxy/.test(word)),
    ],
    [
      'the same states',
      (page) =>
        [
          ...new Set(
            all(page, /\b(?:PENDING|READY|RUNNING|CANCELING|FAILED|SUCCESSFUL|ROLLBACK(?:_SKIP)?|SKIP)\b/g),
          ),
        ].sort(),
    ],
    ['the same pictures', (page) => all(page, /images\/[\w-]+\.png/g)],
    [
      'examples of as many lines',
      (page) => all(page, /^```[\s\S]*?^```/gm).map((block) => block.split('\n').length),
    ],
  ];
  test.each(same)('in %s', (_what, of) => {
    expect(of(english)).not.toEqual([]);
    expect(of(chinese)).toEqual(of(english));
  });

  test('in Chinese', () => {
    expect(all(chinese, /[\u4e00-\u9fff]/g).length).toBeGreaterThan(2_500);
  });
});
