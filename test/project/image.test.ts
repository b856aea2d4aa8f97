/**
 * The steps of the Dockerfile in folders, as far as they go without an engine: copies as they stand there, the build,
 * and the result run as another user. `npm ci` and the build take a minute, so the packages that the lock file names and the
 * dist/ of this folder stand in for them; with `OBFLOW_TEST_IMAGE=long` they run.
 */
import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../runtime/paths';
import { dockerfile, type Stage } from './dockerfile';

const run = promisify(execFile);
const LONG = process.env.OBFLOW_TEST_IMAGE === 'long';
const WORKDIR = '/opt/obflow';
const root = repositoryRoot();
const stages = dockerfile(path.join(root, 'Dockerfile'));
/** `node` of the official image; this user only where it cannot be had (no root, a Node.js that others cannot enter). */
const NODE = canBecome(1000) ? { uid: 1000, gid: 1000 } : {};

function canBecome(id: number): boolean {
  try {
    execFileSync(process.execPath, ['-e', ''], { uid: id, gid: id, cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Copies by links where the file system allows; the folders are only read, and names taken away. */
const COPY = 'copy() { cp -al "$@" 2>/dev/null || cp -a "$@"; }';

let folder: string;
const rootOf = (stage: string) => path.join(folder, stage);

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-image-'));
  chmodSync(folder, 0o755);
  for (const stage of stages) if (stage.name !== 'demo') await make(stage);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nameOf = (stage: Stage) => stage.name ?? 'image';

async function make(stage: Stage): Promise<void> {
  const system = rootOf(nameOf(stage));
  const inside = path.join(system, WORKDIR);
  mkdirSync(inside, { recursive: true });
  const copies = [...stage.copies];
  for (const { name, value } of stage.instructions) {
    if (name === 'COPY') {
      const copy = copies.shift();
      if (copy !== undefined) copyAll(copy, inside);
    } else if (name === 'RUN') await step(value, system, inside);
  }
}

/** What .dockerignore keeps out of the context. */
const ignored = readFileSync(path.join(root, '.dockerignore'), 'utf8').split('\n').filter(Boolean);

function copyAll({ from, sources, target }: Stage['copies'][number], inside: string): void {
  for (const source of sources) {
    const to = path.join(inside, target, target.endsWith('/') && source !== '.' ? path.basename(source) : '');
    if (from !== undefined) {
      mkdirSync(path.dirname(to), { recursive: true });
      execFileSync('sh', ['-ec', `${COPY}; copy -T "$@"`, 'sh', path.join(rootOf(from), source), to]);
      continue;
    }
    cpSync(path.join(root, source), to, {
      recursive: true,
      filter: (file) => !ignored.includes(path.relative(root, file).split(path.sep)[0] ?? ''),
    });
  }
}

async function step(command: string, system: string, inside: string): Promise<void> {
  for (const part of command.split(' && ')) {
    // Of the machine, not of obflow.
    if (/^(apt-get|chown|npm cache|rm -rf \/var\/)/.test(part)) continue;
    if (/^npm ci\b/.test(part) && !LONG) installed(inside, part.includes('--omit=dev'));
    else if (part === 'npm run build' && !LONG)
      execFileSync('sh', ['-ec', `${COPY}; copy "$@"`, 'sh', path.join(root, 'dist'), inside]);
    else if (part.startsWith('cd ')) {
      await run('sh', ['-c', command], { cwd: inside });
      return;
    } else
      await run('sh', ['-c', part.replace(/(?<= )\/data\b/, path.join(system, 'data'))], { cwd: inside });
  }
}

function installed(inside: string, production: boolean): void {
  const modules = path.join(root, 'node_modules');
  if (!production) {
    symlinkSync(modules, path.join(inside, 'node_modules'));
    return;
  }
  const lock = JSON.parse(readFileSync(path.join(inside, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  const links = Object.entries(lock.packages)
    .filter(([where, { dev, devOptional }]) => where !== '' && dev !== true && devOptional !== true)
    .filter(([where]) => existsSync(path.join(root, where)))
    // Nested packages are in the list themselves, behind the ones they are in.
    .map(
      ([where]) =>
        `mkdir -p '${inside}/${where}'; cd '${root}/${where}'; copy $(ls -A | grep -vx node_modules) '${inside}/${where}/'`,
    );
  execFileSync('sh', ['-e'], { input: [COPY, ...links].join('\n') });
}

/** The image's command as its user, in its folder, with its environment. */
async function inImage(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const image = stages.at(-1);
  const entry = image?.instructions.find(({ name }) => name === 'ENTRYPOINT')?.value ?? '[]';
  const [, ...words] = JSON.parse(entry) as string[];
  const { stdout } = await run(process.execPath, [...words, ...args], {
    cwd: path.join(rootOf('image'), WORKDIR),
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      OBFLOW_DATA_DIR: path.join(rootOf('image'), 'data'),
      ...env,
    },
    ...NODE,
  });
  return stdout;
}

describe('The image', () => {
  it('runs as a user that is not root, from a folder that is not its own', async () => {
    const image = stages.at(-1);
    expect(image?.instructions.find(({ name }) => name === 'USER')?.value).toBe('node');
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(await inImage(['--version'])).toBe(`${version}\n`);
    expect(
      await inImage(JSON.parse(image?.instructions.find(({ name }) => name === 'CMD')?.value ?? '[]')),
    ).toContain('migrate-database');
  });

  it('holds everything that API, worker and command line load, and nothing that only development needs', async () => {
    const dist = path.join(rootOf('image'), WORKDIR, 'dist');
    for (const name of ['sandbox', 'bench', 'test']) expect(existsSync(path.join(dist, name))).toBe(false);
    for (const name of ['typescript', 'jest', 'esbuild']) {
      expect(existsSync(path.join(rootOf('image'), WORKDIR, 'node_modules', name))).toBe(false);
    }
    expect(existsSync(path.join(dist, 'workflows/bundle.js'))).toBe(true);
    const load = `
      const { readdirSync } = require('node:fs');
      const files = readdirSync('dist', { recursive: true }).map(String);
      const own = files.filter((file) => file.endsWith('.js') && !/^workflows|^console|^cli.main|^start/.test(file));
      for (const file of own) require('./dist/' + file);
      console.log(own.length);
      require('./bin/cached').load(process.cwd() + '/dist/start/obflow.js').load().then(() => process.exit(0));`;
    const { stdout } = await run(process.execPath, ['-e', load], {
      cwd: path.join(rootOf('image'), WORKDIR),
      ...NODE,
    });
    expect(Number(stdout)).toBeGreaterThan(100);
  });

  it('keeps the native library of one platform only', () => {
    const releases = path.join(rootOf('image'), WORKDIR, 'node_modules/@temporalio/core-bridge/releases');
    expect(execFileSync('ls', [releases]).toString().trim().split('\n')).toHaveLength(1);
  });
});
