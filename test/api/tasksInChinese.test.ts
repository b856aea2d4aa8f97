import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { keyed } from '../../workflows/text';
import { CHAIN, idOf } from '../support/plans';
import type { Behaviour, TaskBed } from '../support/tasks';
import { EventStream } from './eventStream';
import { basic, type Json, PASSWORD, type TestApi } from './harness';
import { TaskScene } from './taskScene';

const ZH = { 'accept-language': 'zh-CN' };
const ENGLISH =
  'COM10999: Could not install obproxy.rpm on 192.0.2.7: rpm ended with 1: no space left on device. Repair what rpm complains about and retry.';
const CHINESE =
  'COM10999：在 192.0.2.7 上未能安装 obproxy.rpm：rpm 以 1 结束：no space left on device。请排除 rpm 报告的问题后重试。';

/** As an activity of the product fails, with what the host said as an argument. */
const rpmFails: Behaviour = () => {
  throw new PermanentError({
    type: 'RpmFailed',
    code: 'COM10999',
    tried: say('package.install', { package: 'obproxy.rpm' }),
    where: '192.0.2.7',
    cameBack: say('rpm.ended', { exitCode: 1, said: 'no space left on device' }),
    next: say('next.repairRpm'),
  });
};

let scene: TaskScene;
let bed: TaskBed;
let api: TestApi;
beforeAll(async () => {
  scene = await TaskScene.open();
  ({ bed, api } = scene);
});
afterAll(() => scene?.close());

const failed = (document: Json) => document.subtasks.find(({ name }: Json) => name === 'b');

test('A failed task is Chinese to who asks for it: document, stream, answers to commands and log', async () => {
  bed.behaviours.b = rpmFails;
  const plan = await scene.submit(CHAIN);
  const english = await scene.whenStatus(plan, 'FAILED');
  expect(failed(english).failureMessage).toBe(ENGLISH);
  expect(english.firstFailure.message).toBe(ENGLISH);

  const { body, headers } = await api.send('GET', scene.path(plan), undefined, ZH);
  expect(headers.get('content-language')).toBe('zh-CN');
  expect(failed(body.data).failureMessage).toBe(CHINESE);
  expect(body.data.firstFailure.message).toBe(CHINESE);

  // Two watchers of one task, each in a language of its own.
  const login = { authorization: basic('admin', PASSWORD) };
  const url = `${api.url}${scene.path(plan, '/events')}`;
  const [chinese, other] = [
    await EventStream.open(url, undefined, { ...login, ...ZH }),
    await EventStream.open(url, undefined, login),
  ];
  const said = async (stream: EventStream) =>
    failed((await stream.event('the failure', (data) => failed(data).failureMessage !== undefined)).data)
      .failureMessage;
  expect([await said(chinese), await said(other)]).toEqual([CHINESE, ENGLISH]);
  chinese.leave();
  other.leave();

  const retried = await api.send('POST', scene.path(plan, '/retry'), { why: 'disk replaced' }, ZH);
  expect([retried.status, retried.headers.get('content-language')]).toEqual([200, 'zh-CN']);
  await scene.whenStatus(plan, 'FAILED');
  const logOf = async (more: Record<string, string>) =>
    (await api.send('GET', scene.path(plan, `/subtasks/${idOf(plan, 'b')}/log`), undefined, more)).body.data
      .log;
  expect(await logOf(ZH)).toMatch(/INFO : 由 admin 从 127\.0\.0\.1 要求重试任务：disk replaced\n$/);
  expect(await logOf({})).toMatch(
    /INFO : Retry of the task asked for by admin from 127\.0\.0\.1: disk replaced\n$/,
  );

  const abandoned = await api.send('POST', scene.path(plan, '/abandon'), {}, ZH);
  expect(failed(abandoned.body.data).failureMessage).toBe(CHINESE);
  const closed = await scene.when(plan, 'closed', (document) => document.closed === true);
  expect(failed(closed).failureMessage).toBe(ENGLISH);
  // What is archived keeps key and arguments.
  const archived = await api.send('GET', scene.path(plan), undefined, ZH);
  expect(failed(archived.body.data).failureMessage).toBe(CHINESE);
});

test('A log is Chinese line by line, except for lines that have no key, or one that this release does not know', async () => {
  const plan = await scene.submit(CHAIN);
  const subtaskId = idOf(plan, 'a');
  const line = (text: string, said?: { key: string; args: Record<string, unknown> }) => ({
    ...{ subtaskId, run: 1, operation: 'EXECUTE', time: '2026-01-01T00:00:00.250Z', level: 'INFO' as const },
    text,
    ...(said === undefined ? {} : { said }),
  });
  const text = say('rpm.says', { line: 'one\ntwo' });
  await scene.store.tasks.appendLog(plan.taskId, [
    line('Written by a release before'),
    line(text.en, keyed(text)),
    line('Written by a release after', { key: 'no.such', args: {} }),
  ]);
  const log = async (more: Record<string, string>) => {
    const where = scene.path(plan, `/subtasks/${subtaskId}/log`);
    const { body, headers } = await api.send('GET', where, undefined, more);
    const words = body.data.log.split('\n').map((one: string) => one.replace(/^.* INFO : /, ''));
    return [headers.get('content-language'), ...words.slice(1, -1)];
  };
  const [before, after] = ['Written by a release before', 'Written by a release after'];
  expect(await log(ZH)).toEqual(['zh-CN', before, 'rpm 输出：one', 'two', after]);
  expect(await log({})).toEqual(['en-US', before, 'rpm: one', 'two', after]);
});

test('Warnings are Chinese in document and list, also of a closed task, except for one without a key', async () => {
  const plan = await scene.submit(CHAIN);
  await scene.whenStatus(plan, 'FAILED');
  const subtaskId = idOf(plan, 'a');
  const text = say('rpm.says', { line: 'no space left' });
  const warning = { subtaskId, name: 'a', target: '192.0.2.7', time: '2026-01-01T00:00:00.250Z' };
  await scene.store.tasks.setWarnings(plan.taskId, subtaskId, [
    { ...warning, text: text.en, said: keyed(text) },
    { ...warning, text: 'Written by a release before' },
  ]);
  const textsOf = (task: Json) => [task.warningCount, ...task.warnings.map((one: Json) => one.text)];
  const told = async (more: Record<string, string>) => {
    const shown = await api.send('GET', scene.path(plan), undefined, more);
    const list = await api.send('GET', '/api/v2/tasks/instances?size=100', undefined, more);
    expect(list.headers.get('content-language')).toBe(shown.headers.get('content-language'));
    const listed = list.body.data.contents.find(({ id }: Json) => id === plan.taskId);
    return [textsOf(shown.body.data), textsOf(listed)];
  };
  const chinese = [2, 'rpm 输出：no space left', 'Written by a release before'];
  const english = [2, 'rpm: no space left', 'Written by a release before'];
  expect(await told(ZH)).toEqual([chinese, chinese]);
  expect(await told({})).toEqual([english, english]);
  await api.send('POST', scene.path(plan, '/abandon'), {}, ZH);
  await scene.when(plan, 'closed', (document) => document.closed === true);
  expect(await told(ZH)).toEqual([chinese, chinese]);
  expect(await told({})).toEqual([english, english]);
});
