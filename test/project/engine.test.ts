/**
 * Dockerfile and docker-compose.yml on a container engine: the image is built and run, the whole composition started,
 * its demo installs OBProxies on hosts that are containers. Some minutes and gigabytes, so only `npm run test:image`
 * does it, where there is an engine that has the images it starts from or can pull them.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { repositoryRoot } from '../../runtime/paths';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { dockerfile } from './dockerfile';

const run = promisify(execFile);
const MINUTE = 60_000;
const root = repositoryRoot();
const project = `obflow-test-${randomBytes(4).toString('hex')}`;
const image = `${project}-image`;

interface Compose {
  readonly services: Record<string, { image?: string; build?: { context: string } }>;
}

/** Its standard output; undefined when it fails or takes longer than `timeout`. */
function answer(command: readonly string[], timeout = 20_000): string | undefined {
  const [program = '', ...args] = command;
  try {
    return execFileSync(program, args, { timeout, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  } catch {
    return undefined;
  }
}

/** `docker` or `podman` whose engine answers, and Docker Compose where `!reset` is known (2.24.4). */
function found(): { engine: string; compose: readonly string[] | undefined } | { reason: string } {
  if (process.env.OBFLOW_TEST_IMAGE !== 'long') return { reason: 'long; npm run test:image runs it' };
  const engine = ['docker', 'podman'].find((name) => answer([name, 'version']) !== undefined);
  if (engine === undefined) return { reason: 'no container engine answers; apt-get install docker.io' };
  const compose = [['docker', 'compose'], ['docker-compose']].find((command) => {
    const version = answer([...command, 'version', '--short']);
    const [major = 0, minor = 0, patch = 0] = (version ?? '').replace(/^v/, '').split('.').map(Number);
    return engine === 'docker' && (major > 2 || (major === 2 && minor * 100 + patch >= 2404));
  });
  const missing = imagesFrom(compose !== undefined).find(
    (name) =>
      answer([engine, 'image', 'inspect', name]) === undefined &&
      answer([engine, 'pull', name], 5 * MINUTE) === undefined,
  );
  return missing === undefined ? { engine, compose } : { reason: `${engine} cannot pull ${missing}` };
}

/** The images that others publish. */
function imagesFrom(composition: boolean): string[] {
  const files = [path.join(root, 'Dockerfile'), path.join(root, 'docker/testhost/Dockerfile')];
  const stages = files.flatMap((file) => dockerfile(file));
  const bases = stages.map(({ base }) => base).filter((base) => !stages.some(({ name }) => name === base));
  const { services } = parse(readFileSync(path.join(root, 'docker-compose.yml'), 'utf8'), {
    merge: true,
  }) as Compose;
  const started = Object.values(services).map((service) => service.image ?? 'obflow');
  return [...new Set([...bases, ...(composition ? started.filter((name) => name !== 'obflow') : [])])];
}

const on = found();
const engine = 'engine' in on ? on.engine : '';
const compose = 'engine' in on ? on.compose : undefined;
const nothing = 'reason' in on ? on.reason : undefined;

const folder = nothing === undefined ? mkdtempSync(path.join(os.tmpdir(), 'obflow-engine-')) : '';
const inEngine = async (...args: string[]) => (await run(engine, args, { maxBuffer: 1e8 })).stdout;

/** Docker Compose with the file as it stands, but for names and published ports that others may have taken. */
async function composing(...args: string[]): Promise<string> {
  const [program = '', ...words] = compose ?? [];
  const files = ['-f', path.join(root, 'docker-compose.yml'), '-f', path.join(folder, 'override.yml')];
  const { stdout } = await run(
    program,
    [...words, '--progress', 'plain', '-p', project, ...files, '--profile', 'demo', ...args],
    {
      env: {
        ...process.env,
        OBFLOW_SECRETS: path.join(folder, 'secrets'),
        OBFLOW_PUBLIC_URL: 'http://api:8080',
      },
      maxBuffer: 1e8,
    },
  );
  return stdout;
}

beforeAll(async () => {
  if (nothing !== undefined) return;
  execFileSync('sh', [path.join(root, 'docker/make-secrets.sh'), path.join(folder, 'secrets')]);
  writeFileSync(
    path.join(folder, 'override.yml'),
    `services:
  api: { image: ${image}, ports: !reset [] }
  worker: { image: ${image} }
  temporal-ui: { ports: !reset [] }
`,
  );
  if (compose === undefined) await inEngine('build', '-q', '-t', image, root);
  else await composing('build');
}, 30 * MINUTE);

afterAll(async () => {
  if (nothing !== undefined) return;
  if (compose !== undefined) await composing('down', '--volumes', '--timeout', '5', '--rmi', 'local');
  await inEngine('image', 'rm', '-f', image);
  rmSync(folder, { recursive: true, force: true });
}, 5 * MINUTE);

describeIf(nothing, 'The image on a container engine', () => {
  const bare = ['--rm', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

  it('runs without root, any capability, and a place to write but the data folder', async () => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(await inEngine('run', ...bare, image, '--version')).toBe(`${version}\n`);
    const look = `
      const { writeFileSync } = require('node:fs');
      const tried = ['/opt/obflow/x', '/data/x'].map((file) => {
        try { writeFileSync(file, ''); return 'written'; } catch (error) { return error.code; }
      });
      console.log(process.getuid(), ...tried);`;
    expect(await inEngine('run', ...bare, '--entrypoint', 'node', image, '-e', look)).toBe(
      '1000 EROFS written\n',
    );
  });

  it('adds less than 220 MB to Node.js', async () => {
    const size = async (name: string) =>
      Number(await inEngine('image', 'inspect', '--format', '{{.Size}}', name));
    const base = dockerfile(path.join(root, 'Dockerfile')).at(-1)?.base ?? '';
    expect((await size(image)) - (await size(base))).toBeLessThan(220e6);
  });
});

describeIf(
  nothing ?? (compose === undefined ? 'no Docker Compose 2.24.4 or newer' : undefined),
  'docker-compose.yml on a container engine',
  () => {
    /** Status and document that the API answers to its administrator. */
    const asked = async (url: string) => {
      const script = `
        const login = 'admin:' + require('node:fs').readFileSync('/run/secrets/admin-password', 'utf8').trim();
        fetch('http://127.0.0.1:8080${url}', { headers: { authorization: 'Basic ' + btoa(login) } })
          .then(async (answer) => console.log(JSON.stringify({ status: answer.status, body: await answer.json() })));`;
      return JSON.parse(await composing('exec', '-T', 'api', 'node', '-e', script)) as {
        status: number;
        body: { data?: { contents: { name: string; status: string }[] } };
      };
    };
    const ready = () =>
      until(
        'a ready API with a worker',
        async () => (await asked('/readyz').catch(() => undefined))?.status === 200,
        3 * MINUTE,
      );
    const states = async () =>
      (await composing('ps', '--all', '--format', '{{.Service}} {{.State}} {{.Health}} {{.ExitCode}}'))
        .trim()
        .split('\n')
        .map((line) => line.trim());

    it(
      'starts everything, and the demo installs OBProxies on three hosts',
      async () => {
        await composing('up', '--detach', '--no-build', '--scale', 'worker=2');
        const end = 'The OceanBase stand-in runs until';
        const told = await until(
          'the end of the demo',
          async () => {
            const log = await composing('logs', '--no-log-prefix', 'demo');
            const ended = (await states()).some((line) => /^demo exited/.test(line));
            return (log.includes(end) || ended) && log;
          },
          10 * MINUTE,
        );
        expect(told.match(/^[0-9.]+ +\d+ +SUCCESSFUL/gm) ?? told).toHaveLength(3);
        await ready();
        const healthy = ['api', 'postgresql', 'temporal', 'worker', 'worker'];
        await until('health of all', async () => {
          const found = (await states()).filter((line) => line.includes(' running healthy '));
          return found.length === healthy.length;
        });
        const seen = await states();
        for (const name of healthy) expect(seen).toContain(`${name} running healthy 0`);
        for (const name of ['temporal-schema', 'temporal-namespace'])
          expect(seen.find((line) => line.startsWith(name))).toMatch(/exited +0$/);
      },
      20 * MINUTE,
    );

    it(
      'finds everything again after its containers were removed and made anew',
      async () => {
        await composing('down', '--timeout', '20');
        await composing('up', '--detach', '--no-build', 'api', 'worker');
        await ready();
        const tasks = (await asked('/api/v2/tasks/instances')).body.data?.contents ?? [];
        expect(tasks.map(({ status }) => status)).toEqual(Array(4).fill('SUCCESSFUL'));
      },
      10 * MINUTE,
    );
  },
);
