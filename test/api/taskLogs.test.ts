import type { LogLine } from '../../store/types';
import { CHAIN, idOf, planOf } from '../support/plans';
import { EventStream } from './eventStream';
import { type Json, startTestApi, type TestApi } from './harness';

const PLAN = planOf(CHAIN, { taskId: 9 });
const SUBTASK = idOf(PLAN, 'b');
const PATH = `/api/v2/tasks/instances/9/subtasks/${SUBTASK}/log`;

let api: TestApi;
beforeEach(async () => {
  api = await startTestApi();
  await api.store.tasks.add({ plan: PLAN, workflowType: 'addObproxy' });
});
afterEach(() => api.stop());

const line = (text: string, run = 1, more: Partial<LogLine> = {}): LogLine => ({
  ...{ subtaskId: SUBTASK, run, operation: run === 1 ? 'EXECUTE' : 'RETRY', level: 'INFO', text },
  time: '2026-11-21T03:04:05.678Z',
  ...more,
});
const append = (...lines: LogLine[]) => api.store.tasks.appendLog(9, lines);
const read = async (query = '') => (await api.send('GET', PATH + query)).body.data as Json;
const close = () =>
  api.store.tasks.archive(9, {
    ...{ document: {}, status: 'SUCCESSFUL', operation: 'EXECUTE', finishTime: '2026-11-21T03:05:00.000Z' },
  });

test('Read by offset, a log is what it is when it is read at once', async () => {
  let pieces = '';
  let offset = 0;
  const more = async () => {
    const part = await read(`?offset=${offset}`);
    pieces += part.log;
    offset = part.offset;
    return part.log as string;
  };
  expect(await more()).toBe('');
  await append(line('one'), line('two'));
  expect(await more()).toMatch(/^#{12}\{EXECUTE\}.*\n.*: one\n.*: two\n$/);
  await append(line('elsewhere', 1, { subtaskId: idOf(PLAN, 'a') }), line('three'));
  expect(await more()).toMatch(/^[^#]*: three\n$/);
  await append(line('again', 2));
  expect(await more()).toMatch(/^#{12}\{RETRY\}.*\n.*: again\n$/);
  expect(await more()).toBe('');
  expect((await read()).log).toBe(pieces);
  expect((await api.send('GET', `${PATH}?offset=-1`)).status).toBe(400);
});

test('A stream has the log so far, then what comes, goes on where it broke off, and ends with the task', async () => {
  await append(line('one'));
  const stream = await EventStream.open(`${api.url}${PATH}/events`);
  const first = await stream.event('the log so far', ({ log }) => /: one\n$/.test(log));
  await append(line('two'));
  await stream.event('what comes', ({ log }) => /^[^#]*: two\n$/.test(log));
  stream.leave();

  const again = await EventStream.open(`${api.url}${PATH}/events`, first.id);
  expect((await again.event('what was missed', () => true)).data.log).toMatch(/^[^#]*: two\n$/);
  await append(line('three'));
  await close();
  await again.end();
  expect(again.events.map(({ data }) => data.log).join('')).toMatch(/: two\n.*: three\n$/);
  expect((await EventStream.open(`${api.url}${PATH}/events`, again.events.at(-1)?.id)).status).toBe(204);
  expect((await EventStream.open(`${api.url}/api/v2/tasks/instances/9/subtasks/1/log/events`)).status).toBe(
    404,
  );
});
