import type { Page } from 'playwright-core';
import { manyHostsPlan } from '../../bench/plans';
import type { Plan } from '../../workflows/plan';
import { givenHost, PASSWORD } from '../api/harness';
import { TaskScene } from '../cli/taskScene';
import { chromiumUnavailable } from '../support/browser';
import { CHAIN, idOf, withNodes } from '../support/plans';
import { describeIf } from '../support/skip';
import { broken, gate, until } from '../support/tasks';
import { ConsoleVisitor, shown } from './visitor';

jest.setTimeout(120_000);

const HOSTS = 50;
/** The third of the steps, which one host fails. */
const CHECK = 'Pre check for install OB';
/** A usual laptop. */
const SCREEN = { width: 1440, height: 900 };

/** In the page. */
const SCROLLS = `(({ scrollHeight, clientHeight, scrollWidth, clientWidth }) =>
  scrollHeight > clientHeight || scrollWidth > clientWidth)(document.querySelector('.grid-frame'))`;
const CUT_OFF = `[...document.querySelectorAll('.grid-frame tbody th')]
  .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)`;
const STEPS = `[...document.querySelectorAll('[data-step]')].map((one) => one.dataset.step)`;
const FOCUSED_STEP = `document.activeElement?.closest('.react-flow__node')?.querySelector('[data-step]')?.dataset.step ?? null`;

/** 21 steps on fifty hosts. */
function onFiftyHosts(draft: Plan): Plan {
  const made = withNodes(manyHostsPlan(HOSTS, draft.taskId, draft.firstSubtaskId), (node) => ({
    ...node,
    activity: node.name,
    needs: [],
  }));
  return { ...made, traceId: draft.traceId, createTime: draft.createTime };
}

