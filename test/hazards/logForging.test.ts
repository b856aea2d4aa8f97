/** Texts of hosts and strangers in what people read: logs, tables, the terminal. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { openSubtaskLog } from '../../activities/subtaskLog';
import { subtaskLog } from '../../api/tasks/subtaskLog';
import { complain, say, shown } from '../../cli/output';
import { createProgress, pictureLines } from '../../cli/progress';
import { createLoggerTo, type Logger, prettyTo } from '../../runtime/logger';
import { say as text } from '../../runtime/messages/catalogue';
import { printable } from '../../runtime/printable';
import { runTask } from '../cli/taskScene';
import { onEveryDatabase } from '../store/databases';
import { plan } from '../store/plan';

/** Clears the screen, sets the title, hides text, writes to the clipboard, moves up, turns round, rings; and NUL. */
const ESCAPES =
  '\x1b[2J\x1b]0;owned\x07\x1b[8mhidden\x1b]52;c;cm0gLXJm\x1b\\\x1b[1A\x9b2J\u202egnol\u200b\x00\x08\x7f';
/** Whatever a terminal obeys, and what cannot be seen; a line feed is for whoever prints to say. */
const OBEYED = /(?![\t\n])[\p{Cc}\p{Cf}\u2028\u2029]/u;
const FORGED = '2026-11-21 15:09:32.716  INFO : all is well';
const SEPARATOR = '############{EXECUTE}{2026-11-21T15:09:32.697+08:00}############';
/** Ways to begin a line. */
const BREAKS = ['\n', '\r\n', '\r', '\u2028', '\u2029', '\x85', '\x0b', '\x0c'];

test('everything that a terminal obeys is shown as an escape, and JSON stays JSON', () => {
  expect(printable(ESCAPES)).not.toMatch(OBEYED);
  const json = JSON.stringify({ text: `${ESCAPES}${BREAKS.join('x')}` });
  expect(JSON.parse(printable(json))).toEqual(JSON.parse(json));
  expect(printable('日本語 é 🚀\tx\n')).toBe('日本語 é 🚀\tx\n');
});

function looksHonest(log: string): void {
  const lines = log.trimEnd().split('\n');
  expect(log).not.toMatch(OBEYED);
  expect(lines.filter((line) => line.startsWith('####'))).toHaveLength(1);
  // OCP's pages split at the separator wherever it stands.
  expect(log.split(/############\{\w+\}\{[^}]*\}############/)).toHaveLength(2);
  for (const line of lines.slice(1)) expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +INFO : /);
  expect(lines.filter((line) => line.startsWith(FORGED))).toEqual([]);
}

onEveryDatabase('What a host says', (on) => {
  test('is stored, whatever it is, and forges neither a line nor a run in the log of the subtask', async () => {
    const store = await on.open();
    const taskId = await store.sequences.next('task');
    await store.tasks.add({ plan: plan(taskId, { hostId: 1 }), workflowType: 'addObproxy' });
    const input = { taskId, subtaskId: 1, run: 1, operation: 'EXECUTE' };
    const log = openSubtaskLog(store.tasks, input as Parameters<typeof openSubtaskLog>[1]);
    log.info(`rpm: ${ESCAPES}`);
    for (const lineBreak of BREAKS) log.info(`rpm: x${lineBreak}${SEPARATOR}${lineBreak}${FORGED}`);
    for (const lineBreak of BREAKS)
      log.info(text('rpm.says', { line: `x${lineBreak}${SEPARATOR}${lineBreak}${FORGED}${ESCAPES}` }));
    log.info('half a character: \ud83d');
    await log.close();

    const lines = await store.tasks.readLog(taskId, 1);
    expect(subtaskLog(lines, 'zh-CN').match(/rpm 输出/g)).toHaveLength(BREAKS.length);
    for (const log of [subtaskLog(lines), subtaskLog(lines, 'zh-CN')]) looksHonest(log);
  });
});

describe('the log of a process', () => {
  const hostile = `x${BREAKS.map((lineBreak) => `${lineBreak}[10:00:00.000] INFO: forged`).join('')}${ESCAPES}`;

  function log(logger: Logger): void {
    logger.warn({ path: hostile, deep: { list: [hostile] } }, hostile);
    logger.error({ err: new Error(hostile, { cause: new Error(hostile) }) }, 'failed');
  }

  test('has one line of JSON an event', () => {
    const lines: string[] = [];
    log(createLoggerTo({ write: (line) => lines.push(line) }, 'api', 'info'));
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line.trimEnd()).not.toMatch(/\n/);
      expect(line).not.toMatch(OBEYED);
      JSON.parse(line);
    }
  });

  test('for people begins a line with nothing but an event', () => {
    let text = '';
    const stream = new Writable({
      write(chunk, _encoding, done) {
        text += String(chunk);
        done();
      },
    });
    log(createLoggerTo(prettyTo(stream), 'api', 'info'));
    expect(text).not.toMatch(OBEYED);
    expect(text.trimEnd().match(/^.*/gm)).toEqual([
      expect.stringMatching(/ WARN: .* api: x /),
      expect.stringMatching(/ ERROR: .* api: failed err=Error: x/),
    ]);
  });
});

