import { readFileSync } from 'node:fs';
import path from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import type { temporal } from '@temporalio/proto';
import type { PendingActivity } from '../../api/tasks/document/document';
import { FoldedTask } from '../../api/tasks/document/fold';
import type { HistoryEvent } from '../../api/tasks/temporal/historyService';

/** Recorded by test/replay/record.ts, named after the behaviour. */
export const HISTORIES = [
  'accepted',
  'running',
  'retrying',
  'failed',
  'retried',
  'retried-succeeded',
  'succeeded',
  'cancelled',
  'terminated',
  'out-of-time',
  'fan-out',
  'skipped',
  'cancelled-subtask',
  'canceling',
  'rolled-back',
  'rollback-failed',
  'rollback-repeated',
  'abandoned',
  'crashed',
  'zones',
] as const;

/** The runs of a task that has continued as new twice: a part of it each. */
export const PARTS = ['left-at-a-seam', 'gone-on', 'gone-to-its-end'] as const;
export type HistoryName = (typeof HISTORIES)[number] | (typeof PARTS)[number];

export interface RecordedHistory {
  readonly history: temporal.api.history.v1.IHistory;
  readonly events: readonly HistoryEvent[];
  readonly pending: ReadonlyMap<string, PendingActivity>;
}

export function recordedHistory(name: HistoryName): RecordedHistory {
  const file = path.join(__dirname, '..', 'histories', `${name}.json`);
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as {
    pending: PendingActivity[];
    history: unknown;
  };
  const history = historyFromJSON(recorded.history);
  return {
    history,
    events: history.events ?? [],
    pending: new Map(recorded.pending.map((activity) => [activity.activityId, activity])),
  };
}

/** Folds the first `count` events. */
export function fold(events: readonly HistoryEvent[], count: number = events.length): FoldedTask {
  const [first, ...rest] = events.slice(0, count);
  if (first === undefined) throw new Error('an empty history');
  const folded = FoldedTask.fromFirstEvent(first);
  for (const event of rest) folded.apply(event);
  return folded;
}
