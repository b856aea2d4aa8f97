import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { FrameLocator } from 'playwright-core';
import { connectTemporal } from '../../runtime/temporal';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { taskWorkflowId } from '../../workflows/ids';
import {
  batchAdd,
  createCluster,
  describeWithStack,
  effects,
  hostIds,
  OBPROXY_1_9,
  subtaskOf,
  uploaded,
} from '../e2e/scene';
import { chromiumUnavailable, Visitor } from '../support/browser';
import { describeIf, longRunOnly } from '../support/skip';

const FAILING = 'Check if command exists';
const DONE = 'Prepare obproxy install';
const PROXYSYS_PASSWORD = 'Planted_Aa17_proxysys';

jest.setTimeout(180_000);

describeIf(chromiumUnavailable() ?? longRunOnly(), 'a failed task', () => {
  describeWithStack('in the Temporal Web UI', { hosts: 1, processes: 'one' }, (stack) => {
    let visitor: Visitor;
    let task: TaskJson;

    const host = () => stack().fleet.hosts[0]!;
    const workflows = () => `${stack().uiUrl}/namespaces/default/workflows`;
    const taskPage = () => `${workflows()}/${taskWorkflowId(task.id)}`;
    const frame = (id: string): FrameLocator => visitor.page.frameLocator(`#user-metadata-${id}`);

    beforeAll(async () => {
      await stack().apply();
      const [ids, version, clusterId] = await Promise.all([
        hostIds(stack()),
        uploaded(stack(), OBPROXY_1_9),
        createCluster(stack(), 'night', { password: PROXYSYS_PASSWORD }),
      ]);
      await host().hideCommand('nc');
      const tasks = await batchAdd(stack(), clusterId, ids, version);
      [task] = (await stack().api.settled(tasks.map(({ id }) => id))) as [TaskJson];
      expect(task.status).toBe('FAILED');
      visitor = await Visitor.open(stack().uiUrl);
    }, 120_000);
    afterAll(async () => {
      await visitor?.close();
    });
    afterEach(async () => {
      await visitor.remember();
    });

    it('the one task that needs an operator is found by that, and its timeline names every subtask, host and run', async () => {
      const { page } = visitor;
      const query = encodeURIComponent('NeedsOperator = true');
      await visitor.visit(`${workflows()}?query=${query}`, () => page.getByRole('link', { name: /^task-/ }));
      expect(await page.getByRole('link', { name: /^task-/ }).allInnerTexts()).toEqual([
        taskWorkflowId(task.id),
      ]);
      await visitor.remember();

      await visitor.visit(taskPage(), () => page.getByText(`${FAILING} · ${host().ip} · run 1`));
      const failed = page.getByRole('button', { name: 'Event CheckCommand: Failed' });
      await expect(failed.textContent()).resolves.toContain(`${FAILING} · ${host().ip} · run 1`);
      await failed.click();
      await page
        .getByText(/CMP07036: Could not find .* missing: nc\. Install nc/)
        .first()
        .waitFor();
    });

    it('its details say what it is, what failed where and why, what to click and what to send', async () => {
      const { page } = visitor;
      await visitor.visit(taskPage(), () => page.getByRole('tab', { name: 'User Metadata' }));
      await page.getByRole('tab', { name: 'User Metadata' }).click();
      await frame('summary').getByText(`Install obproxy · night · ${host().ip}`).waitFor();
      await frame('details').getByText('OBProxy cluster: night').waitFor();

      const details = frame('current-details');
      await details.getByRole('row', { name: /Finish node/ }).waitFor();
      const text = await details.locator('main').innerText();
      const { id } = subtaskOf(task, FAILING);
      expect(text).toContain(`FAILED on ${host().ip}: 3 of 12 subtasks done, 1 failed.`);
      expect(text).toContain(`Subtask ${id} ${FAILING} on ${host().ip} failed (run 1):`);
      expect(text).toMatch(
        /CMP07036: Could not find the commands nc .* missing: nc\. Install nc on the host/,
      );
      expect(text).toContain(
        `More Actions → Send an Update → retrySubtask with Data ${id}, or retryTask with {}`,
      );
      expect(await details.getByRole('row', { name: FAILING }).innerText()).toMatch(/\bFAILED\b/);
      expect(await details.getByRole('row', { name: 'Install rpm' }).innerText()).toMatch(/\bPENDING\b/);
    });

    it('an update for the wrong subtask is refused in words, the right one finishes the repaired task', async () => {
      const { page } = visitor;
      const [failed, done] = [subtaskOf(task, FAILING), subtaskOf(task, DONE)];
      await visitor.visit(taskPage(), () => page.getByRole('button', { name: 'More Actions' }));
      await page.getByRole('button', { name: 'More Actions' }).click();
      await page.getByRole('menuitem', { name: 'Send an Update' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByTestId('update-select-button').click();
      await dialog
        .getByRole('option', { name: 'retryTask' })
        .getByText('Runs every FAILED subtask again')
        .waitFor();
      const choice = dialog.getByRole('option', { name: 'retrySubtask' });
      await choice.getByText('Runs one FAILED subtask again. Data: its id').waitFor();
      await choice.click();
      const data = dialog.getByRole('textbox', { name: 'Data' });
      const submit = dialog.getByRole('button', { name: 'Submit' });
      await data.fill(`{"subtaskId": ${done.id}, "who": "night shift"}`);
      // Left, the field spreads its JSON over lines, which moves the button.
      await data.blur();
      await submit.click();
      await dialog
        .getByText(`Subtask ${done.id} (${DONE}) is SUCCESSFUL; retry is allowed when it is FAILED.`)
        .first()
        .waitFor();
      await visitor.remember();

      await host().restoreCommand('nc');
      await data.fill(String(failed.id));
      await submit.click();
      await dialog.waitFor({ state: 'hidden' });
      const [finished] = await stack().api.settled([task.id], { statuses: ['SUCCESSFUL'] });
      expect(subtaskOf(finished!, FAILING)).toMatchObject({
        status: 'SUCCESSFUL',
        operation: 'RETRY',
        runTime: 2,
      });
      await visitor.visit(taskPage(), () => page.getByRole('status').getByText('Completed'));
      await page.getByText(`${FAILING} · ${host().ip} · run 2`).waitFor();
      await page.getByText('retrySubtask').first().waitFor();
      expect(await effects(host())).toEqual({ installs: 1, starts: 1, processes: 1 });
    });

    it('no password and no key stands in its pages or in the histories', async () => {
      const { fleet, secrets, temporalAddress } = stack();
      const temporal = await connectTemporal({ address: temporalAddress });
      let histories = '';
      try {
        for await (const { workflowId } of temporal.client.workflow.list()) {
          histories += historyToJSON(await temporal.client.workflow.getHandle(workflowId).fetchHistory());
        }
      } finally {
        await temporal.close();
      }
      const everything = visitor.seen + histories + decoded(histories);
      // What is searched does hold the texts of the tasks, encoded ones included.
      for (const known of ['obproxy_cluster_name', 'missing: nc', 'night shift']) {
        expect(decoded(histories) + visitor.seen).toContain(known);
      }
      const key = fleet.privateKey.split('\n').filter((part) => part.length > 40);
      expect(key.length).toBeGreaterThan(0);
      for (const secret of [...Object.values(secrets), PROXYSYS_PASSWORD, fleet.password, ...key]) {
        expect(everything.includes(secret)).toBe(false);
      }
      expect(visitor.refused).toEqual([]);
    });
  });
});

/** The payloads of a history as text: its JSON holds them in base64. */
function decoded(history: string): string {
  return [...history.matchAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g)]
    .map(([, data = '']) => Buffer.from(data, 'base64').toString())
    .join('\n');
}
