import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { openTask } from '../api/tasks/document/document';
import { FoldedTask } from '../api/tasks/document/fold';
import { repositoryRoot } from '../runtime/paths';
import { launched } from '../test/support/browser';
import { type BenchResult, result } from './measure';
import { manyHostsPlan } from './plans';

/** 10 subtasks of the task itself and 11 on each host. */
const HOSTS = 90;
const UPDATES = 20;
const TASK_ID = 1;
/** What is on the screen when the tab shows the task: the graph is a part that is loaded after the page. */
const TABS = { graph: '.react-flow__node', grid: '.cell' } as const;
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.html': 'text/html',
};

/**
 * Notes when a document has come in (it is parsed then), and when the next picture after it has been painted that shows what
 * the tab is for.
 */
const clock = (shown: string) => `
  window.taken = [];
  const parse = JSON.parse;
  JSON.parse = function (text, ...more) {
    const began = performance.now();
    const value = parse.call(this, text, ...more);
    const look = () =>
      requestAnimationFrame(() => {
        if (document.querySelector('${shown}') === null) look();
        else setTimeout(() => window.taken.push({ ms: performance.now() - began }));
      });
    if (Array.isArray(value?.subtasks)) look();
    return value;
  };
  localStorage.setItem('obflow.loggedIn', '1');
`;

type Subtask = Record<string, unknown>;

async function recordedDocument(): Promise<{ subtasks: Subtask[] } & Record<string, unknown>> {
  const document = await openTask(new FoldedTask(manyHostsPlan(HOSTS, TASK_ID, 1)), new Map());
  return JSON.parse(JSON.stringify({ ...document, subtasks: await document.subtasks.all() }));
}

/** The console's files, and as much of an API as a page of a task asks for. */
async function standIn() {
  const streams = new Set<ServerResponse>();
  const folder = path.join(repositoryRoot(), 'dist/console');
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const json = (data: unknown) =>
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ successful: true, data }));
    if (pathname.startsWith('/console/')) {
      const asked = path.join(folder, pathname.slice('/console/'.length));
      const file = path.extname(asked) !== '' && existsSync(asked) ? asked : path.join(folder, 'index.html');
      response.setHeader('content-type', TYPES[path.extname(file)] ?? 'text/plain').end(readFileSync(file));
    } else if (pathname.endsWith(`/${TASK_ID}/events`)) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      streams.add(response);
      response.on('close', () => streams.delete(response));
    } else if (pathname.endsWith('/iam/me')) {
      json({
        id: 1,
        name: 'admin',
        enabled: true,
        roles: ['ADMIN'],
        permissions: ['TASK_VIEWER', 'TASK_MANAGER'],
      });
    } else json({ contents: [], page: { number: 1, size: 1, totalElements: 0, totalPages: 0 } });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    watched: () => streams.size > 0,
    tell: (document: unknown) => {
      for (const stream of streams) stream.write(`data: ${JSON.stringify(document)}\n\n`);
    },
    close: () => {
      for (const stream of streams) stream.destroy();
      server.close();
    },
  };
}

async function nth(page: Page, count: number): Promise<{ ms: number }> {
  for (;;) {
    const taken = (await page.evaluate('window.taken')) as { ms: number }[];
    const wanted = taken[count - 1];
    if (wanted !== undefined) return wanted;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Each call says how many milliseconds the page has kept a core busy since the one before: without what other work took. */
async function cpuOf(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1000;
  };
  let before = await busy();
  return async () => {
    const now = await busy();
    const spent = now - before;
    before = now;
    return spent;
  };
}

/** How long a browser needs for a task of 1 000 subtasks: to show it, and for each change of it. */
export async function benchConsole(rounds: number): Promise<BenchResult[]> {
  const document = await recordedDocument();
  const api = await standIn();
  const { browser, home } = await launched();
  const results: BenchResult[] = [];
  try {
    for (const [tab, shown] of Object.entries(TABS)) {
      const [first, updates, work]: [number[], number[], number[]] = [[], [], []];
      for (let round = 0; round < rounds; round += 1) {
        const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
        const page = await context.newPage();
        await page.addInitScript(clock(shown));
        await page.goto(`${api.url}/console/tasks/${TASK_ID}?tab=${tab}`);
        while (!api.watched()) await new Promise((resolve) => setTimeout(resolve, 5));
        api.tell(document);
        first.push((await nth(page, 1)).ms);
        const cpu = await cpuOf(page);
        for (let update = 0; update < UPDATES; update += 1) {
          const subtask = document.subtasks[(round * UPDATES + update) % document.subtasks.length];
          if (subtask !== undefined) Object.assign(subtask, { status: 'SUCCESSFUL' });
          api.tell(document);
          updates.push((await nth(page, update + 2)).ms);
          work.push(await cpu());
        }
        await context.close();
      }
      const count = document.subtasks.length;
      results.push(
        result(`console: first picture of ${count} subtasks, tab ${tab}`, 'ms', first, '< 1000'),
        result(`console: a change in ${count} subtasks, tab ${tab}`, 'ms', updates, '< 50'),
        result(`console: CPU of the page for it, tab ${tab}`, 'ms', work, '< 50'),
      );
    }
    return results;
  } finally {
    await browser.close();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
    api.close();
  }
}
