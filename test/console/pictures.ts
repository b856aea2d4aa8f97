/**
 * Takes the console's pictures of README.md and docs/operating.md anew. Not a test of its own; run it when the console has
 * changed, and look at what it has made:
 *
 *   npm run build && npx jest --testMatch '**\/test/console/pictures.ts'
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../../runtime/paths';
import { batchAdd, createCluster, describeWithStack, hostIds, OBPROXY_1_9, uploaded } from '../e2e/scene';
import { chromiumUnavailable } from '../support/browser';
import { describeIf } from '../support/skip';
import { ConsoleVisitor } from './visitor';

const FOLDER = path.join(repositoryRoot(), 'docs/images');
const SIZE = { width: 1360, height: 860 };
const MAX_BYTES = 150_000;

jest.setTimeout(300_000);

describeIf(chromiumUnavailable(), 'pictures of the console', () => {
  describeWithStack('at night', { hosts: 3, processes: 'one' }, (stack) => {
    let visitor: ConsoleVisitor;
    afterAll(() => visitor?.close());

    it('the overview, and a task that waits for a person', async () => {
      await stack().apply();
      const [ids, version, clusterId] = await Promise.all([
        hostIds(stack()),
        uploaded(stack(), OBPROXY_1_9),
        createCluster(stack(), 'orders', { address: 'proxy.orders.example' }),
      ]);
      await stack().fleet.hosts[1]!.hideCommand('nc');
      const tasks = await batchAdd(stack(), clusterId, ids, version);
      const settled = await stack().api.settled(tasks.map(({ id }) => id));
      const failed = settled.find(({ status }) => status === 'FAILED');
      visitor = await ConsoleVisitor.open(stack().api.url);
      const { page } = visitor;
      await page.setViewportSize(SIZE);
      await visitor.logIn('admin', stack().secrets.admin);
      await page.getByRole('region', { name: 'Waits for a person' }).getByRole('row').nth(1).waitFor();
      await take('console-overview');
      await visitor.visit(`tasks/${failed?.id}`, (at) => at.locator('[data-step]'));
      await page.locator('[data-step="Check if command exists"]').getByText('Failed').waitFor();
      await take('console-task');

      async function take(name: string): Promise<void> {
        const file = path.join(FOLDER, `${name}.png`);
        await page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
        expect(statSync(file).size).toBeLessThan(MAX_BYTES);
      }
    });
  });
});
