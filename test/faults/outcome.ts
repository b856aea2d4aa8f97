import type { TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { until } from '../support/until';
import { difference, type HostState, hostState } from './hostState';
import type { Lane } from './lane';
import type { Scene } from './scene';
import { secretsFound } from './secretsFound';

/** Everything that a task leaves, in a form that two runs have in common. */
export interface Outcome {
  readonly hosts: readonly HostState[];
  readonly rows: readonly string[];
  readonly document: readonly string[];
}

/** Texts without the numbers that every task has of its own. */
function maskOf(task: TaskJson | undefined): (text: string) => string {
  if (task === undefined) return (text) => text;
  const ids = new RegExp(`\\b(${[task.id, ...task.subtasks.map(({ id }) => id)].join('|')})\\b`, 'g');
  return (text) => text.replaceAll(ids, '#');
}

/** What these tasks make themselves, or was made for them, by the name of the task. */
const MADE_BY: Readonly<Record<string, string>> = {
  'Prepare host': 'host_id',
  'Take over primary OB cluster': 'cluster_id',
  'Create primary OB cluster': 'cluster_id',
  'Delete primary OB cluster': 'cluster_id',
};
const ID_OF_A_RUN = /^(obproxy_cluster_id|obproxy_server_ids?|server_ids?|task\w*|\w*time)$/;

/** Keys of what is repeated have its number and element in front: `2.zone1.server_ids`. */
const lastWord = (key: string) => key.split('.').at(-1) ?? key;

function documentLines(task: TaskJson): string[] {
  const index = new Map(task.subtasks.map(({ id }, at) => [id, at]));
  const subtasks = task.subtasks as readonly (TaskJson['subtasks'][number] & Record<string, unknown>)[];
  const { context, name, status } = task as TaskJson & Record<string, unknown>;
  const maps = context as { stringMap?: object; listMap?: object } | undefined;
  return [
    `${String(name)} ${status}`,
    ...[...Object.entries(maps?.stringMap ?? {}), ...Object.entries(maps?.listMap ?? {})]
      // A host that the task has added is another row each time.
      .filter(([key]) => !ID_OF_A_RUN.test(lastWord(key)) && MADE_BY[String(name)] !== key)
      .map(([key, value]) => `context ${key}=${JSON.stringify(value)}`)
      .sort(),
    ...subtasks.map((subtask) =>
      [
        ...['seriesId', 'name', 'className', 'status', 'parallelIdx', 'nodeType', 'prohibitRollback'],
        'description',
      ]
        .map((key) => `${key}=${String(subtask[key])}`)
        .concat(`upstreams=${subtask.upstreams.map((id) => index.get(id)).join()}`)
        .join(' '),
    ),
  ];
}

export async function outcomeOf(lane: Lane, scene: Scene, task: TaskJson | undefined): Promise<Outcome> {
  const mask = maskOf(task);
  return {
    hosts: await Promise.all(scene.looked.map((host) => hostState(host, mask))),
    rows: lane.rows.lines(),
    document: task === undefined ? [] : documentLines(task),
  };
}

export interface Comparison {
  /** Services were started again by others: more starts, and other arguments. */
  readonly restarts: boolean;
  /** Effects are counts of what was done, which an undone task has done too. */
  readonly effects: boolean;
}

/** A process that is gone cannot be told to take no new work, and who starts it again starts it once more. */
const OF_A_PROCESS = ['starts', 'alters proxy_local_cmd'];

function effectLines(effects: HostState['effects'], restarts: boolean): string[] {
  return Object.entries(effects)
    .filter(([name]) => !(restarts && OF_A_PROCESS.includes(name)))
    .map(([name, count]) => `effect ${name}: ${count}`);
}

function processLine(line: string, restarts: boolean): string {
  return `process ${restarts ? line.split(' ').slice(0, 3).join(' ') : line}`;
}

/** What differs, one a line. */
export function differences(
  hosts: readonly TestHost[],
  expected: Outcome,
  actual: Outcome,
  { restarts, effects }: Comparison,
): string[] {
  const onHosts = hosts.flatMap((host, index) => {
    const [before, after] = [expected.hosts[index], actual.hosts[index]].map((state) => [
      ...(state?.lines ?? []),
      ...(state?.processes ?? []).map((line) => processLine(line, restarts)),
      ...(effects ? effectLines(state?.effects ?? {}, restarts) : []),
    ]);
    return difference(before ?? [], after ?? []).map((line) => `${host.name} ${line}`);
  });
  return [
    ...onHosts,
    ...difference(expected.rows, actual.rows).map((line) => `row ${line}`),
    ...difference(expected.document, actual.document).map((line) => `document ${line}`),
  ];
}

/** What no ended task may leave, whatever another run left. */
export async function leftovers(lane: Lane, scene: Scene): Promise<string[]> {
  const found: string[] = [];
  await until('the locks are released', () => lane.rows.locks().length === 0, 10_000).catch(() => undefined);
  for (const lock of lane.rows.locks()) found.push(`lock ${lock}`);
  for (const host of scene.looked) {
    const { stdout } = await host.sh(
      'ls -Ad /var/lib/obflow/[0-9]* /tmp/* /tmp/.[!.]* /var/tmp/* 2>/dev/null; find / -xdev -name "*.obflow-*" -not -path "/proc/*" 2>/dev/null; exit 0',
    );
    for (const line of stdout.split('\n').filter((text) => text !== '')) found.push(`${host.name} ${line}`);
  }
  return [...found, ...(await secretsFound(lane, scene.looked))];
}
