import { isIP } from 'node:net';
import type { TaskWarnings } from '../../../store/types';
import { taskWorkflowId } from '../../../workflows/ids';
import type { Plan } from '../../../workflows/plan';
import { asText } from '../../../workflows/text';
import { type Language, spoken } from '../../http/messages/language';
import { ocpTime } from '../../http/time';
import type { BasicTaskInstance, TaskDocument } from './types';

/** What the list says of a task beyond the document: where it works, as people call it. */
export function placesOf({
  place,
  places,
  context,
  unshown,
}: Plan): Pick<BasicTaskInstance, 'hosts' | 'obproxyCluster'> {
  const hosts = new Set(Object.values(places ?? {}).flatMap((of) => Object.values(of)));
  if (place !== undefined) hosts.add(place);
  const { obproxy_cluster_id: id, obproxy_cluster_name: name } = {
    ...unshown?.stringMap,
    ...context.stringMap,
  };
  return {
    hosts: [...hosts].filter((host) => isIP(host) !== 0),
    ...(id === undefined || name === undefined ? {} : { obproxyCluster: { id: Number(id), name } }),
  };
}

/** The fields of a document about warnings; none of a task without. */
export function warningFields(
  warnings: TaskWarnings | undefined,
  language: Language,
): Pick<BasicTaskInstance, 'warningCount' | 'warnings'> {
  if (warnings === undefined) return {};
  return {
    warningCount: warnings.count,
    warnings: warnings.first.map(({ target, time, said, text, ...warning }) => ({
      ...warning,
      text: said === undefined ? text : spoken(asText(said, text), language),
      ...(target === null ? {} : { target }),
      time: ocpTime(time),
    })),
  };
}

/** Where Temporal's Web UI shows a task. */
export function workflowUrl(base: string, namespace: string, taskId: number): string {
  return `${base}/namespaces/${encodeURIComponent(namespace)}/workflows/${taskWorkflowId(taskId)}`;
}

/** A list names the subtasks of tasks that have no more than so many. */
const LISTED_SUBTASKS = 1_000;

/** The element of the list: BasicTaskInstance has fewer fields. */
export async function basicDocument(document: TaskDocument): Promise<BasicTaskInstance> {
  const { id, name, status, operation, closed, waiting, creator, cluster, tenant } = document;
  const { hosts, obproxyCluster } = document;
  const { startTime, finishTime, parentTaskId, subtasks } = document;
  const listed = subtasks.length <= LISTED_SUBTASKS;
  return {
    id,
    name,
    status,
    operation,
    ...(closed === undefined ? {} : { closed }),
    ...(waiting === undefined ? {} : { waiting }),
    creator,
    ...(cluster === undefined ? {} : { cluster }),
    ...(tenant === undefined ? {} : { tenant }),
    hosts,
    ...(obproxyCluster === undefined ? {} : { obproxyCluster }),
    startTime,
    ...(finishTime === undefined ? {} : { finishTime }),
    ...(parentTaskId === undefined ? {} : { parentTaskId }),
    ...(listed ? {} : { subtaskCount: subtasks.length }),
    subtasks: (listed ? await subtasks.all() : []).map((subtask) => ({
      id: subtask.id,
      name: subtask.name,
      description: subtask.description,
      status: subtask.status,
      operation: subtask.operation,
    })),
  };
}
