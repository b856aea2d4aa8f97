import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { repositoryRoot } from '../../runtime/paths';
import { OB_CLUSTER } from '../../sandbox/stack/stack';
import { buildObproxyRpm } from '../../sandbox/standins/rpm';
import { startByHand } from '../../sandbox/standins/startByHand';
import { createCluster, describeWithStack, hostIds, OBPROXY_1_9, OBPROXY_4_3, uploaded } from '../e2e/scene';
import { chromiumUnavailable } from '../support/browser';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { HOSTILE_ID, hostileDocument, hostileLog } from './hostile';
import { ConsoleVisitor, shown } from './visitor';

const FAILING = 'Check if command exists';
const PASSWORD = 'Planted_Aa17_viewer';
const AXE = readFileSync(path.join(repositoryRoot(), 'node_modules/axe-core/axe.min.js'), 'utf8');

jest.setTimeout(180_000);

/** In the page: drops a file where a person would. */
const DROP = (target: unknown, { name, base64 }: { name: string; base64: string }) => {
  const {
    Uint8Array: Bytes,
    atob: decode,
    File: AFile,
    DataTransfer: Transfer,
    DragEvent: Drag,
  } = globalThis as unknown as Record<
    string,
    new (
      ...given: unknown[]
    ) => { items: { add(file: unknown): void } }
  > & {
    atob(text: string): string;
    Uint8Array: Uint8ArrayConstructor;
  };
  const dataTransfer = new Transfer!();
  const bytes = Bytes.from(decode(base64), (letter) => letter.charCodeAt(0));
  dataTransfer.items.add(new AFile!([bytes], name));
  const event = new Drag!('drop', { bubbles: true, cancelable: true, dataTransfer });
  (target as { dispatchEvent(event: unknown): void }).dispatchEvent(event);
};

/** The text of the choice that names the host. */
async function optionOf(form: Locator, ip: string): Promise<string> {
  return (
    await form
      .locator('option', { hasText: `${ip} (` })
      .first()
      .innerText()
  ).trim();
}

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe-core calls serious or worse on the page as it is. */
async function seriousFindings(page: Page): Promise<string[]> {
  // By the debugger: a script tag would be against the page's policy, as it should be.
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run(document)')) as { violations: readonly Finding[] };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join('\n')}`);
}

