/** The text a task shows of itself in the Temporal Web UI (User Metadata, current details): markdown. */
import type { SubtaskState, TaskMachine } from './machine';
import { placeOf } from './messages';

/** A longer table is cut to what is going on; the Web UI shows the details whole. */
const MAX_ROWS = 100;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

function row({ plan, status, operation, run }: SubtaskState): string {
  const shown = status === 'FAILED' ? '**FAILED**' : status;
  return `| ${plan.id} | ${cell(plan.name)} | ${cell(placeOf(plan))} | ${shown} | ${operation} | ${run} |`;
}

function whatToDo(machine: TaskMachine): string[] {
  const [first, ...others] = machine.failed;
  if (first === undefined) return [];
  const where = placeOf(first.plan) === '' ? '' : ` on ${placeOf(first.plan)}`;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return [
    `**First failure${more}:** ${first.plan.name}${where}, subtask ${first.plan.id}, run ${first.run}`,
    '',
    `> ${cell(first.failure ?? '')}`,
    '',
    `Repair the cause, then send update **retrySubtask** with \`"${first.plan.id}"\`, or **retryTask** with \`{}\` to run every failed subtask again.`,
    '',
  ];
}

/** Task state, the first failure with what to do next, and a table of the subtasks. */
export function currentDetails(machine: TaskMachine): string {
  const all = [...machine.subtasks.values()];
  const done = all.filter((subtask) => subtask.status === 'SUCCESSFUL').length;
  const going = all.filter((subtask) => subtask.status === 'READY' || subtask.status === 'FAILED');
  const rows = all.length <= MAX_ROWS ? all : going.slice(0, MAX_ROWS);
  return [
    `**${machine.status}** (${machine.operation}): ${done} of ${all.length} subtasks done`,
    '',
    ...whatToDo(machine),
    '| id | subtask | where | status | operation | run |',
    '|---|---|---|---|---|---|',
    ...rows.map(row),
    ...(rows.length < all.length ? ['', `${all.length - rows.length} further subtasks are not shown.`] : []),
  ].join('\n');
}
