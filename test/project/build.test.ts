import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../runtime/paths';

const run = promisify(execFile);
const NEEDED = [
  'runtime',
  'workflows',
  'worker',
  'operations',
  'scripts',
  'package.json',
  'package-lock.json',
];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-build-'));
  for (const name of NEEDED)
    cpSync(path.join(repositoryRoot(), name), path.join(folder, name), { recursive: true });
  symlinkSync(path.join(repositoryRoot(), 'node_modules'), path.join(folder, 'node_modules'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const build = () => run(process.execPath, [path.join(folder, 'scripts/build.mjs')]);
const built = () =>
  readdirSync(path.join(folder, 'dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);

describe('npm run build', () => {
  it('is complete when two run at once', async () => {
    await Promise.all([build(), build()]);
    expect(built()).toEqual(expect.arrayContaining(['bundle.js', 'config.js', 'devServerGuard.sh']));
    expect(built().filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('follows changed and deleted sources', async () => {
    const source = path.join(folder, 'runtime/extra.ts');
    const output = path.join(folder, 'dist/runtime/extra.js');
    writeFileSync(source, 'export const answer = 1;');
    await build();
    writeFileSync(source, 'export const answer = 2;');
    await build();
    expect(readFileSync(output, 'utf8')).toContain('answer = 2');
    rmSync(source);
    await build();
    expect(built()).not.toContain('extra.js');
  });
});
