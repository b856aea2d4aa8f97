/** The text a task shows of itself in the Temporal Web UI (tab User Metadata, "Current Details"): markdown. */
import { subtaskOperations, taskOperations } from '../availableOperations';
import type { SubtaskState, TaskMachine } from '../interpreter/machine';
import type { PlanSubtask } from '../plan';
import { inEnglish } from '../text';
import { encodedLength, line, quote } from './markdown';

/**
 * The Web UI (2.54, observed) hands this text to its renderer in a URL, and reverse proxies before it refuse
 * request lines over 8 KiB (nginx by default): so much may all of it take once it is percent-encoded.
 */
const MAX_ENCODED = 7_500;
/** Kept for the table's last line. */
const REST = 200;
const MAX_FAILURES = 5;
/** Of MAX_ENCODED, for the texts of all failures shown; the whole texts are in the subtasks' logs. */
const FAILURE_TEXTS = 4_000;
/** The Web UI's tables leave no room between their columns. */
const GAP = '\u2003';

/** Where the subtasks of a task work: asked at every step of it, and always the same. */
const placesOf = new WeakMap<TaskMachine, ReadonlySet<string>>();

function placesIn(machine: TaskMachine): ReadonlySet<string> {
  const known = placesOf.get(machine);
  if (known !== undefined) return known;
  const places = new Set([...machine.subtasks.values()].map(({ plan }) => plan.target ?? ''));
  placesOf.set(machine, places);
  return places;
}

/** State of the task, why it failed, what to do about it, and a table of the subtasks. */
export function currentDetails(machine: TaskMachine): string {
  const places = placesIn(machine);
  const text = [headline(machine, places), ...failures(machine), ...whatToDo(machine)].join('\n\n');
  return `${text}\n\n${table(machine, places.size > 1, MAX_ENCODED - REST - encodedLength(text))}`;
}

function headline(machine: TaskMachine, places: ReadonlySet<string>): string {
  const { status, operation, failedCount, closed, counts, subtasks } = machine;
  const [place = ''] = places;
  const where = places.size === 1 ? on(place) : '';
  const how = operation === 'EXECUTE' ? '' : ` (${operation})`;
  const undoing = operation === 'ROLLBACK';
  const done = undoing ? counts.PENDING : counts.SUCCESSFUL;
  const some = failedCount === 0 ? '' : `, ${failedCount} failed`;
  const next = {
    FAILED: closed ? ' It has ended like this.' : ' Nothing runs until somebody acts.',
    RUNNING:
      failedCount > 0
        ? ' What runs is finishing, nothing else starts.'
        : ' Attempts and their errors: tab *Pending Activities*.',
    SUCCESSFUL: '',
  }[status];
  return `**${status}**${how}${where}: ${done} of ${subtasks.size} subtasks ${undoing ? 'undone or never run' : 'done'}${some}.${next}`;
}

function failures({ failed }: TaskMachine): string[] {
  const shown = failed.slice(0, MAX_FAILURES);
  const more = failed.length - shown.length;
  return [
    ...shown.flatMap(({ plan, run, failure }) => [
      `Subtask **${plan.id} ${line(plan.node.name)}**${on(plan.target ?? '')} failed (run ${run}):`,
      quote(inEnglish(failure ?? ''), FAILURE_TEXTS / shown.length),
    ]),
    ...(more > 0 ? [`${more} more failed; the table has them.`] : []),
  ];
}

function whatToDo(machine: TaskMachine): string[] {
  const [first] = machine.failed;
  if (first === undefined || machine.closed) return [];
  const { plan } = machine;
  const { id } = first.plan;
  const ways = [
    ...subtaskOperations(machine, id).map((way) => ({ ...way, data: String(id) })),
    ...taskOperations(machine).map((way) => ({ ...way, data: '{}' })),
  ];
  return [
    [
      '**To go on:** *More Actions → Send an Update* →',
      '',
      ...ways.map(({ command, data, meaning }) => `- **${command}** with Data \`${data}\`: ${meaning.en}`),
      `- To leave your name: \`{"subtaskId": ${id}, "who": "…", "why": "…"}\``,
      `- The whole log: \`GET /api/v2/tasks/instances/${plan.taskId}/subtasks/${id}/log\` of obflow's API`,
      '- Do **not** press *Request Cancellation* or *Terminate*: they end the task as FAILED, and nobody can retry it then.',
    ].join('\n'),
  ];
}

/** So many subtasks are shown at most; of more, only those that run or have failed. */
const MAX_ROWS = 100;

/** All subtasks, or only what is going on when all would be too long. */
function table(machine: TaskMachine, withPlaces: boolean, room: number): string {
  const title = withPlaces
    ? ['|id|subtask|where|status|', '|---|---|---|---|']
    : ['|id|subtask|status|', '|---|---|---|'];
  const { subtasks, counts } = machine;
  if (subtasks.size <= MAX_ROWS) {
    const rows = [...subtasks.values()].map((subtask) => rowOf(subtask, withPlaces).text);
    const everything = [...title, ...rows].join('\n');
    if (encodedLength(everything) <= room) return everything;
  }

  const lines = title;
  let left = room - encodedLength(title.join('\n'));
  let shown = 0;
  for (const subtask of [...machine.underWay, ...machine.failed].slice(0, MAX_ROWS)) {
    const { text, length } = rowOf(subtask, withPlaces);
    left -= length;
    if (left < 0) break;
    lines.push(text);
    shown += 1;
  }
  const all = (['PENDING', 'READY', 'CANCELING', 'FAILED', 'SUCCESSFUL'] as const).map(
    (status) => `${counts[status]} ${status}`,
  );
  return `${lines.join('\n')}\n\n${subtasks.size - shown} subtasks are not shown; of all: ${all.join(', ')}.`;
}

interface Measured {
  readonly text: string;
  /** As `encodedLength` has it. */
  readonly length: number;
}

function measured(text: string): Measured {
  return { text, length: encodedLength(text) };
}

/**
 * What a row begins with never changes, and there are few states to end with. Each step of a task of thousands of subtasks
 * shows a hundred rows: to write and measure them anew took more of its workflow's time than all the rest.
 */
const beginnings = new WeakMap<PlanSubtask, Measured>();
const endings = new Map<string, Measured>();
const MOST_ENDINGS = 1_000;

/** With the line feed behind it in its length. */
function rowOf({ plan, ...state }: SubtaskState, withPlaces: boolean): Measured {
  let beginning = beginnings.get(plan);
  if (beginning === undefined) {
    const cells = [String(plan.id), line(plan.node.name), ...(withPlaces ? [line(plan.target ?? '')] : [])];
    beginning = measured(`|${cells.map((cell) => `${cell}${GAP}|`).join('')}`);
    beginnings.set(plan, beginning);
  }
  const end = `${statusOf(state)}|`;
  let ending = endings.get(end);
  if (ending === undefined) {
    if (endings.size >= MOST_ENDINGS) endings.clear();
    ending = { text: end, length: encodedLength(`${end}\n`) };
    endings.set(end, ending);
  }
  return { text: beginning.text + ending.text, length: beginning.length + ending.length };
}

function statusOf({ status, operation, run }: Omit<SubtaskState, 'plan'>): string {
  const shown = status !== 'PENDING' && status !== 'SUCCESSFUL' ? `**${status}**` : status;
  return operation === 'EXECUTE' ? shown : `${shown} (${operation}, run ${run})`;
}

const on = (place: string): string => (place === '' ? '' : ` on ${line(place)}`);