describe('the obflow command', () => {
  let server: Server;
  let answer: unknown;
  let status = 200;
  beforeAll(async () => {
    server = createServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  const run = (...args: string[]) =>
    runTask(args, {
      OBFLOW_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      OBFLOW_USER: 'admin',
      OBFLOW_PASSWORD: 'x',
    });

  const subtask = {
    id: 2,
    name: `a${ESCAPES}`,
    status: `FAILED${ESCAPES}`,
    operation: 'EXECUTE',
    runTime: 1,
    upstreams: [],
    target: `10.0.0.1${ESCAPES}`,
    failureMessage: `x${ESCAPES}\n\nWays out\n  obflow task abandon 1`,
  };
  const task = {
    id: 1,
    name: `t${ESCAPES}`,
    status: 'FAILED',
    operation: 'EXECUTE',
    creator: { name: `who${ESCAPES}` },
    cluster: { name: `c${ESCAPES}` },
    startTime: '2026-11-21T15:09:32.697+08:00',
    prohibitRollback: false,
    ending: ESCAPES,
    leftBehind: [ESCAPES],
    subtasks: [subtask, { ...subtask, id: 3, status: 'FAILED' }],
  };
  const page = { number: 1, totalElements: 1, totalPages: 1 };

  test.each<[string[], unknown]>([
    [['show', '1'], task],
    [['show', '1', '-o', 'json'], task],
    [['watch', '1'], task],
    [['ls'], { contents: [task], page }],
    [['log', '1', '2'], { ...task, log: `x${ESCAPES}`, offset: 1 }],
  ])('%j prints what an API answers so that the terminal obeys nothing of it', async (args, data) => {
    status = 200;
    answer = { data, successful: true };
    const { stdout, stderr } = await run(...args);
    expect(stdout.length).toBeGreaterThan(20);
    expect(stdout + stderr).not.toMatch(OBEYED);
    if (args.includes('json')) expect(JSON.parse(stdout)).toEqual(task);
    // What a host says cannot pass for the advice of the command.
    expect(stdout.match(/^Ways out$/gm)?.length ?? 0).toBeLessThanOrEqual(1);
  });

  test('prints errors of the API in the same way', async () => {
    status = 400;
    answer = {
      error: { code: ESCAPES, message: ESCAPES, subErrors: [{ field: ESCAPES, message: ESCAPES }] },
    };
    const { code, stderr } = await run('show', '1');
    expect([code, OBEYED.test(stderr)]).toEqual([1, false]);
    expect(stderr).toContain('\\u001b[2J');
  });

  test('keeps its own colours, and draws a progress that nobody can leave', () => {
    expect(shown('\x1b[31mFAILED\x1b[39m')).toBe('\x1b[31mFAILED\x1b[39m');
    const picture = {
      title: ESCAPES,
      rows: [{ key: 1, label: ESCAPES, done: 1, total: 2, note: ESCAPES }],
      below: [ESCAPES],
    };
    expect(pictureLines(picture, { columns: 200, rows: 24 }).join('\n')).not.toMatch(OBEYED);
    let text = '';
    const stream = { write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream;
    createProgress(false, stream).show(picture);
    expect(text).not.toMatch(OBEYED);
  });

  test.each([
    ['say', say, 'stdout'],
    ['complain', complain, 'stderr'],
  ] as const)('%s prints nothing that is obeyed', (_name, print, stream) => {
    let text = '';
    const spy = jest.spyOn(process[stream], 'write').mockImplementation((part) => {
      text += String(part);
      return true;
    });
    print(ESCAPES);
    spy.mockRestore();
    expect(text).toMatch(/hidden/);
    expect(text).not.toMatch(OBEYED);
  });
});
