import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CODES } from '../../api/http/messages/codes';
import { chineseFault, inLanguage } from '../../api/http/messages/language';
import { repositoryRoot } from '../../runtime/paths';
import { basic, type Json, PASSWORD, startTestApi, type TestApi } from './harness';

const CHINESE = /[\u4e00-\u9fff]/;

/** Sources of the product in these folders, by path. */
function sources(...folders: string[]): Map<string, string> {
  const files = folders.flatMap((folder) =>
    readdirSync(path.join(repositoryRoot(), folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('messages'))
      .map((name) => path.join(folder, name)),
  );
  return new Map(files.map((file) => [file, readFileSync(path.join(repositoryRoot(), file), 'utf8')]));
}

describe('the catalogue of codes', () => {
  const all = sources('api', 'operations', 'store', 'hosts', 'oceanbase', 'activities', 'workflows');
  const used = new Set([...all.values()].flatMap((text) => text.match(/(?<=['"`])[A-Z]{3}\d{5}\b/g) ?? []));

  test('has both texts of every code that the source uses', () => {
    expect(used.size).toBeGreaterThan(50);
    expect([...used].filter((code) => !Object.hasOwn(CODES, code))).toEqual([]);
    for (const { en, zh } of Object.values(CODES)) {
      expect(en).toMatch(/^[A-Za-z0-9 ,.'-]+$/);
      expect(zh).toMatch(CHINESE);
    }
  });

  test('has a Chinese text of everything that can be wrong with a field', () => {
    const composed = [
      'a string',
      'a number',
      'a whole number',
      'true or false',
      'a list',
      'an object',
      'at most 5',
      'at least 5',
    ].map((what) => `must be ${what}`);
    const sized = ['characters', 'entries'].flatMap((what) => [
      `must have at most 5 ${what}`,
      `must have at least 5 ${what}`,
    ]);
    for (const fault of [...composed, ...sized]) expect(chineseFault(fault)).toMatch(CHINESE);
    const files = [...sources('api', 'operations')].filter(
      ([file]) => file !== path.join('api', 'errors.ts'),
    );
    const texts = files.flatMap(([file, text]) =>
      // A value stands where the source has one.
      [
        ...text.matchAll(
          /(['`])((?:must|names|needs|is (?:required|taken|needed|declared|used|no zone|the RPC)) ?[^\n]*?)\1(?=[,);\s])/g,
        ),
      ]
        .map(([, , fault = '']) => fault.replace(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, 'x1'))
        .filter((fault) => fault.length < 200)
        .map((fault) => `${file}: ${fault}`),
    );
    expect(texts.length).toBeGreaterThan(60);
    const missing = texts.filter(
      (text) => !CHINESE.test(chineseFault(text.slice(text.indexOf(': ') + 2)) ?? ''),
    );
    expect(missing).toEqual([]);
  });
});

test('docs/error-codes.md lists the catalogue', () => {
  const page = readFileSync(path.join(repositoryRoot(), 'docs/error-codes.md'), 'utf8');
  const rows = page.split('\n').filter((line) => /^\| ([A-Z]{3}\d|0)/.test(line));
  expect(rows).toEqual(Object.entries(CODES).map(([code, { en, zh }]) => `| ${code} | ${en} | ${zh} |`));
});

describe('an error', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.stop());

  const ask = (
    language: string | undefined,
    where = '/api/v2/tasks/instances/99',
    method = 'GET',
    body?: unknown,
  ) => api.send(method, where, body, language === undefined ? {} : { 'accept-language': language });

  test.each([
    [undefined, 'en-US'],
    ['en-US', 'en-US'],
    ['zh-CN', 'zh-CN'],
    ['zh', 'zh-CN'],
    ['zh-Hans-CN,zh;q=0.9', 'zh-CN'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
    ['en;q=0.8,zh-CN;q=0.9', 'zh-CN'],
    ['zh-CN;q=0.3,en-US;q=0.7', 'en-US'],
    ['fr-FR,zh-CN;q=0.5', 'zh-CN'],
    ['fr-FR', 'en-US'],
    ['zh-CN;q=0', 'en-US'],
    ['*', 'en-US'],
    ['garbage;;q=zzz', 'en-US'],
  ])('to a client that accepts %s is %s', async (accepted, language) => {
    const { status, headers, body } = await ask(accepted);
    expect([status, headers.get('content-language')]).toEqual([404, language]);
    expect(headers.get('vary')?.toLowerCase()).toContain('accept-language');
    expect(CHINESE.test(body.error.message)).toBe(language === 'zh-CN');
    expect(body.error.message).toContain('99');
    expect(body.error.code).toBe('TSK10001');
  });

  test('of several fields is Chinese field by field, values as they are', async () => {
    const { body } = await ask('zh-CN', '/api/v2/obproxy/clusters', 'POST', {
      name: 5,
      obLinks: {},
      obproxyInstallParam: [],
      address: 'x'.repeat(300),
    });
    const texts = Object.fromEntries(body.error.subErrors.map((sub: Json) => [sub.field, sub.message]));
    expect(texts).toMatchObject({
      name: '必须是字符串',
      obLinks: '必须是列表',
      obproxyInstallParam: '必须是对象',
      address: '最多 255 个字符',
    });
    expect(body.error.message).toMatch(/^请求参数不合法：.*name 必须是字符串；.*。$/);
  });

  test.each<[string, string, string, Record<string, string>, unknown]>([
    ['no login', 'GET', '/api/v2/info', { authorization: '' }, undefined],
    ['a wrong login', 'GET', '/api/v2/info', { authorization: basic('admin', `${PASSWORD}x`) }, undefined],
    ['an unknown path', 'GET', '/api/v2/nowhere', {}, undefined],
    ['a wrong method', 'DELETE', '/api/v2/obproxy/clusters', {}, undefined],
    ['no JSON', 'POST', '/api/v2/obproxy/clusters', {}, '{'],
    ['another type of body', 'POST', '/api/v2/obproxy/clusters', { 'content-type': 'text/xml' }, '<x/>'],
    ['an unknown cluster', 'GET', '/api/v2/obproxy/clusters/4711', {}, undefined],
  ])('about %s is Chinese', async (_what, method, where, headers, body) => {
    const answer = await api.send(method, where, body, { 'accept-language': 'zh-CN', ...headers });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    // Names of headers, paths and commands stay; sentences do not.
    expect(answer.body.error.message).toMatch(CHINESE);
    expect(answer.body.error.message).not.toMatch(/\b(is|the|There|Send|not)\b/);
  });

  test('whose text is not in the catalogue keeps it under the headline of its code', () => {
    const error = { code: 'OBE18004', message: 'Zone "z1" is INACTIVE: start the zone first.' };
    expect(inLanguage(error, 'zh-CN').message).toBe(`Zone 当前状态不允许该操作：${error.message}`);
    expect(inLanguage(error, 'en-US')).toEqual(error);
    expect(inLanguage({ code: 'XXX1', message: 'm' }, 'zh-CN').message).toBe('m');
  });
});
