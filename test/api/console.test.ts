import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { repositoryRoot } from '../../runtime/paths';
import { startTestApi, type TestApi } from './harness';

const BUILT = path.join(repositoryRoot(), 'dist/console');
const KB = 1024;

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const get = (place: string, headers: Record<string, string> = {}) =>
  fetch(`${api.url}${place}`, { headers, redirect: 'manual' });

describe('the console', () => {
  it('is where a browser that asks for / is led, and nobody else', async () => {
    const browser = await get('/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    expect([browser.status, browser.headers.get('location')]).toEqual([302, '/console/']);
    expect((await get('/')).status).toBe(401);
    expect((await get('/console')).headers.get('location')).toBe('/console/');
  });

  it('answers every path with its page, which nobody keeps and no foreign script gets into', async () => {
    for (const place of ['/console/', '/console/tasks/33001?tab=log', '/console/no/such/page']) {
      const answer = await get(place);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(await answer.text()).toContain('<div id="console">');
    }
  });

  it('hands out its parts for ever, compressed for who takes that', async () => {
    const page = await (await get('/console/')).text();
    const script = /src="([^"]+\.js)"/.exec(page)?.[1] ?? '';
    const packed = await get(script, { 'accept-encoding': 'gzip' });
    expect(packed.headers.get('cache-control')).toContain('immutable');
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(packed.headers.get('vary')).toBe('accept-encoding');
    const plain = await get(script, { 'accept-encoding': 'identity' });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(await packed.text());
  });

  it('answers 404 for a part that there is not, and for paths that lead out of it', async () => {
    for (const place of [
      '/console/assets/none.js',
      '/console/assets/..%2f..%2fpackage.json',
      '/console/assets/',
    ]) {
      const answer = await get(place);
      expect([place, answer.status]).toEqual([place, 404]);
    }
  });

  it('holds no style and no script in its page, and names nothing elsewhere', async () => {
    const page = await (await get('/console/')).text();
    expect(page).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\bon\w+=|https?:\/\/(?!www\.w3\.org)/);
  });

  it('is not there when OBFLOW_CONSOLE is off', async () => {
    const without = await startTestApi({ http: { console: false } });
    try {
      const asked = (place: string) =>
        fetch(`${without.url}${place}`, { headers: { accept: 'text/html' }, redirect: 'manual' });
      expect((await asked('/console/')).status).toBe(401);
      expect((await asked('/')).status).toBe(401);
    } finally {
      await without.stop();
    }
  });
});

describe('what a browser loads', () => {
  const names = readdirSync(path.join(BUILT, 'assets'));
  const gzipped = (name: string) =>
    gzipSync(readFileSync(path.join(BUILT, 'assets', name)), { level: 9 }).length;
  const script = (name: string) => readFileSync(path.join(BUILT, 'assets', name), 'utf8');
  /** The file and whatever it imports at once. */
  const withImports = (name: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(name)) return seen;
    seen.add(name);
    for (const [, other = ''] of script(name).matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g))
      withImports(other, seen);
    return seen;
  };
  const called = (start: string, extension: string) =>
    names.find((name) => name.startsWith(start) && name.endsWith(extension)) ?? '';
  const first = withImports(called('console-', '.js'));

  it('is at most 120 KB for the first view', () => {
    const size = [...first, called('console-', '.css')].reduce((sum, name) => sum + gzipped(name), 0);
    expect(size).toBeLessThanOrEqual(120 * KB);
  });

  it('is at most 20 KB more for forms in Chinese, which nobody loads with anything else', () => {
    const forms = called('formsInChinese-', '.js');
    expect(gzipped(forms)).toBeLessThanOrEqual(20 * KB);
    const others = names.filter((name) => name.endsWith('.js') && name !== forms);
    expect(others.filter((name) => withImports(name).has(forms))).toEqual([]);
  });

  it('is at most 90 KB more for the graph, which nobody loads before', () => {
    const graph = [...withImports(called('graphTab-', '.js'))].filter((name) => !first.has(name));
    expect(graph).toContain(called('graphTab-', '.js'));
    expect(graph.reduce((sum, name) => sum + gzipped(name), 0)).toBeLessThanOrEqual(90 * KB);
  });
});
