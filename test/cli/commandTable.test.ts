import { readFileSync } from 'node:fs';
import path from 'node:path';
import { completedCommands } from '../../cli/completion/tree';
import { addOperationCommands } from '../../cli/operation/commands';
import { obflowProgram } from '../../cli/program';
import { repositoryRoot } from '../../runtime/paths';

const page = readFileSync(path.join(repositoryRoot(), 'docs/api.md'), 'utf8');
const [section = ''] = /^## At a terminal$[\s\S]*?(?=^- )/m.exec(page) ?? [];

/** What the first cells name: `obflow host add` in full, and after it verbs of the same noun. */
function named(): string[] {
  const cells = section.match(/^\| [^|]+/gm) ?? [];
  return cells.flatMap((cell) => {
    let noun = '';
    return [...cell.matchAll(/`([^`]+)`/g)].map(([, words = '']) => {
      if (words.startsWith('obflow ')) noun = words.slice(0, words.lastIndexOf(' '));
      return words.startsWith('obflow ') ? words : `${noun} ${words}`;
    });
  });
}

test('docs/api.md names every command of the program, and no other', () => {
  const program = obflowProgram();
  addOperationCommands(program);
  const leaves = completedCommands(program).filter(({ commands }) => commands.length === 0);
  expect(leaves.length).toBeGreaterThan(70);
  expect(named().sort()).toEqual(leaves.map(({ path: words }) => words).sort());
});
