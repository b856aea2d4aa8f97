import type { Json } from './harness';

/** Tasks of the older form with the names of their neighbours instead of ids, in an order of their own: to be compared. */
export function namedTasks(list: Json): Json[] {
  const names = new Map<number, string>(list.map((task: Json) => [task.id, task.name]));
  const keyOf = (task: Json) => JSON.stringify(task, Object.keys(task).sort());
  return list
    .map(({ id: _id, upstreams, downstreams, ...task }: Json) => ({
      ...task,
      upstreams: upstreams.map((up: number) => names.get(up)),
      downstreams: downstreams.map((down: number) => names.get(down)),
    }))
    .sort((one: Json, other: Json) => keyOf(one).localeCompare(keyOf(other)));
}
