import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { addTaskCommands } from '../../cli/task/command';
import { repositoryRoot } from '../../runtime/paths';

const root = repositoryRoot();
const page = readFileSync(path.join(root, 'docs/operating.md'), 'utf8');
const sources = ['activities', 'contact', 'hosts', 'oceanbase', 'runtime', 'workflows']
  .flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => readFileSync(path.join(entry.parentPath ?? entry.path, entry.name), 'utf8')),
  )
  .join('\n');

/** The first cells of the tables of errors: codes and types. */
const errorCells = page
  .slice(page.indexOf('## The commonest errors'), page.indexOf('## When a part is down'))
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (code|---)/.test(line))
  .map((line) => line.split('|')[1] ?? '');

describe('docs/operating.md', () => {
  it('names only errors that the code has', () => {
    const names = errorCells.flatMap((cell) => cell.match(/\b([A-Z]{3}\d{5}|[A-Z][a-z]+[A-Z]\w+)\b/g) ?? []);
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => !sources.includes(name))).toEqual([]);
  });

  it('shows commands that exist, with options they have', () => {
    const program = new Command();
    addTaskCommands(program);
    const commands = program.commands[0]!.commands;
    const shown = [...page.matchAll(/obflow task (\w+)([^\n`|]*)/g)];
    expect(shown.length).toBeGreaterThan(10);
    for (const [text, verb, rest = ''] of shown) {
      const command = commands.find((known) => known.name() === verb);
      expect([text, command?.name()]).toEqual([text, verb]);
      const flags = command?.options.flatMap(({ short, long }) => [short, long]);
      for (const flag of (rest.split('#')[0] ?? '').match(/(?<= )--?[a-z]+/g) ?? []) {
        expect([text, flags]).toEqual([text, expect.arrayContaining([flag])]);
      }
    }
  });

  it('shows pictures that are there and small', () => {
    const pictures = [...page.matchAll(/\]\((images\/[^)]+)\)/g)].map(([, name = '']) => name);
    expect(pictures.length).toBeGreaterThan(3);
    for (const name of pictures) expect(statSync(path.join(root, 'docs', name)).size).toBeLessThan(150_000);
  });
});
