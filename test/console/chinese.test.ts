import type { Page } from 'playwright-core';
import { givenHost, givenProxyCluster, PASSWORD, startTestApi, type TestApi } from '../api/harness';
import { givenAnsweringCluster, type ObScene } from '../api/obScene';
import { chromiumUnavailable } from '../support/browser';
import { describeIf } from '../support/skip';
import { ConsoleVisitor, shown } from './visitor';

jest.setTimeout(180_000);

const HAN = /\p{Script=Han}/u;
/** Two words in a row: more than the name of a thing. */
const SENTENCE = /[a-z]{2,} [a-z]{2,}/i;

/** In the page: one more element of each list of the form. */
const ADD_ELEMENTS = `[...document.querySelectorAll('dialog[open] fieldset button')]
  .filter((one) => one.textContent.includes('添加一项')).forEach((one) => one.click())`;
/** In the page: all that the form says, folded away or read aloud only. */
const TEXTS = `(() => {
  const form = document.querySelector('dialog[open]');
  const walker = document.createTreeWalker(form, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode.data);
  for (const one of form.querySelectorAll('*'))
    for (const name of ['aria-label', 'title', 'placeholder'])
      if (one.hasAttribute(name)) texts.push(one.getAttribute(name));
  return texts;
})()`;

describeIf(chromiumUnavailable(), 'forms of the console in Chinese', () => {
  let api: TestApi;
  let oceanbase: ObScene;
  let cluster: number;
  let visitor: ConsoleVisitor;
  const visitors = () => (visitor === undefined ? [] : [visitor]);
  const page = (): Page => visitor.page;
  const loaded: string[] = [];
  const chunks = () => loaded.filter((url) => url.includes('/formsInChinese-'));

  beforeAll(async () => {
    api = await startTestApi({ unreachableHosts: true });
    await givenHost(api.store, '192.0.2.1');
    oceanbase = await givenAnsweringCluster(api.store);
    cluster = await givenProxyCluster(api.store, 'chinese', [
      { clusterId: oceanbase.id, username: 'proxyro' },
    ]);
    visitor = await ConsoleVisitor.open(api.url, 'zh-CN');
    page().on('request', (request) => loaded.push(request.url()));
    await visitor.logIn('admin', PASSWORD);
  }, 120_000);
  afterAll(async () => {
    await visitor?.close();
    await oceanbase?.observer.stop();
    await api?.stop();
  });

  /** What is said in another language by every form that the page offers. */
  async function foreignTexts(place: string): Promise<{ forms: number; foreign: string[] }> {
    await visitor.visit(place, (at) => at.locator('main .actions button', { hasNotText: '立即检查' }));
    const buttons = page().locator('main .actions button', { hasNotText: '立即检查' });
    const forms = await buttons.count();
    const foreign: string[] = [];
    for (let at = 0; at < forms; at += 1) {
      const name = (await buttons.nth(at).innerText()).trim();
      await buttons.nth(at).click();
      const form = page().getByRole('dialog');
      await form.locator('p.quiet', { hasText: HAN }).first().waitFor();
      await page().evaluate(ADD_ELEMENTS);
      const texts = (await page().evaluate(TEXTS)) as string[];
      expect(texts.length).toBeGreaterThan(3);
      foreign.push(
        ...texts.filter((text) => SENTENCE.test(text) && !HAN.test(text)).map((text) => `${name}: ${text}`),
      );
      await page().keyboard.press('Escape');
      await form.waitFor({ state: 'hidden' });
    }
    return { forms, foreign };
  }

  shown('are no part of what a Chinese page loads before one is opened', visitors, async () => {
    await visitor.visit('hosts', (at) => at.getByRole('button', { name: '添加主机' }));
    expect(chunks()).toEqual([]);
    await page().getByRole('button', { name: '添加主机' }).click();
    await page().getByRole('dialog').getByText('主机所在的机房。').waitFor();
    expect(chunks()).toHaveLength(1);
    await page().keyboard.press('Escape');
  });

  it.each([
    ['hosts', 5],
    ['obproxy', 1],
    ['obproxy/{cluster}', 15],
    ['oceanbase', 20],
  ])('say nothing in English, on the page %s', async (place, least) => {
    const { forms, foreign } = await foreignTexts(place.replace('{cluster}', String(cluster)));
    expect(foreign).toEqual([]);
    expect(forms).toBeGreaterThanOrEqual(least);
  });

  shown('show what the API refuses in Chinese', visitors, async () => {
    await visitor.visit(`obproxy/${cluster}`, (at) => at.getByRole('button', { name: '停止' }));
    await page().getByRole('button', { name: '停止' }).first().click();
    await page().getByRole('dialog').getByRole('button', { name: '预检查' }).click();
    const refusal = page().getByRole('dialog').getByRole('alert');
    await refusal.waitFor();
    for (const line of await refusal.locator('p, li').allInnerTexts()) expect(line).toMatch(HAN);
  });

  it('asked nobody else for anything, and no page complained', () => {
    expect(visitor.foreign).toEqual([]);
    expect(visitor.errors).toEqual([]);
  });
});
