import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import express from 'express';
import { LazyList } from '../../api/http/lazyList';
import { TaskEvents } from '../../api/tasks/events';
import { Refusal } from '../../operations/refusal';
import { until } from '../support/until';
import { EventStream } from './eventStream';
import type { Json } from './harness';

/** The streams alone, over a task that the test changes by hand. */
let document: Json | undefined;
let reads: number;
/** When it was looked at, in ms. */
let looks: number[];
let trouble: Error | undefined;
let events: TaskEvents;
let server: Server;
let url: string;

beforeEach(async () => {
  document = { id: 1, status: 'RUNNING', step: 0, subtasks: [] };
  reads = 0;
  looks = [];
  trouble = undefined;
  events = new TaskEvents({
    read: async () => {
      reads += 1;
      looks.push(performance.now());
      if (trouble !== undefined) throw trouble;
      return document;
    },
  });
  const app = express();
  app.get('/', (request, response) =>
    events.stream(1, {
      ...{ request, response, userId: Number(request.get('x-user') ?? 100) },
      whilePermitted: () => ({ release: () => undefined }),
    }),
  );
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(async () => {
  events.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const step = (number: number) => (data: Json) => data.step === number;

test('A watcher gets the document once, then each change, each with an id of its own', async () => {
  const stream = await EventStream.open(url);
  await stream.event('the document', step(0));
  const before = reads;
  await until('it is looked at again', () => reads > before + 2);
  expect(stream.events).toHaveLength(1);
  document = { ...document, step: 1 };
  await stream.event('the change', step(1));
  expect(stream.events).toHaveLength(2);
  expect(new Set(stream.events.map(({ id }) => id)).size).toBe(2);
  stream.leave();
});

test('The stream ends after the document of a closed task, and is not begun again for who has it', async () => {
  const stream = await EventStream.open(url);
  await stream.event('the document', step(0));
  document = { ...document, status: 'SUCCESSFUL', step: 1, closed: true };
  await stream.end();
  expect(stream.events.map(({ data }) => data.step)).toEqual([0, 1]);
  expect((await EventStream.open(url, stream.events[1]?.id)).status).toBe(204);
  const late = await EventStream.open(url, stream.events[0]?.id);
  await late.end();
  expect(late.events.map(({ id }) => id)).toEqual([stream.events[1]?.id]);
  await until('nobody is watched', () => events.watched === 0);
});

test('A FAILED task that waits for its operator keeps the stream open', async () => {
  const stream = await EventStream.open(url);
  document = { ...document, status: 'FAILED', step: 1 };
  await stream.event('the failure', step(1));
  document = { ...document, status: 'RUNNING', step: 2 };
  await stream.event('the retry', step(2));
  expect(stream.ended).toBe(false);
  stream.leave();
});

test('Who reconnects with Last-Event-ID gets only what is newer', async () => {
  const first = await EventStream.open(url);
  const { id } = await first.event('the document', step(0));
  first.leave();
  const second = await EventStream.open(url, id);
  document = { ...document, step: 1 };
  await second.event('the change', step(1));
  expect(second.events).toHaveLength(1);
  second.leave();
  await until('nobody is watched', () => events.watched === 0);
  document = { ...document, step: 2 };
  const third = await EventStream.open(url, id);
  await third.event('what was missed', step(2));
  expect(third.events).toHaveLength(1);
  third.leave();
});

test('A hundred watchers share one reader, and nothing is read when the last has gone', async () => {
  const streams = await Promise.all(Array.from({ length: 100 }, () => EventStream.open(url)));
  await Promise.all(streams.map((stream) => stream.event('the document', step(0))));
  expect(events.watched).toBe(1);
  const before = { reads, at: Date.now() };
  document = { ...document, step: 1 };
  await Promise.all(streams.map((stream) => stream.event('the change', step(1))));
  expect(reads - before.reads).toBeLessThanOrEqual((Date.now() - before.at) / 300 + 1);
  for (const stream of streams) stream.leave();
  await until('nobody is watched', () => events.watched === 0);
  const after = reads;
  const again = await EventStream.open(url);
  await again.event('the change', step(1));
  // The one read is the new stream's own; the old reader did not go on beside it.
  expect(reads).toBe(after + 1);
  again.leave();
});

test('An outage is told in a comment, survived, and what changed meanwhile comes afterwards', async () => {
  const stream = await EventStream.open(url);
  await stream.event('the document', step(0));
  trouble = new Refusal(503, 'COM10004', 'Temporal does not\nanswer');
  const before = reads;
  await until('the outage is noticed twice', () => reads > before + 2);
  document = { ...document, step: 1 };
  trouble = undefined;
  await stream.event('the change', step(1));
  expect(stream.comments).toEqual(['Temporal does not answer']);
  stream.leave();
});

test('The stream of an unknown task, or of one that cannot be read, is refused before it begins', async () => {
  document = undefined;
  // Without the API's own error handler: it only must not be a stream.
  expect((await EventStream.open(url)).status).toBeGreaterThanOrEqual(400);
  document = { id: 1, status: 'RUNNING', step: 0, subtasks: [] };
  const stream = await EventStream.open(url);
  await stream.event('the document', step(0));
  stream.leave();
});

test('A server that stops ends its streams, so that watchers go elsewhere', async () => {
  const streams = await Promise.all([EventStream.open(url), EventStream.open(url)]);
  await Promise.all(streams.map((stream) => stream.event('the document', step(0))));
  events.close();
  await Promise.all(streams.map((stream) => stream.end()));
  expect((await EventStream.open(url)).status).toBeGreaterThanOrEqual(400);
});

test('A client that takes nothing costs one waiting document, and gets the newest in the end', async () => {
  const filler = 'x'.repeat(2_000_000);
  document = { ...document, filler };
  const watcher = await EventStream.open(url);
  const responses: ServerResponse[] = [];
  server.on('request', (_request, response) => responses.push(response));
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  for (let number = 1; number <= 8; number += 1) {
    document = { ...document, step: number };
    await watcher.event(`change ${number}`, step(number));
    expect(responses[0]?.writableLength ?? 0).toBeLessThan(2 * filler.length);
  }
  document = { ...document, step: 9, closed: true };
  await watcher.end();
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.resume();
  await until('the connection ends', () => socket.closed || socket.readableEnded);
  const steps = [...text.matchAll(/"step":(\d+)/g)].map((match) => Number(match[1]));
  expect(steps.at(-1)).toBe(9);
  expect(steps.length).toBeLessThan(9);
});

test('One user cannot take every stream: the 251st is refused, those of others are not', async () => {
  const sockets = Array.from({ length: 250 }, () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    return socket;
  });
  await until('all are streamed to', () => sockets.every((socket) => socket.bytesRead > 200));
  expect((await EventStream.open(url)).status).toBeGreaterThanOrEqual(400);
  const other = await EventStream.open(url, undefined, { 'x-user': '101' });
  await other.event('the document', step(0));
  other.leave();
  sockets[0]?.destroy();
  const again = await until('the place that fell free', async () => {
    const stream = await EventStream.open(url);
    return stream.status === 200 ? stream : undefined;
  });
  again.leave();
  for (const socket of sockets) socket.destroy();
});

test('A task of many subtasks is sent whole, and looked at the more seldom the more it has', async () => {
  const made: [number, number][] = [];
  const text = 'x'.repeat(200);
  const subtasks = new LazyList(8_000, (from, to) => {
    made.push([from, to]);
    return Array.from({ length: to - from }, (_, index) => ({ id: from + index, text }));
  });
  document = { ...document, subtasks };
  const stream = await EventStream.open(url);
  await stream.event('the document', step(0));
  expect(stream.events[0]?.data.subtasks).toEqual(await subtasks.all());
  expect(Math.max(...made.map(([from, to]) => to - from))).toBeLessThanOrEqual(500);
  await until('the next look', () => looks.length > 1);
  // By the looks alone: a busy client comes to know of them late.
  expect((looks[1] ?? 0) - (looks[0] ?? 0)).toBeGreaterThan(1_000);
  stream.leave();
});
