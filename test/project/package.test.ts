/** The package that `npm pack` makes: what is in it, and that it works where nothing of the sources is. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../runtime/paths';
import { type ObflowProcess, startObflow } from '../../sandbox/stack/process';
import { describeIf, longRunOnly } from '../support/skip';

const run = promisify(execFile);
const npm = (args: readonly string[]) =>
  run('npm', [...args], { cwd: repositoryRoot(), maxBuffer: 64 * 1024 ** 2 });

function described(folder: string): {
  version: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
} {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
}

it('holds what obflow runs with, and nothing of demo, stand-ins, benchmarks and tests', async () => {
  const { stdout } = await npm(['pack', '--dry-run', '--ignore-scripts', '--json']);
  const [packed] = JSON.parse(stdout) as { files: { path: string }[] }[];
  const files = (packed?.files ?? []).map((file) => file.path);
  expect(files).toEqual(
    expect.arrayContaining([
      ...['bin/obflow.js', 'dist/start/obflow.js', 'dist/start/obflow.js.cache', 'dist/workflows/bundle.js'],
      ...['README.md', 'LICENSE', 'docs/operating.md', 'package.json'],
    ]),
  );
  expect(files.filter((file) => /^dist\/(sandbox|bench|test|cli)\/|\.ts$|\.tmp$/.test(file))).toEqual([]);
});

describeIf(longRunOnly(), 'the installed package', () => {
  let folder: string;
  let up: ObflowProcess | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-package-'));
    await npm(['pack', '--pack-destination', folder]);
    const [tarball = ''] = readdirSync(folder);
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund'];
    await npm([
      'install',
      '-g',
      '--prefix',
      path.join(folder, 'prefix'),
      ...quiet,
      path.join(folder, tarball),
    ]);
  }, 300_000);
  afterAll(async () => {
    await up?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const program = () => path.join(folder, 'prefix/bin/obflow');
  /** What finds obflow by PATH alone, in a folder of its own. */
  const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(OBFLOW_(?!TEMPORAL_CLI)|TEMPORAL_)/.test(name)),
    ),
    PATH: `${path.dirname(program())}:${process.env.PATH}`,
    ...more,
  });
  const obflow = (args: readonly string[], more?: NodeJS.ProcessEnv) =>
    run('obflow', [...args], { cwd: folder, env: environment(more) });

  it('brings the dependencies in the versions that were tested, and none of development', () => {
    const home = path.join(folder, 'prefix/lib/node_modules/obflow');
    const { dependencies, devDependencies } = described(repositoryRoot());
    const installed = (name: string) => path.join(home, 'node_modules', name);
    const versions = Object.keys(dependencies).map((name) => [name, described(installed(name)).version]);
    expect(Object.fromEntries(versions)).toEqual(dependencies);
    // Some of these are dependencies of dependencies, too.
    const development = ['jest', 'typescript', 'esbuild', 'playwright-core'];
    expect(development.filter((name) => !(name in devDependencies) || existsSync(installed(name)))).toEqual(
      [],
    );
  });

  it('is found on PATH, says its version, and runs everything: a task begun and followed by it ends well', async () => {
    expect((await obflow(['--version'])).stdout.trim()).toBe(described(repositoryRoot()).version);
    expect((await obflow(['completion', 'bash'])).stdout).toContain('complete -o default -F _obflow obflow');

    const password = 'Planted.Pack1+pass';
    const settings = {
      ...{ OBFLOW_DATA_DIR: path.join(folder, 'data'), OBFLOW_ADMIN_PASSWORD: password },
      ...{ OBFLOW_LISTEN: '127.0.0.1:0', OBFLOW_TEMPORAL_PORT: '0', OBFLOW_TEMPORAL_UI_PORT: '0' },
    };
    up = startObflow(['up'], environment(settings), path.join(folder, 'up.log'), program());
    const url = (await up.line(/^ready: http/)).slice('ready: '.length);
    const login = { OBFLOW_URL: url, OBFLOW_PASSWORD: password };
    const made = await obflow(['proxy', 'cluster', 'create', 'packed', '--watch'], login);
    expect(made.stdout).toMatch(/^Task \d+ Install obproxy is started.*\n(?:.*\n)* ?.*is SUCCESSFUL after /);
    expect((await obflow(['proxy', 'cluster', 'ls'], login)).stdout).toMatch(/ packed +CONFIG_URL/);
    expect((await obflow(['proxy', 'cluster', 'rm', 'packed', '--watch'], login)).stdout).toContain(
      'SUCCESSFUL',
    );
    expect(await up.stop()).toBe(0);
    up = undefined;
  }, 120_000);
});
