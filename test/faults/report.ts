import type { Case } from './cases';
import { FAULTS } from './faults';
import { OPERATIONS } from './operations';
import type { Passed } from './record';
import type { CaseResult } from './result';

/** The line that runs one case alone. */
export function aloneLine({ id, seed }: CaseResult): string {
  return `npm run test:faults -- --only '${id}' --seed ${seed}`;
}

export function resultLine(result: CaseResult): string {
  const { passed, id, point, recoveryMs, retried, ms, phases, together } = result;
  const parts = Object.entries(phases).map(([phase, spent]) => `${phase} ${(spent / 1000).toFixed(1)}`);
  const facts = [
    point,
    ...(recoveryMs === undefined ? [] : [`recovered ${(recoveryMs / 1000).toFixed(1)} s`]),
    ...(retried === undefined ? [] : [`one retry after "${retried.slice(0, 160)}"`]),
    `${(ms / 1000).toFixed(1)} s: ${parts.join(', ')}${together === undefined ? '' : `, a share of ${together}`}`,
  ];
  return `${passed ? 'ok    ' : 'FAILED'} ${id}  (${facts.join('; ')})`;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
}

function cell(results: readonly CaseResult[]): string {
  if (results.length === 0) return '';
  const passed = results.filter((result) => result.passed).length;
  const times = results.flatMap(({ recoveryMs }) => (recoveryMs === undefined ? [] : [recoveryMs / 1000]));
  return `${passed}/${results.length}${spread(times)}`;
}

/** Median and longest, of seconds. */
function spread(times: readonly number[]): string {
  if (times.length === 0) return '';
  return ` ${percentile(times, 0.5).toFixed(1)} / ${Math.max(...times).toFixed(1)}`;
}

/** Operation × fault of the record: passed / cases that there are, then seconds until the subtask was done by itself. */
export function recordTable(record: readonly Passed[], all: readonly Case[]): string {
  const columnOf = (id: string) => {
    const fault = FAULTS.find(({ name }) => name === id.split('/')[2]);
    return fault?.kind === 'undo' ? 'undone' : fault?.name;
  };
  const columns = [...new Set(all.map(({ id }) => columnOf(id)))];
  const cells = (fits: (id: string) => boolean) => {
    const [cases, passed] = [all, record].map((list) => list.filter(({ id }) => fits(id)));
    return { text: (times = '') => `${passed?.length}/${cases?.length}${times}`, passed: passed as Passed[] };
  };
  const row = (title: string, fits: (id: string) => boolean) => {
    const each = columns.map((column) => {
      const { text, passed } = cells((id) => fits(id) && columnOf(id) === column);
      if (passed.length === 0) return '';
      return text(spread(passed.flatMap(({ seconds }) => seconds ?? [])));
    });
    return `| ${[title, cells(fits).text(), ...each].join(' | ')} |`;
  };
  const names = OPERATIONS.map(({ name }) => name);
  return [
    `| operation | all | ${columns.join(' | ')} |`,
    `|${'---|'.repeat(columns.length + 2)}`,
    ...names.map((name) => row(name, (id) => id.startsWith(`${name}/`))),
    row('all', () => true),
  ].join('\n');
}

/** Operation × fault: passed/run, and recovery in seconds (median / longest); `all` are the cases that there are. */
export function markdown(results: readonly CaseResult[], all: readonly Case[]): string {
  const of = (fault?: string, operation?: string) =>
    results.filter(({ id }) => {
      const [first, , last] = id.split('/');
      return (fault ?? last) === last && (operation ?? first) === first;
    });
  const faults = FAULTS.map(({ name }) => name).filter((fault) => of(fault).length > 0);
  const row = (title: string, operation?: string) => {
    const count = all.filter((one) => (operation ?? one.operation.name) === one.operation.name).length;
    const cells = [...faults.map((fault) => cell(of(fault, operation))), cell(of(undefined, operation))];
    return `| ${[title, String(count), ...cells].join(' | ')} |`;
  };
  const names = OPERATIONS.map(({ name }) => name).filter((name) => of(undefined, name).length > 0);
  return [
    `| operation | cases | ${faults.join(' | ')} | all |`,
    `|${'---|'.repeat(faults.length + 3)}`,
    ...names.map((name) => row(name, name)),
    row('all'),
    '',
    'Passed / run, then seconds until the subtask was done by itself (median / longest): from the fault, for faults of hosts from their end.',
  ].join('\n');
}
