import type { Language } from '../../api/http/messages/language';
import { fromArchive, toArchive } from '../../api/tasks/document/archived';
import { openTask, saidTask, taskDocument } from '../../api/tasks/document/document';
import { FoldedTask } from '../../api/tasks/document/fold';
import { basicDocument } from '../../api/tasks/document/listed';
import { inWords } from '../../api/tasks/document/said';
import type { SubtaskInstance, WrappedTaskInstance } from '../../api/tasks/document/types';
import type { TaskRow } from '../../store/types';
import { fold, type HistoryName, recordedHistory } from '../support/histories';
import { CHAIN, planOf, withNodes } from '../support/plans';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/;

function documentOf(name: HistoryName): WrappedTaskInstance {
  const { events, pending } = recordedHistory(name);
  return taskDocument(fold(events), pending);
}

const statuses = ({ subtasks }: WrappedTaskInstance) => subtasks.map(({ status }) => status);
const subtask = (document: WrappedTaskInstance, name: string): SubtaskInstance => {
  const found = document.subtasks.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no subtask ${name}`);
  return found;
};

describe('an accepted task that no worker has yet', () => {
  const document = documentOf('accepted');

  it('is RUNNING with its root READY and has neither executor nor times of the run', () => {
    expect([document.status, ...statuses(document)]).toEqual(['RUNNING', 'READY', 'PENDING', 'PENDING']);
    expect(document).not.toHaveProperty('finishTime');
    for (const field of ['executor', 'startTime', 'finishTime', 'attempt', 'failureMessage']) {
      expect(subtask(document, 'a')).not.toHaveProperty(field);
    }
  });

  it('has the documented fields of a WrappedTaskInstance and no null', () => {
    expect(Object.keys(document).sort()).toEqual([
      'context',
      'createTime',
      'creator',
      'executor',
      'hosts',
      'id',
      'name',
      'operation',
      'prohibitRollback',
      'startTime',
      'status',
      'subtasks',
      'taskDefinitionId',
      'type',
    ]);
    expect(document).toMatchObject({
      creator: { id: 100, name: 'admin' },
      taskDefinitionId: -1,
      type: 'MANUAL',
    });
    expect(JSON.stringify(document)).not.toContain('null');
  });
});

describe('a subtask', () => {
  it('says where it works, and that it cannot be skipped where its plan says so', () => {
    const plan = planOf(CHAIN);
    const changed = withNodes(plan, (node, at) =>
      at === 0 ? { ...node, split: { by: 'host_ids' }, prohibitSkip: true } : node,
    );
    const context = { stringMap: {}, listMap: { host_ids: ['7'] } };
    const places = { host_ids: { '7': '192.0.2.7' } };
    const document = taskDocument(new FoldedTask({ ...changed, context, places }), new Map());
    expect(subtask(document, 'a')).toMatchObject({ target: '192.0.2.7', prohibitSkip: true });
    for (const field of ['target', 'prohibitSkip']) expect(subtask(document, 'b')).not.toHaveProperty(field);
  });
});

describe('a running task', () => {
  const document = documentOf('running');

  it('shows what a worker has as RUNNING, with the worker as executor and its start time', () => {
    expect(statuses(document)).toEqual(['SUCCESSFUL', 'RUNNING', 'PENDING']);
    const b = subtask(document, 'b');
    expect(b).toMatchObject({ executor: '192.0.2.10', runTime: 1, operation: 'EXECUTE' });
    expect(b.startTime).toMatch(ISO);
    expect(b).not.toHaveProperty('finishTime');
  });

  it('gives a finished subtask both times in order', () => {
    const { startTime = '', finishTime = '' } = subtask(document, 'a');
    expect(startTime).toMatch(ISO);
    expect(Date.parse(finishTime)).toBeGreaterThanOrEqual(Date.parse(startTime));
  });

  it('shows a scheduled activity that nobody has as READY', () => {
    const { events } = recordedHistory('running');
    expect(statuses(taskDocument(fold(events), new Map()))).toEqual(['SUCCESSFUL', 'READY', 'PENDING']);
  });
});

describe('a run between two attempts', () => {
  it('stays RUNNING in run 1 and tells attempt and last failure', () => {
    const b = subtask(documentOf('retrying'), 'b');
    expect(b).toMatchObject({ status: 'RUNNING', runTime: 1, attempt: 3 });
    expect(b.lastFailure).toBe('Could not run b on 192.0.2.7:22: connection refused. It is tried again.');
    expect(b).not.toHaveProperty('failureMessage');
  });

  const failure = 'Could not run b on 192.0.2.7:22: connection refused. It is tried again.';
  const seen = async (attempt: number, seconds: number, language: Language, waits = false) => {
    const { events, pending } = recordedHistory('retrying');
    const folded = fold(events);
    if (waits) for (const { plan } of folded.machine.subtasks.values()) Object.assign(plan.node, { waits });
    const scheduled = Math.max(...[...folded.runs.values()].map(({ scheduledTime = 0 }) => scheduledTime));
    const later = new Map(
      [...pending].map(([id, open]) => [id, { ...open, attempt, seenAt: scheduled + seconds * 1_000 }]),
    );
    const subtasks: SubtaskInstance[] = [];
    for await (const part of inWords(saidTask(folded, later), language).subtasks.parts())
      subtasks.push(...part);
    return subtasks.find(({ name }) => name === 'b')?.lastFailure;
  };

  it('whose failure goes on for a minute is said to be hardly cured by waiting, in both languages', async () => {
    expect(await seen(7, 130, 'en-US')).toMatch(
      /^Could not run b .*\(Attempt 7, 2 min after the first: waiting alone will hardly cure it\./,
    );
    expect(await seen(7, 130, 'zh-CN')).toMatch(
      /^Could not run b .*（第 7 次尝试，距首次已 2 分钟：仅靠等待恐怕无法恢复。/,
    );
  });

  it.each([
    ['for a shorter time', 7, 59, false],
    ['seldom: the first attempt took long', 3, 600, false],
    ['never: it looks, and waits by itself', 50, 6_000, true],
  ])('that has failed %s is shown as it is', async (_, attempt, seconds, waits) => {
    expect(await seen(attempt, seconds, 'en-US', waits)).toBe(failure);
  });
});

describe('a task that waits for an operator', () => {
  const document = documentOf('failed');

  it('is FAILED with a finish time, the reason at the subtask and as first failure, the rest untouched', () => {
    expect([document.status, ...statuses(document)]).toEqual([
      'FAILED',
      'SUCCESSFUL',
      'FAILED',
      'SUCCESSFUL',
      'PENDING',
    ]);
    const b = subtask(document, 'b');
    expect(b.failureMessage).toBe(
      'Could not run b on 192.0.2.7: no space left on device. Make room in /home/admin and retry.',
    );
    expect(document.firstFailure).toEqual({ subtaskId: b.id, name: 'b', message: b.failureMessage });
    const finished = document.subtasks.map(({ finishTime }) => finishTime ?? '').sort();
    expect(document.finishTime).toBe(finished.at(-1));
  });

  it('is not FAILED before the workflow has taken note: a retry would be refused', () => {
    const { events } = recordedHistory('failed');
    const noted = events.findIndex((event) => event.upsertWorkflowSearchAttributesEventAttributes);
    const before = taskDocument(fold(events, noted), new Map());
    expect(statuses(before)).toContain('FAILED');
    expect(before.status).toBe('RUNNING');
    expect(before).not.toHaveProperty('finishTime');
  });
});

describe('a retried task', () => {
  it('is RUNNING/RETRY, the subtask in run 2 without the failure of run 1', () => {
    const document = documentOf('retried');
    expect(document).toMatchObject({ status: 'RUNNING', operation: 'RETRY' });
    expect(document).not.toHaveProperty('firstFailure');
    const b = subtask(document, 'b');
    expect(b).toMatchObject({ status: 'RUNNING', operation: 'RETRY', runTime: 2 });
    expect(b).not.toHaveProperty('failureMessage');
    expect(b).not.toHaveProperty('finishTime');
  });

  it('shows the subtask READY, without times, from the moment the command is accepted', () => {
    const { events } = recordedHistory('retried');
    const accepted = events.findIndex((event) => event.workflowExecutionUpdateAcceptedEventAttributes);
    const b = subtask(taskDocument(fold(events, accepted + 1), new Map()), 'b');
    expect(b).toMatchObject({ status: 'READY', runTime: 2 });
    for (const field of ['executor', 'startTime', 'finishTime']) expect(b).not.toHaveProperty(field);
  });

  it('keeps the task operation when subtasks are retried singly, and counts every run', () => {
    const { events } = recordedHistory('retried-succeeded');
    const [single, all] = events.flatMap((event, at) =>
      event.workflowExecutionUpdateAcceptedEventAttributes ? [at + 1] : [],
    );
    expect(taskDocument(fold(events, single), new Map()).operation).toBe('EXECUTE');
    expect(taskDocument(fold(events, all), new Map()).operation).toBe('RETRY');
    const document = documentOf('retried-succeeded');
    expect(document).toMatchObject({ status: 'SUCCESSFUL', operation: 'RETRY' });
    expect(document.subtasks.map(({ runTime }) => runTime)).toEqual([1, 2, 2, 1]);
  });
});

describe('a successful task', () => {
  it('is SUCCESSFUL only when the workflow has completed, so that its locks are released', () => {
    const { events } = recordedHistory('succeeded');
    const almost = taskDocument(fold(events, events.length - 1), new Map());
    expect(new Set(statuses(almost))).toEqual(new Set(['SUCCESSFUL']));
    expect(almost.status).toBe('RUNNING');
    const document = documentOf('succeeded');
    expect(document.status).toBe('SUCCESSFUL');
    expect(document.finishTime).toMatch(ISO);
  });

  it('tells how many attempts a run took', () => {
    expect(subtask(documentOf('succeeded'), 'b')).toMatchObject({
      attempt: 2,
      runTime: 1,
      status: 'SUCCESSFUL',
    });
    expect(subtask(documentOf('succeeded'), 'a')).not.toHaveProperty('attempt');
  });
});

describe('a document in Chinese', () => {
  const wordsOf = async (document: unknown, language: 'en-US' | 'zh-CN') => {
    const row = { id: 1, closed: true, document } as TaskRow;
    const said = fromArchive(row, { documentPart: () => Promise.reject(new Error('not in parts')) });
    const { subtasks, ...task } = inWords(said!, language);
    return { ...task, subtasks: await subtasks.all() };
  };
  const inChinese = async (name: HistoryName) => {
    const { events, pending } = recordedHistory(name);
    const { document } = await toArchive(saidTask(fold(events), pending));
    const kept = JSON.parse(JSON.stringify(document)) as unknown;
    expect(await wordsOf(kept, 'en-US')).toEqual(taskDocument(fold(events), pending));
    return wordsOf(kept, 'zh-CN');
  };

  it('says why the task ended and why a subtask failed', async () => {
    const document = await inChinese('cancelled');
    expect(document.ending).toMatch(/^工作流已被.*取消，不再接受命令。$/);
    expect(subtask(document, 'b').failureMessage).toBe('TSK10014：已被取消。');
    expect(document.firstFailure?.message).toBe('TSK10014：已被取消。');
  });

  it('quotes what only exists in English', async () => {
    expect((await inChinese('terminated')).ending).toMatch(
      /^工作流已被 .* 终止：.*the host is gone for good.*；不再接受命令。$/,
    );
  });

  it('takes an archived one of an earlier release as it is', async () => {
    const old = taskDocument(fold(recordedHistory('cancelled').events), new Map());
    expect(await wordsOf(old, 'zh-CN')).toEqual(old);
  });
});

describe('a workflow that somebody closed', () => {
  it.each([
    ['cancelled', 'TSK10014: It was cancelled.', 'The workflow was cancelled'],
    ['terminated', 'the host is gone for good', 'the host is gone for good'],
  ] as const)('%s: is FAILED with the reason, whatever describe still lists', (name, ofSubtask, ofTask) => {
    const { events, pending } = recordedHistory(name);
    const folded = fold(events);
    const document = taskDocument(folded, pending);
    expect([document.status, ...statuses(document)]).toEqual(['FAILED', 'SUCCESSFUL', 'FAILED', 'PENDING']);
    expect(subtask(document, 'b').failureMessage).toContain(ofSubtask);
    expect(document.ending).toContain(ofTask);
    expect(document.finishTime).toMatch(ISO);
    expect(document.closed).toBe(true);
  });

  it('is told from one that waits FAILED for an operator', () => {
    expect(documentOf('failed')).not.toHaveProperty('closed');
  });
});

describe('a run without time for another attempt', () => {
  it('names the timeout and the last failure', () => {
    expect(documentOf('out-of-time').firstFailure?.message).toMatch(
      /^TSK10012: Given up after 2 s. The last attempt said: .*connection refused/,
    );
  });
});

describe('a fan-out over 50 hosts', () => {
  it('has one subtask per host with its index, retried only where it failed', () => {
    const document = documentOf('fan-out');
    expect(document.subtasks).toHaveLength(52);
    expect(document.status).toBe('SUCCESSFUL');
    const installs = document.subtasks.filter(({ name }) => name === 'Install');
    expect(installs.map(({ parallelIdx }) => parallelIdx)).toEqual(Array.from({ length: 50 }, (_, at) => at));
    expect(installs.filter(({ runTime }) => runTime === 2).map(({ parallelIdx }) => parallelIdx)).toEqual([
      6,
    ]);
  });

  it('never shows more READY and RUNNING subtasks than the limit of 10, at no moment of its history', () => {
    const { events } = recordedHistory('fan-out');
    for (let count = 1; count <= events.length; count++) {
      const document = taskDocument(fold(events, count), new Map());
      const busy = statuses(document).filter((status) => status === 'READY' || status === 'RUNNING');
      expect(busy.length).toBeLessThanOrEqual(10);
    }
  });
});

describe('the element of the list', () => {
  it('has the documented fields of a BasicTaskInstance, and where it works and which way it goes', async () => {
    const document = await basicDocument(openTask(fold(recordedHistory('failed').events), new Map()));
    expect(Object.keys(document).sort()).toEqual([
      'creator',
      'finishTime',
      'hosts',
      'id',
      'name',
      'operation',
      'startTime',
      'status',
      'subtasks',
      'waiting',
    ]);
    expect(Object.keys(document.subtasks[0] ?? {}).sort()).toEqual([
      'description',
      'id',
      'name',
      'operation',
      'status',
    ]);
  });
});
