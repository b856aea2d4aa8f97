/**
 * A history grows while it is read, describe is older than it, pages are as long as the server likes, and what is new is
 * read backwards. The server's pages cannot be chosen, so this one deals out recorded histories.
 */
import { defaultPayloadConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import fc from 'fast-check';
import { taskDocument } from '../../api/tasks/document/document';
import { HistoryReader } from '../../api/tasks/temporal/historyReader';
import type { HistoryEvent } from '../../api/tasks/temporal/historyService';
import type { Plan } from '../../workflows/plan';
import { fold, HISTORIES, recordedHistory } from '../support/histories';
import { nodeOf, planOf } from '../support/plans';

interface Page {
  readonly nextPageToken?: Uint8Array;
  readonly execution?: { readonly workflowId?: string };
  readonly maximumPageSize?: number;
}

type Service = Record<string, (request: Page) => Promise<unknown>>;
const messages = temporal.api.workflowservice.v1 as unknown as Record<
  string,
  { decode(bytes: Uint8Array): Page; encode(message: unknown): { finish(): Uint8Array } }
>;

/** A reader whose connection answers as Temporal's would: requests and answers are bytes. */
function readerOf(service: Service, most: { tasks?: number; subtasks?: number } = {}): HistoryReader {
  const rpcImpl = (
    { name }: { name: string },
    bytes: Uint8Array,
    callback: (error: Error | null, answer: Uint8Array | null) => void,
  ) => {
    const request = messages[`${name}Request`]?.decode(bytes) ?? {};
    const method = service[`${name[0]?.toLowerCase()}${name.slice(1)}`];
    method?.(request).then(
      (answer) => callback(null, messages[`${name}Response`]?.encode(answer).finish() ?? null),
      (error: Error) => callback(error, null),
    );
  };
  const within = (_: unknown, call: () => Promise<unknown>) => call();
  const connection = { workflowService: { rpcImpl }, withDeadline: within, withMetadata: within };
  return new HistoryReader({ namespace: 'default', connection } as never, most);
}

/** Knows the first `grown` events, describes the first `known` of them, and deals out `page` events at a time. */
class DealingServer {
  known = 1;
  grown = 1;
  pages = 0;
  describes = 0;
  failing = false;
  /** Of each page that was asked for. */
  readonly sizes: number[] = [];
  constructor(
    private readonly events: readonly HistoryEvent[],
    private readonly page: number,
  ) {}

  reader(): HistoryReader {
    const runId = this.events[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? '';
    const service = {
      describeWorkflowExecution: async () => {
        this.describes += 1;
        if (this.failing) throw new Error('no answer');
        return {
          workflowExecutionInfo: { execution: { runId }, historyLength: this.known },
          pendingActivities: [],
        };
      },
      getWorkflowExecutionHistory: async (request: Page) =>
        this.deal(this.events.slice(0, this.grown), request),
      getWorkflowExecutionHistoryReverse: async (request: Page) =>
        this.deal(this.events.slice(0, this.grown).reverse(), request),
    };
    return readerOf(service);
  }

  private deal(events: readonly HistoryEvent[], { nextPageToken, maximumPageSize = 0 }: Page) {
    this.pages += 1;
    this.sizes.push(maximumPageSize);
    const from =
      nextPageToken === undefined || nextPageToken.length === 0
        ? 0
        : Number(Buffer.from(nextPageToken).toString());
    const to = from + this.page;
    const token = to < events.length ? Buffer.from(String(to)) : new Uint8Array();
    return { history: { events: events.slice(from, to) }, nextPageToken: token };
  }
}

describe.each(HISTORIES)('history %s', (name) => {
  const { events } = recordedHistory(name);
  const whole = taskDocument(fold(events), new Map());

  it('gives the same document in pages of any length, forwards, backwards, and read while it grows', async () => {
    const moment = fc.integer({ min: 1, max: events.length });
    const moments = fc.array(fc.tuple(moment, moment), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), moments, async (page, reads) => {
        const server = new DealingServer(events, page);
        const reader = server.reader();
        for (const pair of reads) {
          const [known, grown] = pair.sort((a, b) => a - b);
          server.known = Math.max(server.known, known ?? 1);
          server.grown = Math.max(server.grown, grown ?? 1);
          const reading = await reader.read(name);
          expect(reading?.folded.lastEventId).toBeLessThanOrEqual(server.grown);
        }
        server.known = events.length;
        server.grown = events.length;
        const folded = (await reader.read(name))?.folded;
        expect(folded && taskDocument(folded, new Map())).toEqual(whole);
        // What is known already is not read again.
        server.pages = 0;
        await reader.read(name);
        expect(server.pages).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a look at a task that has gone on', () => {
  const name = 'succeeded';
  const { events } = recordedHistory(name);

  it.each([1, 5])('asks for little more than the %i new events', async (fresh) => {
    const server = new DealingServer(events, 40);
    const reader = server.reader();
    // Workflow tasks are no news of a task, so what is known ends with another event.
    const isNews = (event: HistoryEvent | undefined) =>
      !Object.keys(event ?? {}).some((key) => key.startsWith('workflowTask'));
    let length = events.length - fresh;
    while (!isNews(events[length - 1])) length -= 1;
    server.known = server.grown = length;
    await reader.read(name);
    server.sizes.length = 0;
    server.known = server.grown = length + fresh;
    await reader.read(name);
    expect(server.sizes).toEqual([fresh + 1]);
  });
});

describe('a task that many ask for at once', () => {
  it('is looked at once more for all of them, and after they asked', async () => {
    const name = 'succeeded';
    const { events } = recordedHistory(name);
    const server = new DealingServer(events, 40);
    const reader = server.reader();
    const first = reader.read(name);
    server.known = server.grown = events.length;
    const others = await Promise.all(Array.from({ length: 20 }, () => reader.read(name)));
    await first;
    expect(server.describes).toBe(2);
    const whole = taskDocument(fold(events), new Map());
    for (const reading of others) {
      expect(reading && taskDocument(reading.folded, reading.pending)).toEqual(whole);
    }
    await reader.read(name);
    expect(server.describes).toBe(3);
  });

  it('is looked at again for those who asked while a look failed', async () => {
    const name = 'succeeded';
    const { events } = recordedHistory(name);
    const server = new DealingServer(events, 40);
    const reader = server.reader();
    server.failing = true;
    const first = reader.read(name);
    server.failing = false;
    const [one, other] = [reader.read(name), reader.read(name)];
    await expect(first).rejects.toThrow('no answer');
    expect((await one)?.folded.lastEventId).toBe((await other)?.folded.lastEventId);
  });
});

describe('what a reader keeps', () => {
  const hosts = (count: number): Plan => ({
    ...planOf({}, { context: { listMap: { host_ids: Array.from({ length: count }, (_, at) => `${at}`) } } }),
    nodes: [nodeOf('a', { split: { by: 'host_ids' } })],
  });

  /** Workflows that have just been started, by their ids. */
  class JustStarted {
    readonly asked: string[] = [];
    constructor(private readonly plans: Readonly<Record<string, Plan>>) {}

    reader(most: { tasks?: number; subtasks?: number }): HistoryReader {
      const service = {
        describeWorkflowExecution: async ({ execution }: Page) => ({
          workflowExecutionInfo: { execution: { runId: execution?.workflowId }, historyLength: 1 },
          pendingActivities: [],
        }),
        getWorkflowExecutionHistory: async ({ execution }: Page) => this.started(execution?.workflowId ?? ''),
        getWorkflowExecutionHistoryReverse: async () => ({ history: { events: [] } }),
      };
      return readerOf(service, most);
    }

    private started(workflowId: string) {
      this.asked.push(workflowId);
      const payloads = [defaultPayloadConverter.toPayload(this.plans[workflowId])];
      const event = {
        eventId: 1,
        workflowExecutionStartedEventAttributes: { originalExecutionRunId: workflowId, input: { payloads } },
      };
      return { history: { events: [event] } };
    }
  }

  /** Reads the tasks in this order and answers those whose history had to be read. */
  async function readAnew(order: string, most: { tasks?: number; subtasks?: number }): Promise<string> {
    const server = new JustStarted({ s: hosts(10), t: hosts(10), L: hosts(1_000), M: hosts(1_000) });
    const reader = server.reader(most);
    for (const workflowId of order) await reader.read(workflowId);
    return server.asked.join('');
  }

  it('is bounded by the subtasks of the tasks together, the ones read longest ago going first', async () => {
    expect(await readAnew('stLstL', { subtasks: 1_020 })).toBe('stL');
    expect(await readAnew('stLMLMts', { subtasks: 1_500 })).toBe('stLMLMts');
    expect(await readAnew('LstLMts', { subtasks: 2_010 })).toBe('LstMs');
  });

  it('is the last task at least, however large it is', async () => {
    expect(await readAnew('sLLLs', { subtasks: 100 })).toBe('sLs');
  });

  it('is bounded by the number of tasks, too', async () => {
    expect(await readAnew('stsLts', { tasks: 2 })).toBe('stLts');
    expect(await readAnew('ss', { tasks: 0 })).toBe('ss');
  });
});
