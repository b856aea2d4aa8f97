/**
 * Describe and history are two readings at two moments, and histories come in pages of any size. Whatever the moments
 * and the pages, the document must show a state that the rules of a task allow.
 */
import fc from 'fast-check';
import { type PendingActivity, taskDocument } from '../../api/tasks/document/document';
import type { FoldedTask } from '../../api/tasks/document/fold';
import type { WrappedTaskInstance } from '../../api/tasks/document/types';
import type { HistoryEvent } from '../../api/tasks/temporal/historyService';
import { fold, HISTORIES, recordedHistory } from '../support/histories';

const BUSY = ['READY', 'RUNNING', 'CANCELING'];

/** Ids of the activities that were open after the first `count` events. */
function openAfter(events: readonly HistoryEvent[], count: number): string[] {
  const open = new Map<string, string>();
  for (const event of events.slice(0, count)) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) open.set(String(event.eventId), scheduled.activityId ?? '');
    const closed =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes ??
      event.activityTaskCanceledEventAttributes;
    if (closed) open.delete(String(closed.scheduledEventId));
  }
  return [...open.values()];
}

/** What describe may have said of these activities: any state it knows. */
function described(ids: readonly string[], luck: readonly number[]): Map<string, PendingActivity> {
  const states = ['SCHEDULED', 'STARTED', 'CANCEL_REQUESTED', 'PAUSED', 'PAUSE_REQUESTED'] as const;
  return new Map(
    ids.map((activityId, index) => {
      const chance = luck[index % luck.length] ?? 0;
      const state = states[chance % states.length] ?? 'STARTED';
      return [
        activityId,
        { activityId, state, attempt: 1 + (chance % 3), lastStartedTime: 1_700_000_000_000 },
      ];
    }),
  );
}

/** What is wrong with a document, by the rules of docs/task-engine.md; nothing when all is well. */
function impossible(document: WrappedTaskInstance, { machine, closing }: FoldedTask): string[] {
  const byId = new Map(document.subtasks.map((subtask) => [subtask.id, subtask]));
  const undoing = document.operation === 'ROLLBACK';
  const wrong: string[] = [];
  const busy = document.subtasks.filter(({ status }) => BUSY.includes(status));
  const limit = machine.plan.concurrency;
  if (limit > 0 && busy.length > limit) wrong.push(`${busy.length} busy, ${limit} allowed`);
  for (const { name, status, operation, upstreams, downstreams, ...times } of document.subtasks) {
    const touched = status !== 'PENDING' || operation.startsWith('ROLLBACK');
    for (const id of upstreams) {
      const above = byId.get(id);
      if (!undoing && touched && above?.status !== 'SUCCESSFUL')
        wrong.push(`${name} is ${status} before ${above?.name}`);
    }
    for (const id of downstreams) {
      const below = byId.get(id);
      const gone =
        undoing && (BUSY.includes(status) || (status === 'PENDING' && operation.startsWith('ROLLBACK')));
      if (gone && below?.status !== 'PENDING') wrong.push(`${name} is undone before ${below?.name}`);
    }
    if (status === 'RUNNING' && times.finishTime !== undefined) wrong.push(`${name} runs and has finished`);
    if (status === 'READY' && times.startTime !== undefined) wrong.push(`${name} is READY and has started`);
    if (status === 'FAILED' && !undoing && times.failureMessage === undefined)
      wrong.push(`${name} failed for no reason`);
  }
  if (document.status === 'FAILED' && busy.length > 0) wrong.push('FAILED while something runs');
  if (document.status === 'FAILED' && document.firstFailure === undefined) wrong.push('FAILED for no reason');
  if (document.status === 'SUCCESSFUL') {
    const end = undoing ? 'PENDING' : 'SUCCESSFUL';
    for (const { name, status } of document.subtasks)
      if (status !== end) wrong.push(`SUCCESSFUL, and ${name} is ${status}`);
    if (closing === undefined) wrong.push('SUCCESSFUL before its locks are released');
  }
  if (document.status !== 'RUNNING' && document.finishTime === undefined) wrong.push('ended at no time');
  if (document.status === 'RUNNING' && document.finishTime !== undefined) wrong.push('runs and has finished');
  return wrong;
}

describe.each(HISTORIES)('history %s', (name) => {
  const { events } = recordedHistory(name);

  it('never shows an impossible state, however old the describe and however short the history', () => {
    const moment = fc.integer({ min: 1, max: events.length });
    const luck = fc.array(fc.nat(1000), { minLength: 4, maxLength: 12 });
    fc.assert(
      fc.property(moment, moment, luck, (one, other, chances) => {
        // Describe is read first; the history that follows is as new or newer.
        const [earlier, later] = one < other ? [one, other] : [other, one];
        const folded = fold(events, later);
        const document = taskDocument(folded, described(openAfter(events, earlier), chances));
        expect(impossible(document, folded)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('never takes back what it has shown: runs only grow, and what is SUCCESSFUL stays so until a rollback', () => {
    let before: WrappedTaskInstance | undefined;
    for (let count = 1; count <= events.length; count++) {
      const document = taskDocument(fold(events, count), new Map());
      for (const [index, { status, runTime }] of document.subtasks.entries()) {
        const was = before?.subtasks[index];
        expect(runTime).toBeGreaterThanOrEqual(was?.runTime ?? 1);
        if (was?.status === 'SUCCESSFUL' && document.operation !== 'ROLLBACK')
          expect(status).toBe('SUCCESSFUL');
      }
      before = document;
    }
  });

  it('gives the same document in pages of any size, also when pages overlap', () => {
    const whole = taskDocument(fold(events), new Map());
    const pages = fc.array(fc.record({ size: fc.integer({ min: 1, max: 40 }), overlap: fc.nat(10) }));
    fc.assert(
      fc.property(pages, (sizes) => {
        const folded = fold(events, 1);
        let at = 1;
        for (const { size, overlap } of sizes) {
          for (const event of events.slice(Math.max(0, at - overlap), at + size)) folded.apply(event);
          at = Math.min(events.length, at + size);
        }
        for (const event of events.slice(at)) folded.apply(event);
        expect(taskDocument(folded, new Map())).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });
});
