/** What is small on the line and claims, or becomes, much: packages, compressed bodies, logs. */
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { unzipSync } from 'fflate';
import { LazyList } from '../../api/http/lazyList';
import { writeDiagnosis } from '../../api/tasks/diagnosis';
import { BadRpmError, readRpmHeader } from '../../oceanbase/rpmHeader';
import type { LogLine } from '../../store/types';
import { rpm } from '../support/rpmFile';
import { until } from '../support/until';
import { type MeasuredApi, startMeasuredApi } from './measuredApi';

const MIB = 1024 ** 2;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'obflow-bombs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: Buffer) {
  const file = path.join(folder, 'some.rpm');
  await writeFile(file, content);
  return readRpmHeader(file);
}

describe('an uploaded package', () => {
  test('cut short anywhere is refused', async () => {
    const whole = rpm();
    for (let length = 0; length < whole.length; length += 37) {
      await expect(read(whole.subarray(0, length))).rejects.toThrow(BadRpmError);
    }
    await expect(read(whole.subarray(0, whole.length - 1))).rejects.toThrow(/cut short/);
    await expect(read(rpm({ size: false }).subarray(0, -1))).rejects.toThrow(/damaged/);
  });

  test('with one changed byte in its payload, or something appended, is refused', async () => {
    const changed = rpm();
    changed[changed.length - 5] = (changed[changed.length - 5] ?? 0) ^ 1;
    await expect(read(changed)).rejects.toThrow(/damaged/);
    await expect(read(Buffer.concat([rpm(), Buffer.from('x')]))).rejects.toThrow(/too many/);
  });

  test('that is no RPM, or a source package, is refused', async () => {
    await expect(read(Buffer.from('PK\x03\x04 not an rpm'.repeat(20)))).rejects.toThrow(/no RPM/);
    await expect(read(rpm({ source: true }))).rejects.toThrow(/source package/);
  });

  test('that claims absurd sizes is refused without taking the memory', async () => {
    const bomb = rpm();
    bomb.writeUInt32BE(0xffffffff, 96 + 8);
    await expect(read(bomb)).rejects.toThrow(/absurd/);
    const store = rpm();
    store.writeUInt32BE(0x7fffffff, 96 + 12);
    await expect(read(store)).rejects.toThrow(/absurd/);
    const entries = rpm();
    const header = entries.indexOf(Buffer.from([0x8e, 0xad, 0xe8, 0x01]), 100);
    for (let i = 0; i < 10; i += 1) entries.writeUInt32BE(0xfffffff0, header + 16 + i * 16 + 12);
    await expect(read(entries)).rejects.toThrow(/absurd/);
    const offsets = rpm();
    for (let i = 0; i < 10; i += 1) offsets.writeUInt32BE(0xfffffff0, header + 16 + i * 16 + 8);
    await expect(read(offsets)).rejects.toThrow(BadRpmError);
  });

  test('is not unpacked: what its payload would become is nobody’s business here', async () => {
    // No gzip at all behind the magic: whoever unpacked it would fail.
    const payload = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(100, 0xff)]);
    expect((await read(rpm({ payload }))).fileSize).toBeGreaterThan(payload.length);
  });

  test('whose values overlap, repeat or lie outside is refused or read as it stands', async () => {
    const overlapping = rpm();
    const header = overlapping.indexOf(Buffer.from([0x8e, 0xad, 0xe8, 0x01]), 100);
    // Every value begins where the first does: all texts are the name.
    for (let i = 0; i < 10; i += 1) overlapping.writeUInt32BE(0, header + 16 + i * 16 + 8);
    expect(await read(overlapping)).toMatchObject({ version: 'obproxy', home: undefined });
    const negative = rpm();
    for (let i = 0; i < 10; i += 1) negative.writeInt32BE(-16, header + 16 + i * 16 + 8);
    await expect(read(negative)).rejects.toThrow(BadRpmError);
    const unterminated = rpm({ more: [{ tag: 9_999, type: 6, values: ['x'] }] });
    const end =
      header + 16 + unterminated.readUInt32BE(header + 8) * 16 + unterminated.readUInt32BE(header + 12);
    unterminated.writeUInt32BE(unterminated.readUInt32BE(header + 12) - 1, header + 16 + 8);
    unterminated[end - 1] = 0x78;
    await expect(read(unterminated)).rejects.toThrow(BadRpmError);
  });

  test('has no home of ten megabytes', async () => {
    expect((await read(rpm({ home: `/${'a'.repeat(10 * MIB)}` }))).home).toBeUndefined();
  });
});

