import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { schemathesis } from '../support/schemathesis';
import { describeIf } from '../support/skip';
import {
  givenHost,
  givenPackage,
  givenProxyCluster,
  type Json,
  PASSWORD,
  startTestApi,
  type TestApi,
} from './harness';
import { givenAnsweringCluster, type ObScene } from './obScene';

/**
 * `npm run test:schemathesis` adds every boundary value of every field (phase coverage) and more examples, from a
 * seed of its own.
 */
const FULL = process.env.OBFLOW_TEST_SCHEMATHESIS === 'full';
const PHASES = FULL ? 'examples,coverage,fuzzing' : 'examples,fuzzing';
const EXAMPLES = FULL ? '50' : '5';
const SEED = process.env.OBFLOW_TEST_SCHEMATHESIS_SEED ?? (FULL ? String(Date.now() % 1_000_000) : '1');
const MINUTES = FULL ? 30 : 4;

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  'unsupported_method',
  'allow_header_conformance',
];

const found = schemathesis();

describeIf(found.python === undefined ? found.reason : undefined, 'Schemathesis', () => {
  let api: TestApi;
  let folder: string;
  let scene: ObScene | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'obflow-schemathesis-'));
    // Hosts that refuse, whatever it declares: nothing leaves this machine.
    api = await startTestApi({ unreachableHosts: true });
  });
  afterAll(async () => {
    await scene?.observer.stop();
    await api.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Something to find in every list, and its ids for paths. */
  async function inventoryToPlayWith(): Promise<Record<string, number | string>> {
    const hostId = await givenHost(api.store, '127.0.0.9', {}, 9);
    const clusterId = await givenProxyCluster(api.store, 'watched');
    // One that answers: of a silent one there is a 503 to many calls, which is no fault of the API.
    scene = await givenAnsweringCluster(api.store, { tenants: ['app'] });
    const part = await givenPackage(api.store, { version: '4.3.1.0', release: '1.el7' });
    const { body } = await api.send('POST', `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`, {
      hostIds: [hostId],
      sqlPort: 2883,
      exporterPort: 2884,
      version: part.fileName,
    });
    const [task] = body.data.contents;
    return {
      id: clusterId,
      hostId,
      taskInstanceId: task.id,
      subtaskInstanceId: task.subtasks[0].id,
      fileName: part.fileName,
      file: 'start.js',
    };
  }

  async function run(ids: Record<string, number | string>): Promise<{ code: number | null; output: string }> {
    const config = path.join(folder, 'schemathesis.toml');
    // Most paths lead somewhere, the others stay as generated.
    const toml = Object.entries(ids).map(
      ([name, value]) =>
        `[dictionaries.${name}]\nvalues = [${JSON.stringify(value)}]\n` +
        `[parameters."path.${name}"]\ndictionary = "${name}"\nprobability = 0.8\n`,
    );
    await writeFile(config, toml.join(''));
    const document = (await api.send('GET', '/openapi.json')).body;
    const endless = Object.entries<Json>(document.paths)
      .filter(([, { get }]) => get?.responses[200]?.content['text/event-stream'] !== undefined)
      .flatMap(([where]) => ['--exclude-path', where]);
    const options = {
      auth: `admin:${PASSWORD}`,
      phases: PHASES,
      checks: CHECKS.join(','),
      'max-examples': EXAMPLES,
      seed: SEED,
      // Python 3.11 compiles in one thread only (SystemError: AST constructor recursion depth mismatch).
      workers: '1',
      'request-timeout': '60',
      warnings: 'off',
      'generation-database': 'none',
      'suppress-health-check': 'all',
    };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn(
      found.python ?? '',
      [
        ...['-m', 'schemathesis.cli', '--config-file', config, 'run', `${api.url}/openapi.json`],
        ...[...words, ...endless, '--continue-on-failure', '--no-shrink', '--no-color'],
      ],
      {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: MINUTES * 60_000 - 10_000,
        killSignal: 'SIGKILL',
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
    }
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, output };
  }

  test(
    `finds no 5xx, no undocumented status and no answer other than declared (seed ${SEED})`,
    async () => {
      const { code, output } = await run(await inventoryToPlayWith());
      // Had it changed its own password, everything after that would have been answered at the door.
      expect((await api.send('GET', '/api/v2/iam/me')).status).toBe(200);
      // The last lines say what was tested; on failure everything says how to repeat it.
      expect([code, code === 0 ? '' : output]).toEqual([0, '']);
      expect(output).toMatch(/Test cases:\s+\d{3,} generated/);
    },
    MINUTES * 60_000,
  );
});
