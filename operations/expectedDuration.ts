/** How long a task may take, for dry runs: what earlier ones took, else the limits of its steps, said as such. */
import { say, type Text } from '../runtime/messages/catalogue';
import type { Chain, ChainGroup, ChainNode } from '../workflows/chain';
import type { HostFinding, InspectScope, WorkflowName } from './types';

/** So many of the last tasks count. */
const LAST = 5;

export interface ExpectedTask {
  readonly workflow: WorkflowName;
  readonly name: string;
  readonly chain: Chain;
  /** Of which earlier tasks count; absent: of any cluster, for tasks that bring a new one. */
  readonly clusterId?: number;
  /** How often nodes and groups stand for themselves one after the other, by what they are split by. */
  readonly elements?: Readonly<Record<string, number>>;
}

/** `45 s`, `12 min`, `3 h 20 min`, `7 d`: the same in every language. */
export function spanText(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.round(hours / 24)} d`;
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

const isGroup = (item: ChainNode | ChainGroup): item is ChainGroup => 'nodes' in item;

/** Seconds after which the last of its steps has failed, if none goes on; what is split runs side by side unless it says otherwise. */
function limitOf(chain: Chain, elements: Readonly<Record<string, number>>): number {
  return chain.reduce((sum, item) => {
    const split = isGroup(item) ? item.repeat : item.split;
    const times = split?.serial === true ? (elements[split.by] ?? 1) : 1;
    return sum + times * (isGroup(item) ? limitOf(item.nodes, elements) : item.timeout);
  }, 0);
}

/** The steps that wait for OceanBase, the longest first. */
function waitsOf(chain: Chain): ChainNode[] {
  const nodes = chain.flatMap((item): ChainNode[] => (isGroup(item) ? waitsOf(item.nodes) : [item]));
  const named = new Map(nodes.filter(({ waits }) => waits === true).map((node) => [node.name, node]));
  return [...named.values()].sort((one, other) => other.timeout - one.timeout);
}

/** What the operator is told, as one finding. */
export async function expectedDuration(
  { store }: Pick<InspectScope, 'store'>,
  task: ExpectedTask,
): Promise<HostFinding> {
  const took = await store.tasks.took(task.workflow, LAST, task.clusterId);
  return { level: 'INFO', message: took.length > 0 ? experience(task, took) : limits(task) };
}

/** @param took seconds */
function experience({ name, clusterId }: ExpectedTask, took: readonly number[]): Text {
  const [shortest, longest] = [Math.min(...took), Math.max(...took)].map(spanText);
  const counts = { name, count: took.length, shortest: shortest ?? '', longest: longest ?? '' };
  return say(clusterId === undefined ? 'takes.elsewhere' : 'takes.here', counts);
}

function limits({ name, chain, clusterId, elements = {} }: ExpectedTask): Text {
  const limit = spanText(limitOf(chain, elements));
  const waits = waitsOf(chain)
    .slice(0, 3)
    .map((node) => `"${node.name}" ${spanText(node.timeout)}`)
    .join(', ');
  const key = clusterId === undefined ? 'takes.nowhere' : 'takes.unknown';
  return waits === ''
    ? say(key, { name, limit })
    : say('takes.withWaits', { text: say(key, { name, limit }), waits });
}