describe('over HTTP', () => {
  let api: MeasuredApi;
  beforeAll(async () => {
    api = await startMeasuredApi({ maxPackageBytes: 20 * MIB });
  });
  afterAll(() => api.stop());

  async function send(path: string, body: Uint8Array | FormData, headers: Record<string, string> = {}) {
    const response = await fetch(api.url + path, {
      method: 'POST',
      headers: { authorization: api.authorization, ...headers },
      body: body instanceof FormData ? body : new Uint8Array(body),
    });
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    return { status: response.status, ...error };
  }

  const packages = () => {
    try {
      return readdirSync(path.join(api.dataDir, 'packages'));
    } catch {
      return [];
    }
  };

  const zeros = Buffer.alloc(64 * MIB);
  test.each<[string, () => Buffer]>([
    // Members of a gzip follow each other: 10 MB become 10 GB.
    ['gzip', () => Buffer.concat(Array<Buffer>(160).fill(gzipSync(zeros)))],
    ['deflate', () => deflateSync(zeros)],
    ['br', () => brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ])('a body that %s makes small is unpacked up to a megabyte and no further', async (encoding, bomb) => {
    await api.measure();
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    const { status, code } = await send('/api/v2/obproxy/clusters', bomb(), headers);
    const { grown } = await api.measure();
    expect([status, code]).toEqual([413, 'COM10003']);
    // 5 to 40 seen.
    expect(grown).toBeLessThan(100);
  });

  test.each(['gzip, gzip', 'zstd', 'x', 'compress'])('a body in %j is refused', async (encoding) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    const { status, code } = await send('/api/v2/obproxy/clusters', gzipSync('{}'), headers);
    expect([status, code]).toEqual([415, 'COM10003']);
  });

  test('a compressed upload is refused before it is read', async () => {
    const type = 'multipart/form-data; boundary=b';
    const headers = { 'content-type': type, 'content-encoding': 'gzip' };
    const { status, code } = await send(
      '/api/v2/software-packages',
      gzipSync(zeros.subarray(0, MIB)),
      headers,
    );
    expect([status, code, packages()]).toEqual([415, 'COM10003', []]);
  });

  test('a package that lies about its sizes costs no memory, and is not kept', async () => {
    const bombs = [
      // More files than any package has, without names.
      rpm({ more: [{ tag: 1117, type: 8, values: Array<string>(200_001).fill('') }] }),
      // A header that is all name; and a payload that is not all there.
      rpm({ name: 'a'.repeat(15 * MIB) }),
      rpm({ payload: Buffer.alloc(15 * MIB) }).subarray(0, -1),
    ];
    await api.measure();
    for (const bomb of bombs) {
      const form = new FormData();
      form.set('file', new Blob([new Uint8Array(bomb)]), 'x.rpm');
      const { status, code, message } = await send('/api/v2/software-packages', form);
      expect([status, code]).toEqual([400, 'COM10001']);
      expect(message.length).toBeLessThan(500);
    }
    const { grown } = await api.measure();
    expect(packages()).toEqual([]);
    // 80 to 130 seen.
    expect(grown).toBeLessThan(300);
  });

  test('a package over the limit is refused, announced or not, and leaves nothing', async () => {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(21 * MIB)]), 'x.rpm');
    const { status, code, message } = await send('/api/v2/software-packages', form);
    expect([status, code, packages()]).toEqual([413, 'COM10003', []]);
    expect(message).toContain('OBFLOW_MAX_PACKAGE_MB');
    // Announced by its length: refused before any of it was read.
    for (const [target, type] of [
      ['/api/v2/software-packages', 'multipart/form-data; boundary=b'],
      ['/api/v2/obproxy/clusters', 'application/json'],
    ]) {
      const socket = connect(api.port, '127.0.0.1');
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      socket.write(
        `POST ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: ${api.authorization}\r\n` +
          `Content-Type: ${type}\r\nContent-Length: 9000000000\r\n\r\n`,
      );
      await until('it is answered', () => text.includes('\r\n\r\n'));
      socket.destroy();
      expect(text).toMatch(/^HTTP\/1\.1 413 /);
    }
    expect(packages()).toEqual([]);
  });

  test('a body without an end, in pieces of no announced length, is answered and cut off', async () => {
    const socket = connect(api.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(
      `POST /api/v2/obproxy/clusters HTTP/1.1\r\nHost: x\r\nAuthorization: ${api.authorization}\r\n` +
        'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const piece = `10000\r\n${' '.repeat(65_536)}\r\n`;
    const more = () => {
      while (!socket.destroyed && socket.write(piece));
      if (!socket.destroyed) socket.once('drain', more);
    };
    await api.measure();
    more();
    await closed;
    expect(text).toMatch(/^(HTTP\/1\.1 413 |$)/);
    expect((await api.measure()).grown).toBeLessThan(100);
  });
});

describe('the diagnosis of a task', () => {
  test('holds a thousand lines of a log in memory, however long the log is', async () => {
    const parts = 6;
    const line: LogLine = {
      ...{ subtaskId: 5, run: 1, operation: 'EXECUTE', time: '2024-01-01T00:00:00.000Z' },
      ...{ level: 'INFO', text: 'x'.repeat(4_000) },
    };
    let made = 0;
    const tasks = {
      loggedRuns: async () => [line],
      async *readLogParts() {
        for (; made < parts; made += 1) yield Array<LogLine>(1_000).fill(line);
      },
    };
    const chunks: Buffer[] = [];
    let taken: (() => void) | undefined;
    let stalled = true;
    const output = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        if (stalled) taken = done;
        else setImmediate(done);
      },
    });
    const writing = writeDiagnosis(output, { id: 1, subtasks: LazyList.of([]) } as never, tasks);
    await until('something is to be taken', () => taken !== undefined);
    for (let i = 0; i < 100; i += 1) await new Promise((resolve) => setImmediate(resolve));
    // A client that takes nothing makes nothing be read.
    expect(made).toBe(0);
    stalled = false;
    taken?.();
    await writing;
    await finished(output);
    expect(made).toBe(parts);
    const log = unzipSync(Buffer.concat(chunks))['subtask_5_1.log'];
    expect(log?.length).toBeGreaterThan(parts * 1_000 * 4_000);
  });
});
