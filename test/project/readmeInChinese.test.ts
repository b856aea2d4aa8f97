import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../../runtime/paths';

const page = (name: string) => readFileSync(path.join(repositoryRoot(), name), 'utf8');
const [english, chinese] = [page('README.md'), page('README.zh-CN.md')];
const all = (text: string, pattern: RegExp) => [...new Set(text.match(pattern) ?? [])].sort();

describe('README.zh-CN.md', () => {
  it.each([
    // What a person types or sets; in the text of a command a translation may differ.
    ['the same settings, files and words of programs', /`[\w$./:-][^`\s<]*`/g],
    ['the same pictures', /docs\/images\/[\w-]+\.png/g],
    ['the same commands', /^(npx )?(obflow|npm|curl) [a-z-]+( [a-z-]+)?/gm],
  ])('names %s as the README', (_, pattern) => {
    expect(all(chinese, pattern)).toEqual(all(english, pattern));
    expect(all(english, pattern).length).toBeGreaterThan(0);
  });

  it('has a row for each folder that the README has one for', () => {
    const folders = (text: string) =>
      all(text, /^\| [a-z, /、]+\/ \|/gm)
        .flatMap((row) => row.match(/[a-z]+\//g) ?? [])
        .sort();
    expect(folders(chinese)).toEqual(folders(english));
    expect(folders(english).length).toBeGreaterThan(12);
  });

  it('has as many headings', () => {
    const headings = (text: string) => text.match(/^#{2,3} .*$/gm)?.map((line) => line.indexOf(' '));
    expect(headings(chinese)).toEqual(headings(english));
  });
});
