/** What a start is made of: one file, and its functions as the build has compiled them, where they fit. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../runtime/paths';
import { startObflow } from '../../sandbox/stack/process';

const run = promisify(execFile);
const CACHED = path.join(repositoryRoot(), 'bin/cached.js');
const PROGRAM = path.join(repositoryRoot(), 'dist/start/obflow.js');

/** Runs code in a Node of its own, where `cached` is bin/cached.js; what it printed. */
async function inNode(code: string, ...args: readonly string[]): Promise<string> {
  const begin = `const cached = require(${JSON.stringify(CACHED)});\n`;
  return (await run(process.execPath, ['-e', begin + code, ...args])).stdout.trim();
}

describe('the bundled program', () => {
  it('needs no other file of ours, and of packages only what is native or belongs to it', async () => {
    const read = await inNode(
      `
      cached.load(process.argv[1]).load().then(() => {
        console.log(JSON.stringify(Object.keys(require.cache)));
        process.exit(0);
      });`,
      PROGRAM,
    );
    const files = (JSON.parse(read) as string[]).map((file) => path.relative(repositoryRoot(), file));
    const own = files.filter((file) => !file.startsWith('node_modules/'));
    expect(own).toEqual(['bin/cached.js']);
    const packages = new Set(files.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]));
    packages.delete(undefined);
    const native =
      /^(@temporalio\/core-bridge|ssh2|cpu-features|libsql|@libsql\/.*|@neon-rs\/load|detect-libc)$/;
    expect([...packages].filter((name) => !native.test(name ?? ''))).toEqual([]);
  });

  it('takes the functions that the build has compiled', async () => {
    const { length } = readFileSync(`${PROGRAM}.cache`);
    expect(length).toBeGreaterThan(1_000_000);
    expect(await inNode('console.log(cached.fits(process.argv[1]));', PROGRAM)).toBe('true');
  });
});

describe('obflow up', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-start-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  it('is ready without what it does not use: a bundler, PostgreSQL', async () => {
    const loaded = path.join(folder, 'loaded.json');
    const hook = path.join(folder, 'hook.js');
    writeFileSync(
      hook,
      `process.once('exit', () => require('node:fs').writeFileSync(${JSON.stringify(loaded)},
        JSON.stringify(Object.keys(require('node:module')._cache))));`,
    );
    const env = {
      ...Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|OBFLOW)_/.test(name)),
      ),
      ...{ OBFLOW_DATA_DIR: folder, OBFLOW_LISTEN: '127.0.0.1:0' },
      ...{ OBFLOW_TEMPORAL_PORT: '0', OBFLOW_TEMPORAL_UI_PORT: '0', NODE_OPTIONS: `--require ${hook}` },
    };
    const up = startObflow(['up'], env, path.join(folder, 'up.log'));
    try {
      await up.line(/^ready: /);
    } finally {
      await up.stop();
    }
    const files = (JSON.parse(readFileSync(loaded, 'utf8')) as string[]).filter(
      (file) => file.includes('node_modules') && !file.endsWith('.node'),
    );
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => /node_modules.(webpack|memfs|pg|unionfs|undici)\b/.test(file))).toEqual([]);
  });
});

describe('functions kept compiled', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-start-'));
    file = path.join(folder, 'program.js');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const program = (answer: number, mark: string) =>
    `// ${mark.repeat(64)}\n(function (exports, require, module, __filename, __dirname) {
exports.answer = () => ${answer}; exports.place = __dirname;})`;
  const build = () =>
    inNode(
      `cached.cacheAfter(process.argv[1], ({ answer }) => answer()).then((cache) =>
        require('node:fs').writeFileSync(process.argv[1] + '.cache', cache));`,
      file,
    );
  const answer = () =>
    inNode('const { answer, place } = cached.load(process.argv[1]); console.log(answer(), place);', file);
  const fits = () => inNode('console.log(cached.fits(process.argv[1]));', file);

  it('are used for the code that they were made of', async () => {
    writeFileSync(file, program(1, 'a'));
    await build();
    expect(await fits()).toBe('true');
    expect(await answer()).toBe(`1 ${folder}`);
  });

  it('are not used for other code of the same length', async () => {
    writeFileSync(file, program(1, 'a'));
    await build();
    writeFileSync(file, program(2, 'b'));
    expect(await fits()).toBe('false');
    expect(await answer()).toBe(`2 ${folder}`);
  });

  it.each([
    ['are missing', () => rmSync(`${file}.cache`)],
    ['are cut off', () => writeFileSync(`${file}.cache`, readFileSync(`${file}.cache`).subarray(0, 100))],
    [
      'are of another Node',
      () => {
        const bytes = readFileSync(`${file}.cache`);
        // Behind the mark: a magic number, then the version of V8.
        bytes.writeUInt32LE(~bytes.readUInt32LE(68 + 4) >>> 0, 68 + 4);
        writeFileSync(`${file}.cache`, bytes);
      },
    ],
  ])('are not needed: they %s', async (_, spoil) => {
    writeFileSync(file, program(1, 'a'));
    await build();
    spoil();
    expect(await fits()).toBe('false');
    expect(await answer()).toBe(`1 ${folder}`);
  });
});
