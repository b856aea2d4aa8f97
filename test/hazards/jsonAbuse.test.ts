/** Bodies of JSON that are valid and mean harm: long, deep, odd. */
import { type MeasuredApi, startMeasuredApi } from './measuredApi';

const MIB = 1024 ** 2;
/** Milliseconds in which nobody else is served; 50 to 900 seen on two cores that had ten times too much to do. */
const STALL = 3_000;
/** MiB that one abusive body may take, garbage included; up to 30 seen. */
const MEMORY = 150;
const SECRET = 'Planted.json-s3cret';

let api: MeasuredApi;
beforeAll(async () => {
  api = await startMeasuredApi();
});
afterAll(() => api.stop());

interface Outcome {
  readonly status: number;
  readonly text: string;
  readonly error: { code: string; message: string; subErrors?: { field: string; message: string }[] };
}

async function send(
  method: string,
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Outcome> {
  const response = await fetch(api.url + path, {
    method,
    headers: { authorization: api.authorization, 'content-type': 'application/json', ...headers },
    body: body as string,
  });
  const text = await response.text();
  return { status: response.status, text, error: (JSON.parse(text) as { error: Outcome['error'] }).error };
}

/** Sends it and sees that it cost next to nothing, whatever was answered. */
async function cheaply(method: string, path: string, body: string): Promise<Outcome> {
  const outcome = await send(method, path, body);
  const { grown, stalled } = await api.measure();
  expect({ path, stalled: stalled < STALL, memory: grown < MEMORY }).toEqual({
    ...{ path, stalled: true, memory: true },
  });
  expect(outcome.text.length).toBeLessThan(64 * 1024);
  return outcome;
}

const CREATE = '/api/v2/obproxy/clusters';
const INVENTORY = '/api/v2/inventory';
const fill = (piece: string, bytes = MIB - 1_000) =>
  piece.repeat(Math.floor(bytes / piece.length)).slice(0, -1);

describe('a body of a megabyte', () => {
  test.each<[string, string, string, string, RegExp]>([
    [
      'of host ids',
      'POST',
      '/api/v2/obproxy/clusters/1/obproxies/batchAdd',
      `{"hostIds":[${fill('1,')}]}`,
      /hostIds must have at most 2000 entries/,
    ],
    [
      'of empty hosts',
      'PUT',
      INVENTORY,
      `{"hosts":[${fill('{},')}]}`,
      /hosts must have at most 2000 entries/,
    ],
    [
      'of lists of servers',
      'PUT',
      INVENTORY,
      `{"obClusters":[${fill(`{"rootServers":[${fill('0,', 1_900)}]},`, MIB - 100_000)}]}`,
      /more than 50000 values/,
    ],
    [
      'of wrong hosts, as many as there may be',
      'PUT',
      INVENTORY,
      `{"hosts":[${Array(1_000).fill('{"ip":1,"sshPort":"x"}').join()}]}`,
      /; and \d{4} more\./,
    ],
    [
      'of parameters of one name',
      'POST',
      CREATE,
      `{"name":"a","parameters":[${Array(2_000).fill('{"name":"a","value":"b"}').join()}]}`,
      /parameters/,
    ],
    [
      'of fields',
      'POST',
      CREATE,
      `{${Array.from({ length: 90_000 }, (_, i) => `"f${i}":0`).join()}}`,
      /more than 50000 values/,
    ],
    ['of one key', 'POST', CREATE, `{"${'k'.repeat(MIB - 100)}":{"a":"\\u0000"}}`, /must not hold NUL/],
    ['of digits', 'POST', CREATE, `{"name":"a","port":${'9'.repeat(MIB - 100)}}`, /port/],
    [
      'of nested lists',
      'POST',
      CREATE,
      `{"x":${'['.repeat(MIB / 2 - 100)}${']'.repeat(MIB / 2 - 100)}}`,
      /nested deeper than 20 levels/,
    ],
    [
      'of nested objects',
      'POST',
      CREATE,
      `${'{"x":'.repeat(170_000)}1${'}'.repeat(170_000)}`,
      /nested deeper than 20 levels/,
    ],
  ])('%s is refused at once, with a short answer', async (_what, method, path, body, message) => {
    const { status, error } = await cheaply(method, path, body);
    expect([status, error.code]).toEqual([400, 'COM10001']);
    expect(error.message).toMatch(message);
    expect(error.message.length).toBeLessThan(2_000);
    expect(error.subErrors?.length ?? 0).toBeLessThanOrEqual(100);
  });

  test('and one byte is refused by its length, before and after it came', async () => {
    const long = `{"name":"${'x'.repeat(MIB)}"}`;
    const { status, error } = await cheaply('POST', CREATE, long);
    expect([status, error.code]).toEqual([413, 'COM10003']);
  });

  test.each(['a', 'a-', './', '\u00e4'])(
    'of texts of %j in every field is refused at once',
    async (piece) => {
      const text = (bytes: number) => piece.repeat(bytes / Buffer.byteLength(piece));
      const x = text(60_000);
      const link = { clusterName: x, username: x };
      const create = {
        ...{ name: x, address: x, workMode: x, password: x, installPath: x, runUser: x, clientToken: x },
        ...{
          obLinks: [link],
          parameters: [{ name: x, value: x }],
          startupParameters: [{ name: x, value: x }],
        },
        obproxyInstallParam: { version: x, installPath: x },
      };
      const store = {
        hosts: [{ ip: x, name: x, credential: x, hostKey: x, idc: x, region: x }],
        credentials: [{ name: x, kind: x, username: x, secret: x, passphrase: x }],
        obClusters: [{ name: x, version: x, sysCredential: x, rootServers: [{ ip: x }] }],
      };
      const long = text(900_000);
      const requests: [string, string, unknown][] = [
        ['POST', CREATE, create],
        ['POST', CREATE, { name: 'a', obproxyInstallParam: { version: `${long}.rpm` } }],
        ['PUT', INVENTORY, store],
        ['POST', '/api/v2/iam/users', { name: x, password: long }],
        ['POST', '/api/v2/tasks/instances/1/retry', { reason: long }],
      ];
      for (const [method, path, body] of requests) {
        const { status, error } = await cheaply(method, path, JSON.stringify(body));
        expect([path, status >= 400 && status < 500]).toEqual([path, true]);
        expect(error.message.length).toBeLessThan(2_000);
      }
    },
  );
});

describe('odd values', () => {
  test.each<[string, string, number]>([
    ['a number beyond all', '{"name":"a","port":1e400}', 400],
    ['a number that loses its digits', '{"name":"a","port":9007199254740993}', 400],
    ['a number below nothing', '{"name":"a","port":-0.0000001}', 400],
    ['a number in a text', '{"name":"a","port":"80"}', 400],
    ['half a character', '{"name":"a","obLinks":[{"clusterName":"x\\ud800"}]}', 400],
    ['NUL', '{"name":"a","obLinks":[{"clusterName":"x\\u0000y"}]}', 400],
    ['NUL in a field nobody knows', '{"name":"a","x":"\\u0000"}', 400],
    ['no object', '"text"', 400],
    ['nothing but null', 'null', 400],
    ['NaN', '{"name":"a","port":NaN}', 400],
    ['a comment', '{"name":"a"/**/}', 400],
    ['two documents', '{"name":"a"}{"name":"b"}', 400],
    ['a byte order mark within', '{"name":\ufeff"a"}', 400],
  ])('%s is refused with a clear error', async (_what, body, expected) => {
    const { status, error } = await send('POST', CREATE, body);
    expect([status, /^COM1000[13]$/.test(error.code)]).toEqual([expected, true]);
  });

  test('bytes that are no UTF-8, or another charset, are refused or harmless', async () => {
    const latin = await send('POST', CREATE, '{"name":1}', {
      'content-type': 'application/json; charset=latin1',
    });
    expect([latin.status, latin.error.code]).toEqual([415, 'COM10003']);
    const nonsense = await send('POST', CREATE, '{"name":1}', {
      'content-type': 'application/json; charset=x\u00e4',
    });
    expect(nonsense.status).toBe(415);
    const broken = await send(
      'POST',
      CREATE,
      Buffer.from('7b226e616d65223a22ff22 7d'.replace(' ', ''), 'hex'),
    );
    expect(broken.status).toBe(400);
    const wide = await send('POST', CREATE, Buffer.from('{"name":1}', 'utf16le'), {
      'content-type': 'application/json; charset=utf-16',
    });
    expect(wide.status).toBe(400);
  });

  test.each([
    '{"__proto__":{"name":"p","roles":["ADMIN"]}}',
    '{"constructor":{"prototype":{"name":"p"}}}',
    '{"name":{"__proto__":{"toString":"x"}}}',
    '{"toString":1,"hasOwnProperty":1,"valueOf":null}',
  ])('%s changes no object but itself', async (body) => {
    const { status, error } = await send('POST', CREATE, body);
    expect([status, error.code]).toEqual([400, 'COM10001']);
    const after = await send('POST', CREATE, '{}');
    expect(after.error.message).toContain('name is required');
  });

  test('of a key that stands twice the last one counts, for the checks as for what is stored', async () => {
    const { error } = await send('POST', CREATE, '{"name":"good","name":"b d"}');
    expect(error.subErrors).toEqual([{ field: 'name', rejectedValue: 'b d', message: expect.any(String) }]);
  });

  test('what is refused shows no secret that stood beside it', async () => {
    const body = {
      credentials: [
        { name: 'c', kind: 'SSH_KEY', username: 'root', secret: `${SECRET}\u0000`, passphrase: SECRET },
      ],
    };
    const { status, text } = await send('PUT', INVENTORY, JSON.stringify(body));
    expect(status).toBe(400);
    expect(text).not.toContain(SECRET);
    const password = await send('POST', CREATE, JSON.stringify({ name: 'a', password: SECRET.repeat(3) }));
    expect(password.status).toBe(400);
    expect(password.text).not.toContain(SECRET);
  });
});