describeIf(chromiumUnavailable(), 'the page of a task', () => {
  let scene: TaskScene;
  let visitor: ConsoleVisitor;
  const visitors = () => [visitor];
  const page = (): Page => visitor.page;

  beforeAll(async () => {
    scene = await TaskScene.open();
    visitor = await ConsoleVisitor.open(scene.api.url);
    await visitor.logIn('admin', PASSWORD);
  }, 120_000);
  afterAll(async () => {
    await visitor?.close();
    await scene?.close();
  });
  afterEach(() => {
    for (const name of Object.keys(scene.bed.behaviours)) delete scene.bed.behaviours[name];
  });

  const write = (plan: Plan, name: string, text: string) =>
    scene.api.store.tasks.appendLog(plan.taskId, [
      {
        ...{ subtaskId: idOf(plan, name), run: 1, operation: 'EXECUTE', level: 'INFO' as const, text },
        time: new Date().toISOString(),
      },
    ]);

  shown('follows the log of what runs by its stream, and asks for no line twice', visitors, async () => {
    const door = gate();
    scene.bed.behaviours.b = door.behaviour;
    const plan = await scene.submit(CHAIN);
    await scene.bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
    await write(plan, 'b', 'the first line');
    const asked: string[] = [];
    page().on('request', (request) => {
      const url = new URL(request.url());
      if (url.pathname.includes('/log')) asked.push(`${url.pathname.split('/log')[1]}${url.search}`);
    });
    await visitor.visit(`tasks/${plan.taskId}?tab=log&subtask=${idOf(plan, 'b')}`, (at) =>
      at.getByRole('log').getByText('the first line'),
    );
    for (const text of ['the second line', 'the third line']) {
      await write(plan, 'b', text);
      await page().getByRole('log').getByText(text).waitFor();
    }
    expect(asked).toEqual(['/events?offset=0']);
    await write(plan, 'b', 'the last line');
    door.open();
    await page().getByText('Successful', { exact: true }).first().waitFor();
    await page().getByRole('log').getByText('the last line').waitFor();
    expect(await page().getByRole('log').getByText('line').count()).toBe(4);
    // What has ended is asked once more, for what follows.
    expect(asked.slice(1)).toEqual([expect.stringMatching(/^\?offset=[1-9]\d*$/)]);
  });

  shown('says in its head what the task holds, each the way there', visitors, async () => {
    const hostId = await givenHost(scene.api.store, '192.0.2.9');
    const door = gate();
    scene.bed.behaviours.a = door.behaviour;
    const plan = await scene.submit(CHAIN);
    await scene.api.store.locks.take(plan.taskId, [`host:${hostId}:OB_PROXY`], []);
    await visitor.visit(`tasks/${plan.taskId}`, (at) =>
      at.getByRole('region', { name: 'Held until it ends' }),
    );
    const held = page().getByRole('region', { name: 'Held until it ends' });
    await held.getByText('Host 192.0.2.9 · OBProxy').waitFor();
    await held.getByRole('link', { name: '192.0.2.9' }).click();
    await page()
      .getByRole('row', { name: /192\.0\.2\.9/ })
      .waitFor();
    await page().goBack();
    door.open();
    await page().getByText('Successful', { exact: true }).first().waitFor();
    await held.waitFor({ state: 'hidden' });
  });

  describe('of fifty hosts', () => {
    let plan: Plan;
    beforeAll(async () => {
      plan = await scene.submit(
        { a: [] },
        {
          change(draft) {
            const made = onFiftyHosts(draft);
            const failing = idOf(made, CHECK) + 7;
            scene.bed.behaviours[CHECK] = (input, attempt, signal) =>
              input.subtaskId === failing ? broken(input, attempt, signal) : undefined;
            return made;
          },
        },
      );
      await scene.bed.documentWhen(plan, 'FAILED');
      await page().setViewportSize(SCREEN);
    });

    shown('has its grid on one screen, every host and every step of it', visitors, async () => {
      await visitor.visit(`tasks/${plan.taskId}?tab=grid`, (at) => at.locator('.grid-frame'));
      const grid = page().locator('.grid-frame');
      const rows = grid.locator('tbody tr');
      expect(await rows.count()).toBe(HOSTS + 1);
      expect(await grid.locator('thead th').count()).toBe(22);
      expect(await page().evaluate(SCROLLS)).toBe(false);
      for (const part of [
        page().getByRole('tablist'),
        rows.first(),
        rows.last(),
        rows.last().locator('td').last(),
      ]) {
        const { x, y, width, height } = (await part.boundingBox())!;
        expect(Math.min(Math.round(x), Math.round(y))).toBeGreaterThanOrEqual(0);
        expect(x + width).toBeLessThanOrEqual(SCREEN.width);
        expect(y + height).toBeLessThanOrEqual(SCREEN.height);
      }
      // As wide and as high as their letters: names of hosts are not cut off.
      expect(await page().evaluate(CUT_OFF)).toEqual([]);
      await grid.getByRole('button', { name: /10\.0\.0\.7: Failed$/ }).click();
      await page().waitForURL(new RegExp(`tab=log&subtask=${idOf(plan, CHECK) + 7}$`));
    });

    shown('has a graph that arrow keys go through, and Enter opens', visitors, async () => {
      await visitor.visit(`tasks/${plan.taskId}?tab=graph`, (at) => at.locator('[data-step]'));
      const focused = () => page().evaluate(FOCUSED_STEP);
      await page().getByRole('tab', { name: 'Graph' }).focus();
      await until('the focus on a step', async () => {
        await page().keyboard.press('Tab');
        return (await focused()) !== null;
      });
      const steps = (await page().evaluate(STEPS)) as string[];
      expect(await focused()).toBe(steps[0]);
      for (const [key, at] of [
        ['ArrowDown', 1],
        ['ArrowRight', 2],
        ['ArrowUp', 1],
      ] as const) {
        await page().keyboard.press(key);
        expect(await focused()).toBe(steps[at]);
      }
      for (let at = 1; at < steps.length - 1; at += 1) await page().keyboard.press('ArrowDown');
      expect(await focused()).toBe(steps.at(-1));
      // Whoever goes there by keys sees where that is.
      await until('the last step in sight', async () => {
        const box = await page().locator('[data-step]').last().boundingBox();
        const frame = await page().locator('.graph-frame').boundingBox();
        return (
          box !== null && frame !== null && box.y >= frame.y && box.y + box.height <= frame.y + frame.height
        );
      });
      await page().keyboard.press('ArrowUp');
      await page().keyboard.press('Enter');
      await page()
        .getByRole('complementary', { name: steps.at(-2)! })
        .waitFor();
      expect(await page().evaluate('document.activeElement.getAttribute("aria-label")')).toBe(steps.at(-2));
      await page().keyboard.press('Escape');
      await page()
        .getByRole('complementary', { name: steps.at(-2)! })
        .waitFor({ state: 'hidden' });
      expect(await focused()).toBe(steps.at(-2));
    });
  });

  it('asked nobody else for anything, and no page complained', () => {
    expect(visitor.foreign).toEqual([]);
    expect(visitor.errors).toEqual([]);
  });
});
