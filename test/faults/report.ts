import type { Case } from './cases';
import { FAULTS } from './faults';
import { OPERATIONS } from './operations';
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
  const times = results.flatMap(({ recoveryMs }) => (recoveryMs === undefined ? [] : [recoveryMs]));
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  const time =
    times.length === 0 ? '' : ` ${seconds(percentile(times, 0.5))} / ${seconds(Math.max(...times))}`;
  return `${passed}/${results.length}${time}`;
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