describeIf(chromiumUnavailable(), 'the console', () => {
  describeWithStack('of a night', { hosts: 4, processes: 'split' }, (stack) => {
    let admin: ConsoleVisitor;
    let clusterId: number;
    const others: ConsoleVisitor[] = [];
    const visitors = () => [admin, ...others];
    const page = () => admin.page;
    const broken = () => stack().fleet.hosts[1]!;

    const loaded = () =>
      until('all of the page', async () => (await page().locator('.loading').count()) === 0);
    const another = async (name: string, password: string, locale?: string): Promise<ConsoleVisitor> => {
      const visitor = await ConsoleVisitor.open(stack().api.url, locale);
      others.push(visitor);
      await visitor.logIn(name, password);
      return visitor;
    };
    const addUser = (name: string, roles: readonly string[]) =>
      stack().api.call<{ id: number }>('POST', '/api/v2/iam/users', { name, password: PASSWORD, roles });

    beforeAll(async () => {
      await stack().apply();
      await uploaded(stack(), OBPROXY_1_9);
      clusterId = await createCluster(stack(), 'night');
      admin = await ConsoleVisitor.open(stack().api.url);
    }, 120_000);
    afterAll(async () => {
      await Promise.all(visitors().map((visitor) => visitor?.close()));
    });

    shown(
      'leads a browser from / to its login, which refuses a wrong password in words',
      visitors,
      async () => {
        await page().goto(`${stack().api.url}/`);
        await page().waitForURL(/\/console\/$/);
        await page().locator('[name=username]').fill('admin');
        await page().locator('[name=password]').fill('wrong password');
        await page().getByRole('button', { name: 'Log in' }).click();
        await page().getByRole('alert').getByText('IAM10004').waitFor();
        await admin.logIn('admin', stack().secrets.admin);
        await page().getByRole('heading', { name: 'Overview' }).waitFor();
      },
    );

    shown('adds OBProxies by a form that shows first what would happen', visitors, async () => {
      await broken().hideCommand('nc');
      await admin.visit(`obproxy/${clusterId}`, (at) => at.getByRole('button', { name: 'Add OBProxies' }));
      await page().getByRole('button', { name: 'Add OBProxies' }).click();
      const form = page().getByRole('dialog');
      for (const { ip } of stack().fleet.hosts.slice(0, 2)) await form.getByLabel(ip).check();
      await form.getByLabel('SQL port').fill('2883');
      await form.getByLabel('Exporter port').fill('2884');
      await form.getByLabel('Package').selectOption({ index: 1 });
      await form.getByRole('button', { name: 'Look first' }).click();
      const plan = form.getByRole('region', { name: 'What would happen' });
      await plan.getByText('Install obproxy · 12 subtasks').first().waitFor();
      expect(await plan.getByText('Install obproxy · 12 subtasks').count()).toBe(2);
      await form.getByRole('button', { name: 'Begin' }).click();
      await page().waitForURL(/\/console\/tasks$/);
      const row = page().getByRole('row', { name: new RegExp(broken().ip.replaceAll('.', '\\.')) });
      await row.getByText('Failed, waits for a person').waitFor();
      await row.getByRole('link', { name: 'Install obproxy' }).click();
    });

    shown('shows of the failed task the red step, the reason, and the log', visitors, async () => {
      const step = page().locator(`[data-step="${FAILING}"]`);
      await step.getByText('Failed').waitFor();
      expect(await step.getAttribute('class')).toContain('tone-bad');
      await page()
        .getByText(/CMP07036: Could not find .* missing: nc\. Install nc/)
        .first()
        .waitFor();
      await page().getByRole('button', { name: 'Open the log' }).first().click();
      await page()
        .getByRole('log')
        .getByText(/missing: nc/)
        .waitFor();
      expect(page().url()).toMatch(/tab=log&subtask=\d+/);
      const download = page().waitForEvent('download');
      await page().getByRole('button', { name: 'Diagnosis (ZIP)' }).click();
      expect((await download).suggestedFilename()).toMatch(/^task_\d+_diagnosis\.zip$/);
    });

    shown('has one of two people win, tells the other, and turns green by itself', visitors, async () => {
      await addUser('second', ['ADMIN']);
      const second = await another('second', PASSWORD);
      const id = /tasks\/(\d+)/.exec(page().url())?.[1] ?? '';
      const button = (of: Page, name: string) => of.getByRole('button', { name, exact: true });
      await second.visit(`tasks/${id}`, (at) => button(at, 'Roll back'));
      await button(second.page, 'Roll back').click();
      await broken().restoreCommand('nc');

      await button(page(), 'Retry').click();
      const dialog = page().getByRole('dialog');
      await dialog.getByLabel(/^Why/).fill('nc installed');
      await button(dialog.page(), 'Retry').last().click();
      await page().getByText('Retry: accepted.').waitFor();
      await page().getByText('Successful', { exact: true }).first().waitFor();
      await page().getByRole('tab', { name: 'Graph' }).click();
      await page().locator(`[data-step="${FAILING}"].tone-good`).waitFor();

      const lost = second.page.getByRole('dialog');
      await lost.getByText(/The task has changed meanwhile/).waitFor();
      await lost.getByRole('button', { name: 'Roll back', exact: true }).click();
      await lost.getByText('Roll back was refused').waitFor();
      await page().getByRole('tab', { name: 'Commands' }).click();
      await page()
        .getByRole('row', { name: /Retry.*admin.*nc installed/ })
        .waitFor();
    });

    shown('shows of what is done at once what became of each OBProxy', visitors, async () => {
      const { ip } = stack().fleet.hosts[0]!;
      const push = (at: Page) => at.getByRole('button', { name: 'Push config URL' });
      await admin.visit(`obproxy/${clusterId}`, push);
      await page()
        .getByRole('checkbox', { name: `${ip}:2883` })
        .check();
      await push(page()).click();
      await page().getByRole('dialog').getByRole('button', { name: 'Begin' }).click();
      const came = page().getByRole('region', { name: 'What came of it' });
      await came.getByText('UNCHANGED').waitFor();
      expect(await came.getByRole('listitem').allInnerTexts()).toEqual([
        expect.stringContaining(`${ip}:2883`),
      ]);
      await page().getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
      await page().getByRole('dialog').waitFor({ state: 'hidden' });
    });

    shown('takes nothing away before the name of it is typed', visitors, async () => {
      const { ip } = stack().fleet.hosts[2]!;
      await admin.visit('hosts', (at) => at.getByRole('button', { name: 'Delete hosts' }));
      await page().getByRole('button', { name: 'Delete hosts' }).click();
      const form = page().getByRole('dialog');
      await form.getByLabel(ip).check();
      await form.getByRole('button', { name: 'Look first' }).click();
      const begin = form.getByRole('button', { name: /^Begin/ });
      await begin.waitFor();
      expect(await begin.getAttribute('aria-disabled')).toBe('true');
      await form.getByLabel(`Type ${ip} to confirm`).fill(ip);
      await until('the button', async () => (await begin.getAttribute('aria-disabled')) === null);
      await page().keyboard.press('Escape');
      await form.waitFor({ state: 'hidden' });
    });

    shown(
      'uploads a package that is dropped on the page, and says what is no package',
      visitors,
      async () => {
        const rpm = readFileSync(await buildObproxyRpm(OBPROXY_4_3)).toString('base64');
        await admin.visit('packages', (at) => at.getByText('Drop RPM files here'));
        const drop = (name: string, base64: string) =>
          page().locator('.drop').evaluate(DROP, { name, base64 });
        await drop('obproxy-4.3.1.0-4.el7.x86_64.rpm', rpm);
        await page()
          .getByRole('row', { name: /obproxy-4\.3\.1\.0-4\.el7\.x86_64\.rpm/ })
          .waitFor();
        await drop('notes.rpm', Buffer.from('no package').toString('base64'));
        await page().getByRole('alert').getByText('notes.rpm').waitFor();
      },
    );

    shown('takes a running OBProxy over by the same kind of form', visitors, async () => {
      const host = stack().fleet.hosts[3]!;
      await startByHand(host, {
        ...{ rpm: OBPROXY_4_3, sqlPort: 2883, exporterPort: 2884, rpcPort: 2885, password: '' },
        source: {
          cluster: OB_CLUSTER.name,
          rootServers: `${stack().fleet.gateway}:${stack().observer.port}`,
        },
      });
      const taken = await createCluster(stack(), 'taken', { workMode: 'RS_LIST' });
      await admin.visit(`obproxy/${taken}`, (at) => at.getByRole('button', { name: 'Take over OBProxies' }));
      await page().getByRole('button', { name: 'Take over OBProxies' }).click();
      const form = page().getByRole('dialog');
      await form.getByLabel('Host', { exact: true }).selectOption({ label: await optionOf(form, host.ip) });
      await form.getByLabel('SQL port').fill('2883');
      await form.getByRole('button', { name: 'Look first' }).click();
      await form.getByRole('button', { name: 'Begin' }).click();
      await page().waitForURL(/\/console\/tasks\/\d+$/);
      await page().getByText('Successful', { exact: true }).first().waitFor();
      await admin.visit(`obproxy/${taken}`, (at) => at.getByText('taken over'));
    });

    shown('lets a viewer look, and says why a button is not for it', visitors, async () => {
      await addUser('viewer', ['CLUSTER_VIEWER']);
      const viewer = await another('viewer', PASSWORD);
      await viewer.visit(`obproxy/${clusterId}`, (at) => at.getByRole('button', { name: /^Add OBProxies/ }));
      const button = viewer.page.getByRole('button', { name: /^Add OBProxies/ });
      expect(await button.getAttribute('aria-disabled')).toBe('true');
      expect(await button.getAttribute('title')).toContain('OBPROXY_MANAGER');
      await button.click({ force: true });
      expect(await viewer.page.getByRole('dialog').count()).toBe(0);
      expect(await viewer.page.getByRole('link', { name: 'Users' }).count()).toBe(0);
      await viewer.page.getByRole('button', { name: 'viewer' }).click();
      await viewer.page.getByRole('button', { name: 'Log out' }).click();
      await viewer.page.locator('[name=username]').waitFor();
      await viewer.page.reload();
      await viewer.page.locator('[name=username]').waitFor();
    });

    shown('looks at a host at once when it is told to', visitors, async () => {
      const { ip } = broken();
      await admin.visit('hosts', (at) =>
        at.getByRole('row', { name: new RegExp(ip.replaceAll('.', '\\.')) }),
      );
      const answered = page().waitForResponse((answer) => /\/compute\/hosts\/\d+\/check$/.test(answer.url()));
      await page()
        .getByRole('button', { name: `Check now ${ip}` })
        .click();
      expect((await answered).status()).toBe(200);
      await page()
        .getByRole('row', { name: new RegExp(`${ip}.*alive`) })
        .waitFor();
    });

    shown('shows a banner while the API is away, and goes on when it is back', visitors, async () => {
      await admin.visit('tasks', (at) => at.getByRole('table'));
      await stack().parts.api?.kill();
      await page().getByText('The API does not answer').waitFor();
      await stack().startApi();
      await page().getByText('The API does not answer').waitFor({ state: 'hidden' });
      const [third] = (await hostIds(stack())).slice(2, 3);
      const tasks = await stack().api.call<{ contents: { id: number }[] }>(
        'POST',
        `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`,
        {
          hostIds: [third],
          sqlPort: 2883,
          exporterPort: 2884,
          version: await uploaded(stack(), OBPROXY_1_9),
        },
      );
      await page().getByText(String(tasks.contents[0]?.id), { exact: true }).waitFor();
    });

    shown('puts a disabled user out within two seconds', visitors, async () => {
      const { id } = await addUser('leaving', ['CLUSTER_VIEWER']);
      const leaving = await another('leaving', PASSWORD);
      await leaving.visit('tasks', (at) => at.getByRole('table'));
      await stack().api.call('POST', `/api/v2/iam/users/${id}/disable`);
      const began = Date.now();
      await leaving.page.getByText(/You have been logged out/).waitFor();
      expect(Date.now() - began).toBeLessThan(2_500);
    });

    shown('speaks Chinese to who speaks Chinese, the API’s own words too', visitors, async () => {
      const chinese = await another('admin', stack().secrets.admin, 'zh-CN');
      await chinese.page.getByRole('heading', { name: '概览' }).waitFor();
      await chinese.page.getByRole('link', { name: /^任务/ }).first().click();
      await chinese.page.getByRole('columnheader', { name: '进度' }).waitFor();
      expect(await chinese.page.locator('html').getAttribute('lang')).toBe('zh-CN');
      await chinese.visit('tasks/4711', (at) => at.getByText(/TSK10001/));
      expect(await chinese.page.getByRole('alert').innerText()).toMatch(/\p{Script=Han}/u);
    });

    shown('is used without a mouse: from the menu to a command’s dialog and back', visitors, async () => {
      await broken().hideCommand('nc');
      await admin.visit('tasks', (at) => at.getByRole('table'));
      await page().locator('body').press('Tab');
      await until('the focus on Hosts', async () => {
        await page().keyboard.press('Tab');
        return (await page().evaluate('document.activeElement.textContent.trim()')) === 'Hosts';
      });
      await page().keyboard.press('Enter');
      await page().getByRole('heading', { name: 'Hosts' }).waitFor();
      await until('the focus on Add hosts', async () => {
        await page().keyboard.press('Tab');
        return String(await page().evaluate('document.activeElement.textContent.trim()')).startsWith(
          'Add hosts',
        );
      });
      await page().keyboard.press('Enter');
      await page().getByRole('dialog', { name: 'Add hosts' }).waitFor();
      await page().keyboard.press('Escape');
      await page().getByRole('dialog').waitFor({ state: 'hidden' });
      expect(await page().evaluate('document.activeElement.textContent')).toContain('Add hosts');
      await broken().restoreCommand('nc');
    });

    it.each([
      ['', 'Overview'],
      ['tasks', 'Tasks'],
      ['obproxy', 'OBProxy clusters'],
      ['oceanbase', 'OceanBase clusters'],
      ['hosts', 'Hosts'],
      ['packages', 'Packages'],
      ['users', 'Users'],
      ['keys', 'Access keys'],
      ['audit', 'Audit'],
    ])('has nothing that axe-core calls serious at /console/%s', async (place, heading) => {
      await admin.visit(place, (at) => at.getByRole('heading', { name: heading, level: 1 }));
      await loaded();
      expect(await seriousFindings(page())).toEqual([]);
    });

    it.each(['graph', 'grid', 'log', 'timeline', 'commands', 'json'])(
      'has nothing that axe-core calls serious in the tab %s of a task, light or dark',
      async (tab) => {
        const [task] = (
          await stack().api.call<{ contents: { id: number }[] }>('GET', '/api/v2/tasks/instances')
        ).contents;
        for (const colorScheme of ['light', 'dark'] as const) {
          await page().emulateMedia({ colorScheme });
          await admin.visit(`tasks/${task?.id}?tab=${tab}`, (at) => at.getByRole('tabpanel'));
          await loaded();
          expect(await seriousFindings(page())).toEqual([]);
        }
        await page().emulateMedia({ colorScheme: 'light' });
      },
    );

    shown('runs nothing of a document whose every text is a script', visitors, async () => {
      await page().route(`**/tasks/instances/${HOSTILE_ID}/events`, (route) =>
        route.fulfill({
          contentType: 'text/event-stream',
          body: `id: 1\ndata: ${JSON.stringify(hostileDocument())}\n\n`,
        }),
      );
      await page().route(`**/tasks/instances/${HOSTILE_ID}/subtasks/*/log**`, (route) =>
        route.fulfill({ json: { successful: true, data: { log: hostileLog() } } }),
      );
      for (const tab of ['graph', 'grid', 'log', 'timeline', 'commands', 'json']) {
        await admin.visit(`tasks/${HOSTILE_ID}?tab=${tab}`, (at) => at.getByRole('tabpanel'));
        await page().getByText('<img src=x onerror=').first().waitFor();
      }
      expect(await page().locator('a[href^="javascript"]').count()).toBe(0);
      expect(await page().evaluate('window.hacked')).toBeUndefined();
      expect(await page().locator('img').count()).toBe(0);
    });

    it('asked nobody else for anything, and no page complained', () => {
      expect(visitors().flatMap(({ foreign }) => foreign)).toEqual([]);
      expect(visitors().flatMap(({ errors }) => errors)).toEqual([]);
    });
  });
});
