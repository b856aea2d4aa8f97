/**
 * Takes the pictures of docs/operating.md anew. Not a test of its own; run it when the Web UI or what tasks show in it
 * has changed, and look at what it has made:
 *
 * It needs pngquant (apt-get install pngquant).
 *
 *   npm run build && npx jest --testMatch '**\/test/webui/pictures.ts'
 */
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Locator } from 'playwright-core';
import { repositoryRoot } from '../../runtime/paths';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { taskWorkflowId } from '../../workflows/ids';
import {
  batchAdd,
  createCluster,
  describeWithStack,
  hostIds,
  OBPROXY_1_9,
  subtaskOf,
  uploaded,
} from '../e2e/scene';
import { chromiumUnavailable, Visitor } from '../support/browser';
import { describeIf } from '../support/skip';

const FAILING = 'Check if command exists';
const FOLDER = path.join(repositoryRoot(), 'docs/images');
const SIZE = { width: 1280, height: 1900 };
/** Width of the menu at the left. */
const MENU = 256;
const MARGIN = 24;
const MAX_BYTES = 150_000;
const PATIENCE_MS = 180_000;

jest.setTimeout(900_000);

/** A script for the page: text that says one thing says the other. */
function renameTexts(from: string, to: string): string {
  const [before, after] = [JSON.stringify(from), JSON.stringify(to)];
  return `{
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode())
      if (node.nodeValue.includes(${before})) node.nodeValue = node.nodeValue.replaceAll(${before}, ${after});
  }`;
}

describeIf(chromiumUnavailable(), 'pictures of', () => {
  describeWithStack('a failed task', { hosts: 1, processes: 'one' }, (stack) => {
    let visitor: Visitor;
    let task: TaskJson;
    const host = () => stack().fleet.hosts[0]!;
    const taskPage = () => `${stack().uiUrl}/namespaces/default/workflows/${taskWorkflowId(task.id)}`;

    async function visit(url: string, expected: () => Locator): Promise<void> {
      await visitor.page.goto(url, { timeout: PATIENCE_MS });
      await expected().first().waitFor({ timeout: PATIENCE_MS });
    }

    /** What stands between the two, and what is beside it, without the Web UI's own menu. */
    async function take(name: string, first: Locator, last: Locator): Promise<void> {
      const { page } = visitor;
      // Who took the pictures on which machine is nobody's business.
      await page.evaluate(renameTexts(os.hostname(), 'worker-1'));
      const [from, to] = [await first.boundingBox(), await last.boundingBox()];
      if (from === null || to === null) throw new Error(`${name}: there is nothing to be seen`);
      const y = Math.max(0, Math.floor(from.y) - MARGIN);
      // A dialog lies before everything: what is beside it is a blur.
      const across = first === last ? from : { x: MENU, width: SIZE.width - MENU };
      const clip = { x: across.x, width: across.width, y, height: Math.ceil(to.y + to.height) + MARGIN - y };
      const file = path.join(FOLDER, `${name}.png`);
      await page.screenshot({ path: file, clip, animations: 'disabled', caret: 'hide' });
      // 64 colours are enough for letters and boxes, and a third of the bytes.
      await promisify(execFile)('pngquant', ['--force', '--strip', '--ext', '.png', '64', file]);
      expect(statSync(file).size).toBeLessThan(MAX_BYTES);
    }

    beforeAll(async () => {
      await stack().apply();
      const [ids, version, clusterId] = await Promise.all([
        hostIds(stack()),
        uploaded(stack(), OBPROXY_1_9),
        createCluster(stack(), 'obproxy01', {}),
      ]);
      await host().hideCommand('nc');
      const tasks = await batchAdd(stack(), clusterId, ids, version);
      [task] = (await stack().api.settled(tasks.map(({ id }) => id))) as [TaskJson];
      visitor = await Visitor.open(stack().uiUrl);
      await visitor.page.setViewportSize(SIZE);
      visitor.page.setDefaultTimeout(PATIENCE_MS);
    }, 300_000);
    afterAll(async () => {
      await visitor?.close();
    });

    it('the list of what needs a person, the failed task, its details, the update, and the task after it', async () => {
      const { page } = visitor;
      const list = `${stack().uiUrl}/namespaces/default/workflows?query=${encodeURIComponent('NeedsOperator = true')}`;
      await visit(list, () => page.getByRole('link', { name: /^task-/ }));
      await take(
        'needs-operator',
        page.getByRole('heading').first(),
        page.getByRole('link', { name: /^task-/ }),
      );

      await visit(taskPage(), () => page.getByText(`${FAILING} · ${host().ip} · run 1`));
      await page.getByRole('button', { name: 'Event CheckCommand: Failed' }).click();
      const reason = page.getByText(/CMP07036: Could not find .* missing: nc\. Install nc/).first();
      await reason.waitFor();
      await take('failed-task', page.getByRole('heading', { name: 'Timeline' }), reason);

      await page.getByRole('tab', { name: 'User Metadata' }).click();
      const frame = page.locator('#user-metadata-current-details');
      const details = page.frameLocator('#user-metadata-current-details');
      await details.getByRole('row', { name: /Finish node/ }).waitFor();
      await take('failed-task-details', page.getByRole('tab', { name: 'User Metadata' }), frame);

      await page.getByRole('button', { name: 'More Actions' }).click();
      await page.getByRole('menuitem', { name: 'Send an Update' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByTestId('update-select-button').click();
      await dialog.getByRole('option', { name: 'retrySubtask' }).click();
      const data = dialog.getByRole('textbox', { name: 'Data' });
      await data.fill(
        `{"subtaskId": ${subtaskOf(task, FAILING).id}, "who": "dba", "why": "nc is installed now"}`,
      );
      await data.blur();
      await take('send-an-update', dialog, dialog);

      await host().restoreCommand('nc');
      await dialog.getByRole('button', { name: 'Submit' }).click();
      await dialog.waitFor({ state: 'hidden' });
      await stack().api.settled([task.id], { statuses: ['SUCCESSFUL'] });
      await visit(taskPage(), () => page.getByRole('status').getByText('Completed'));
      await page.getByText(`${FAILING} · ${host().ip} · run 2`).waitFor();
      const last = page.getByText('Prepare obproxy install').last();
      await take('after-the-retry', page.getByRole('heading', { name: 'Timeline' }), last);
    });
  });
});
