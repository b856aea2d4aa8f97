/** `npm run test:faults`: breaks every part during every subtask of every operation, and compares what is left. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { allCases, matching, sample } from './cases';
import { runChaos } from './chaos';
import { addToRecord, forget, readRecord, runOf } from './record';
import { aloneLine, markdown, recordTable, resultLine } from './report';
import type { CaseResult } from './result';
import { runSuite } from './suite';

interface Options {
  readonly only: readonly string[];
  readonly skip: readonly string[];
  readonly seed: number;
  readonly sample?: number;
  readonly lanes: number;
  readonly historyEvents?: number;
  readonly report?: string;
  readonly list?: true;
  readonly alone?: true;
  readonly continue?: true;
  readonly minutes?: number;
  readonly chaos?: number | true;
  readonly record?: true;
  readonly forget?: true;
  readonly table?: true;
}

const CHAOS_MINUTES = 5;
/** Made by scripts/bundleParts.mjs, which `npm run test:faults` runs first. */
const PARTS = path.join('dist', 'parts', 'main.js');

function number(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError('must be a number');
  return value;
}

const collect = (text: string, before: string[]) => [...before, text];

/** Written after every case: an hour's work survives an interruption. */
function writeReport(file: string, seed: number, results: readonly CaseResult[]): void {
  writeFileSync(`${file}.md`, `${markdown(results, allCases())}\n`);
  writeFileSync(`${file}.json`, `${JSON.stringify({ seed, results }, null, 2)}\n`);
}

/** What a report that is to be continued has; a case that failed there is to be run again. */
function passedBefore({ report, continue: goOn }: Options): CaseResult[] {
  const file = `${report}.json`;
  if (goOn !== true || report === undefined || !existsSync(file)) return [];
  const { results } = JSON.parse(readFileSync(file, 'utf8')) as { results: CaseResult[] };
  return results.filter(({ passed }) => passed);
}

async function faults(options: Options): Promise<number> {
  const all = allCases();
  const before = passedBefore(options);
  const done = new Set([...before, ...(options.record === true ? readRecord(all) : [])].map(({ id }) => id));
  const chosen = matching(all, options.only, options.skip).filter(({ id }) => !done.has(id));
  const cases = options.sample === undefined ? chosen : sample(chosen, options.sample, options.seed);
  if (options.list === true) {
    // Written before the program exits: what a pipe has not taken then is lost.
    const text = cases.map(({ id }) => `${id}\n`).join('');
    await new Promise((resolve) => process.stdout.write(text, resolve));
    return 0;
  }
  if (cases.length === 0) {
    console.error('No case is named so; --list shows them all.');
    return 2;
  }
  console.log(`${cases.length} cases, seed ${options.seed}, ${options.lanes} at a time`);
  const sofar = [...before];
  const run = runOf(options.seed);
  const deadline =
    options.minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + options.minutes * 60_000;
  const results = await runSuite({
    cases,
    seed: options.seed,
    lanes: options.lanes,
    program: PARTS,
    alone: options.alone ?? false,
    ...(options.historyEvents === undefined ? {} : { historyEvents: options.historyEvents }),
    goOn: () => Date.now() < deadline,
    onResult: (result, done) => {
      console.log(`${String(done).padStart(4)}/${cases.length} ${resultLine(result)}`);
      sofar.push(result);
      if (options.report !== undefined) writeReport(options.report, options.seed, sofar);
      if (options.record === true) addToRecord(all, [result], run);
      if (result.passed) return;
      for (const problem of result.problems) console.log(`       ${problem}`);
      console.log(`       ${aloneLine(result)}`);
    },
  });
  const failed = results.filter(({ passed }) => !passed);
  const table = markdown(sofar, allCases());
  console.log(`\n${table}\n`);
  for (const result of failed) console.log(aloneLine(result));
  const left = cases.length - results.length;
  const rest = left === 0 ? '' : `, ${left} not run`;
  console.log(`${results.length - failed.length} passed, ${failed.length} failed${rest}`);
  return failed.length === 0 ? 0 : 1;
}

function table(): number {
  const all = allCases();
  console.log(recordTable(readRecord(all), all));
  return 0;
}

function forgotten({ only, skip }: Options): number {
  if (only.length === 0) {
    console.error('--forget needs --only: which cases are to be run again.');
    return 2;
  }
  const all = allCases();
  console.log(`${forget(all, matching(all, only, skip))} cases are to be run again`);
  return 0;
}

async function chaos({ seed, chaos: minutes, report }: Options): Promise<number> {
  const outcome = await runChaos({
    minutes: typeof minutes === 'number' ? minutes : CHAOS_MINUTES,
    seed,
    say: (text) => console.log(text),
  });
  const { problems, ...counts } = outcome;
  console.log(JSON.stringify(counts, null, 2));
  for (const problem of problems.slice(0, 100)) console.log(problem);
  console.log(problems.length === 0 ? 'none lost, none doubled' : `${problems.length} problems`);
  if (report !== undefined) writeFileSync(`${report}.json`, `${JSON.stringify(outcome, null, 2)}\n`);
  return problems.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const command = new Command('test:faults')
    .option('--only <pattern>', 'operation/subtask/fault; * for anything, may be repeated', collect, [])
    .option('--skip <pattern>', 'the opposite, of the same form', collect, [])
    .option('--seed <number>', 'chooses moments and samples', number, 1)
    .option('--sample <count>', 'so many cases, chosen by the seed', number)
    .option('--lanes <count>', 'whole obflows side by side', number, 2)
    .option('--history-events <count>', 'workflows continue as new after so many, at least 50', number)
    .option('--report <file>', 'writes <file>.md and <file>.json')
    .option('--alone', 'every case in a run of its own')
    .option('--continue', 'leaves out what has passed in the report, and adds to it')
    .option('--minutes <count>', 'begins nothing new after so long', number)
    .option('--record', 'leaves out what has passed in test/faults/record/, and adds to it')
    .option('--forget', 'takes the cases that --only names out of the record')
    .option('--table', 'prints the record: operation and fault')
    .option('--list', 'only names the cases')
    .option('--chaos [minutes]', '200 tasks in flight while everything is killed at random', number)
    .parse();
  const options = command.opts<Options>();
  if (options.table === true) return table();
  if (options.forget === true) return forgotten(options);
  const unavailable = fleetUnavailable();
  if (unavailable !== undefined && options.list !== true) {
    console.error(unavailable);
    return 2;
  }
  return options.chaos === undefined ? faults(options) : chaos(options);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
