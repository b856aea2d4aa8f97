/**
 * What has passed of the matrix, kept beside the code (test/faults/record/): one file an operation, a line a subtask, a column a
 * fault. So the whole matrix is run once in as many runs as it takes, and a change that makes another run of something necessary
 * drops its lines.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../../runtime/paths';
import type { Case } from './cases';
import { FAULTS } from './faults';
import type { CaseResult } from './result';

export const RECORD = path.join(repositoryRoot(), 'test', 'faults', 'record');

/** A case that has passed. */
export interface Passed {
  readonly id: string;
  /** Day, commit and seed of the run, as the file has them. */
  readonly run: string;
  /** Seconds until the subtask was done by itself. */
  readonly seconds?: number;
}

const HEAD = `# What has passed: the letter of the run, and the seconds until the subtask was done by itself; - has not been run, / is no case.
# Written by npm run test:faults; a line that is deleted is run again.`;

const FAULT_NAMES = FAULTS.map(({ name }) => name);
/** a … z, A … Z, then aa, ab … */
const LETTERS = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const letterOf = (index: number): string =>
  index < LETTERS.length
    ? (LETTERS[index] ?? '')
    : letterOf(Math.floor(index / LETTERS.length) - 1) + (LETTERS[index % LETTERS.length] ?? '');

/** Reads one file; what it does not understand is not in the answer, so it is run again. */
function parsed(operation: string, text: string): Passed[] {
  const runs = new Map<string, string>();
  let faults: readonly string[] = [];
  return text.split('\n').flatMap((line) => {
    const [first = '', ...rest] = line.trim().split(/\s+/);
    if (first === '' || first === '#') return [];
    if (first === 'run') {
      runs.set(rest[0] ?? '', rest.slice(1).join(' '));
      return [];
    }
    if (first === 'subtask') {
      faults = rest;
      return [];
    }
    return rest.flatMap((cell, at): Passed[] => {
      const [, letter = '', seconds = ''] = /^([a-zA-Z]+)([\d.]*)$/.exec(cell) ?? [];
      const [run, fault] = [runs.get(letter), faults[at]];
      if (run === undefined || fault === undefined) return [];
      const id = `${operation}/${first}/${fault}`;
      return [{ id, run, ...(seconds === '' ? {} : { seconds: Number(seconds) }) }];
    });
  });
}

/** Everything that has passed, of cases that there are. */
export function readRecord(all: readonly Case[], folder = RECORD): Passed[] {
  const cases = new Set(all.map(({ id }) => id));
  let files: string[];
  try {
    files = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  } catch {
    return [];
  }
  return files
    .flatMap((name) => parsed(name.replace(/\.txt$/, ''), readFileSync(path.join(folder, name), 'utf8')))
    .filter(({ id }) => cases.has(id));
}

function fileOf(cases: readonly Case[], passed: ReadonlyMap<string, Passed>): string {
  const runs = [...new Set([...passed.values()].map(({ run }) => run))].sort();
  const letters = new Map(runs.map((run, index) => [run, letterOf(index)]));
  const keys = [...new Set(cases.map(({ node }) => node.key))];
  const ids = new Set(cases.map(({ id }) => id));
  const operation = cases[0]?.operation.name ?? '';
  const table = keys.map((key) => [
    key,
    ...FAULT_NAMES.map((fault) => {
      const id = `${operation}/${key}/${fault}`;
      const cell = passed.get(id);
      if (cell === undefined) return ids.has(id) ? '-' : '/';
      return `${letters.get(cell.run)}${cell.seconds ?? ''}`;
    }),
  ]);
  return [
    HEAD,
    ...runs.map((run) => `run ${letters.get(run)} ${run}`),
    ...[['subtask', ...FAULT_NAMES], ...table].map((cells) => cells.join(' ')),
    '',
  ].join('\n');
}

/** Writes the files of these operations anew: what `passed` has of each, nothing else; one that has nothing goes. */
export function writeRecord(all: readonly Case[], passed: readonly Passed[], folder = RECORD): void {
  mkdirSync(folder, { recursive: true });
  const operations = new Set(all.map(({ operation }) => operation.name));
  for (const operation of operations) {
    const of = new Map(passed.filter(({ id }) => id.startsWith(`${operation}/`)).map((one) => [one.id, one]));
    const file = path.join(folder, `${operation}.txt`);
    if (of.size === 0) {
      rmSync(file, { force: true });
      continue;
    }
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(
      temporary,
      fileOf(
        all.filter((one) => one.operation.name === operation),
        of,
      ),
    );
    renameSync(temporary, file);
  }
}

/** Adds what has passed to the files, which other runs may have written meanwhile. */
export function addToRecord(
  all: readonly Case[],
  results: readonly CaseResult[],
  run: string,
  folder = RECORD,
): void {
  const added = results
    .filter(({ passed }) => passed)
    .map(({ id, recoveryMs }): Passed => {
      return { id, run, ...(recoveryMs === undefined ? {} : { seconds: Math.round(recoveryMs / 100) / 10 }) };
    });
  const touched = new Set(added.map(({ id }) => id.split('/')[0]));
  const cases = all.filter(({ operation }) => touched.has(operation.name));
  writeRecord(cases, [...readRecord(cases, folder), ...added], folder);
}

/** Takes the cases out of the record; answers how many it had. */
export function forget(all: readonly Case[], cases: readonly Case[], folder = RECORD): number {
  const gone = new Set(cases.map(({ id }) => id));
  const before = readRecord(all, folder);
  const kept = before.filter(({ id }) => !gone.has(id));
  const touched = new Set(cases.map(({ operation }) => operation.name));
  writeRecord(
    all.filter(({ operation }) => touched.has(operation.name)),
    kept,
    folder,
  );
  return before.length - kept.length;
}

/** What the record says of this run: day, commit and seed. */
export function runOf(seed: number): string {
  let commit = 'unknown';
  try {
    const git = ['-C', repositoryRoot(), 'rev-parse', '--short', 'HEAD'];
    commit = execFileSync('git', git, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    // Not a clone: the day says enough.
  }
  return `${new Date().toISOString().slice(0, 10)} ${commit} seed ${seed}`;
}
