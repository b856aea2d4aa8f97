import { readFileSync } from 'node:fs';
import path from 'node:path';
import { submittedDocument } from '../../api/tasks/document/document';
import type { TaskInstance } from '../../api/tasks/document/types';
import { CREATE_WITHOUT_HOSTS, INSTALL_ON_ONE_HOST } from '../../operations/installChain';
import { repositoryRoot } from '../../runtime/paths';
import type { Plan, PlanItem } from '../../workflows/plan';
import { planOf } from '../support/plans';

function golden(name: string): { data: unknown } {
  return JSON.parse(
    readFileSync(path.join(repositoryRoot(), 'operations/samples', `${name}.response.json`), 'utf8'),
  );
}

function planFrom(sample: TaskInstance, nodes: readonly PlanItem[]): Plan {
  return {
    ...planOf({}),
    name: 'Install obproxy',
    ...(sample.hostId === undefined ? {} : { hostId: sample.hostId }),
    context: { stringMap: sample.context.stringMap, listMap: sample.context.listMap },
    firstSubtaskId: 34796,
    nodes,
  };
}

/** Ids, times, addresses and the numbering of seriesId differ; edges are compared by name. */
function comparable(task: TaskInstance): unknown {
  const name = new Map(task.subtasks.map((subtask) => [subtask.id, subtask.name]));
  const names = (ids: readonly number[]) => ids.map((id) => name.get(id)).sort();
  expect(task.subtasks.map(({ seriesId }) => seriesId).sort((a, b) => a - b)).toEqual(
    task.subtasks.map((_, index) => index),
  );
  return {
    ...task,
    id: 0,
    executor: '',
    startTime: task.startTime.replaceAll(/\d/g, '0').replace(/[+-]/g, '±'),
    subtasks: task.subtasks
      .map((subtask) => ({
        ...subtask,
        id: 0,
        seriesId: 0,
        upstreams: names(subtask.upstreams),
        downstreams: names(subtask.downstreams),
      }))
      .sort((a, b) => a.name.localeCompare(b.name)),
  };
}

describe('the answer to the documented sample request', () => {
  it('add OBProxy: equals the sample in every field but ids, times, addresses and numbering', () => {
    const { contents } = golden('add-obproxy').data as { contents: TaskInstance[] };
    const [sample] = contents;
    if (sample === undefined) throw new Error('the sample has no task');
    expect(comparable(submittedDocument(planFrom(sample, INSTALL_ON_ONE_HOST)))).toEqual(comparable(sample));
  });

  it('create OBProxy cluster: likewise', () => {
    const sample = golden('create-obproxy-cluster').data as TaskInstance;
    expect(comparable(submittedDocument(planFrom(sample, CREATE_WITHOUT_HOSTS)))).toEqual(comparable(sample));
  });
});
