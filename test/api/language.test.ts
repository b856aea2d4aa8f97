import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CODES } from '../../api/http/messages/codes';
import { inLanguage } from '../../api/http/messages/language';
import { CATALOGUE, chinese, say } from '../../runtime/messages/catalogue';
import { repositoryRoot } from '../../runtime/paths';
import { basic, type Json, PASSWORD, startTestApi, type TestApi } from './harness';

const CHINESE = /[\u4e00-\u9fff]/;

/** Sources of the product in these folders, by path. */
function sources(...folders: string[]): Map<string, string> {
  const files = folders.flatMap((folder) =>
    readdirSync(path.join(repositoryRoot(), folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('messages/codes.ts'))
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
});

describe('the catalogue of texts', () => {
  const all = [
    ...sources(
      'api',
      'cli',
      'contact',
      'activities',
      'operations',
      'oceanbase',
      'hosts',
      'runtime',
      'store',
      'worker',
      'workflows',
    ),
  ].filter(([file]) => !/^(runtime\/messages\/|workflows\/texts\.ts)/.test(file));
  const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

  test.each(Object.entries(CATALOGUE))('has %s in both languages, with the same values', (_key, [en, zh]) => {
    expect(placeholders(zh)).toEqual(placeholders(en));
    // A frame around other texts has no words of its own.
    if (/[a-z]{2}/.test(en.replace(/\{\w+\}/g, ''))) expect(zh).toMatch(CHINESE);
  });

  test('has no text that nobody says', () => {
    const source = all.map(([, text]) => text).join('\n');
    expect(Object.keys(CATALOGUE).filter((key) => !source.includes(`'${key}'`))).toEqual([]);
  });

  test('has everything that can be wrong with a field', () => {
    const bare = all
      .filter(([file]) => /^(api|operations|oceanbase)\//.test(file))
      .flatMap(([file, text]) =>
        [
          ...text.matchAll(
            /(['`])((?:must|names|needs|is (?:required|taken|needed|declared|used|no zone|the RPC)) [^\n]*?)\1(?=[,);\s])/g,
          ),
        ].map(([, , fault = '']) => `${file}: ${fault}`),
      );
    expect(bare).toEqual([]);
  });
});

describe('docs/error-codes.md', () => {
  const page = readFileSync(path.join(repositoryRoot(), 'docs/error-codes.md'), 'utf8');
  const rows = [...page.matchAll(/^\| ([A-Z]{3}\d+|0) \| ([\d, –]+) \| (.+) \| (.+) \|$/gm)];

  test('lists the catalogue', () => {
    expect(rows.map(([, code, , en, zh]) => [code, en, zh])).toEqual(
      Object.entries(CODES).map(([code, { en, zh }]) => [code, en, zh]),
    );
  });

  test('has every status that a refusal names with a code', () => {
    const statuses = new Map(rows.map(([, code = '', all = '']) => [code, all.split(', ')]));
    const named = [...sources('api', 'operations').values()].flatMap((text) => [
      ...text.matchAll(/\b(?:new Refusal|refuse)\(\s*(\d{3}),\s*'([A-Z]{3}\d{5})'/g),
    ]);
    expect(named.length).toBeGreaterThan(80);
    const missing = named.filter(([, status = '', code = '']) => !statuses.get(code)?.includes(status));
    expect(missing.map(([, status, code]) => `${code} ${status}`)).toEqual([]);
  });
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

  test('is Chinese only when every part of it is', () => {
    const known = say('request.fault', { field: 'name', fault: say('is.taken') });
    expect(chinese(known)).toBe('请求参数不合法：name 已被占用。');
    // As another release may have stored it.
    const unknown = { key: 'request.fault', args: { field: 'name', fault: { key: 'is.odd', args: {} } } };
    expect(chinese(unknown)).toBeUndefined();
    expect(chinese({ key: 'request.fault', args: { field: 'name' } })).toBeUndefined();
    expect(chinese({ key: 'toString', args: {} })).toBeUndefined();
    expect(chinese({ key: 'is.used', args: { host: '{service}', service: '$&' } })).toBe(
      '在 {service} 上已被 $& 占用',
    );
  });

  test('whose text is not in the catalogue keeps it under the headline of its code', () => {
    const error = { code: 'OBE18004', message: 'Zone "z1" is INACTIVE: start the zone first.' };
    expect(inLanguage(error, 'zh-CN').message).toBe(`Zone 当前状态不允许该操作：${error.message}`);
    expect(inLanguage(error, 'en-US')).toEqual(error);
    expect(inLanguage({ code: 'XXX1', message: 'm' }, 'zh-CN').message).toBe('m');
  });
});
