import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { transformSync } from 'esbuild';
import { repositoryRoot } from '../../runtime/paths';

const root = repositoryRoot();

/** What a later version may change: sources, each with texts and what stands in their place. */
const CHANGES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  // A subtask that the present version does not know …
  'activities/common/WaitNode.ts': [
    [
      '/** "Wait node"',
      "export const LookAround = subtask({ name: 'Look around', className: 'host.LookAroundTask', timeout: 60, needs: {}, run: async () => undefined });\n/** \"Wait node\"",
    ],
  ],
  'activities/subtasks.ts': [['export { WaitNode }', 'export { LookAround, WaitNode }']],
  // … in the chains of both operations …
  'operations/installChain.ts': [
    [
      '[node(PrepareObproxyInstall), node(Finish)]',
      '[node(PrepareObproxyInstall), node(LookAround), node(Finish)]',
    ],
    ['  Finish,\n', '  Finish,\n  LookAround,\n'],
    ['  UpdateObproxyStatus,\n];', '  LookAround,\n  UpdateObproxyStatus,\n];'],
  ],
  // … and a column that it does not read.
  'store/database/migrations/index.ts': [
    [
      '  return {\n',
      "  return {\n    '9999_later': { up: (db) => db.schema.alterTable('tasks').addColumn('later', 'text').execute() },\n",
    ],
  ],
};
export const NEXT_VERSION = '99.1.0';

/** Makes a later version of obflow in the folder: this build with some sources changed, and another workflow bundle. */
export function makeNextBuild(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of ['bin', 'dist']) {
    cpSync(path.join(root, name), path.join(folder, name), {
      recursive: true,
      filter: (file) => !/dist.(sandbox|bench)\b/.test(file),
    });
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  const about = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as object;
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ ...about, version: NEXT_VERSION }));
  for (const [source, replacements] of Object.entries(CHANGES)) {
    let text = readFileSync(path.join(root, source), 'utf8');
    for (const [from, to] of replacements) {
      if (!text.includes(from)) throw new Error(`${source} no longer holds ${from}`);
      text = text.replace(from, to);
    }
    const { code } = transformSync(text, { loader: 'ts', format: 'cjs', target: 'node20.3' });
    writeFileSync(path.join(folder, 'dist', source.replace(/\.ts$/, '.js')), code);
  }
  // What the Web UI shows of a task: code beside the rules of determinism.
  const bundle = path.join(folder, 'dist/workflows/bundle.js');
  const before = readFileSync(bundle, 'utf8');
  const after = before.replaceAll('Nothing runs until somebody acts.', 'Nothing runs until a person acts.');
  if (after === before) throw new Error('the bundle no longer holds that text');
  writeFileSync(bundle, after);
}
