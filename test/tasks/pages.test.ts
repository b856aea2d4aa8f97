/**
 * A history grows while it is read, describe is older than it, pages are as long as the server likes, and what is new is
 * read backwards. The server's pages cannot be chosen, so this one deals out recorded histories.
 */
import fc from 'fast-check';
import { taskDocument } from '../../api/tasks/document/document';
import type { HistoryEvent } from '../../api/tasks/document/fold';
import { HistoryReader } from '../../api/tasks/temporal/historyReader';
import type { TemporalHandle } from '../../runtime/temporal';
import { fold, HISTORIES, recordedHistory } from '../support/histories';

interface Page {
  readonly nextPageToken?: Uint8Array;
}

/** Knows the first `grown` events, describes the first `known` of them, and deals out `page` events at a time. */
class DealingServer {
  known = 1;
  grown = 1;
  pages = 0;
  constructor(
    private readonly events: readonly HistoryEvent[],
    private readonly page: number,
  ) {}

  get handle(): TemporalHandle {
    const runId = this.events[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? '';
    const workflowService = {
      describeWorkflowExecution: async () => ({
        workflowExecutionInfo: { execution: { runId }, historyLength: this.known },
        pendingActivities: [],
      }),
      getWorkflowExecutionHistory: async (request: Page) =>
        this.deal(this.events.slice(0, this.grown), request),
      getWorkflowExecutionHistoryReverse: async (request: Page) =>
        this.deal(this.events.slice(0, this.grown).reverse(), request),
    };
    const withDeadline = (_deadline: number, call: () => Promise<unknown>) => call();
    return { namespace: 'default', connection: { workflowService, withDeadline } } as never;
  }

  private deal(events: readonly HistoryEvent[], { nextPageToken }: Page) {
    this.pages += 1;
    const from = nextPageToken === undefined ? 0 : Number(Buffer.from(nextPageToken).toString());
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
        const reader = new HistoryReader(server.handle);
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
