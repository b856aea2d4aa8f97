import { type Batch, batchesOf, nextBatch } from './batches';
import type { Case } from './cases';
import { Lane } from './lane';
import { type Reference, referenceRun } from './reference';
import { type CaseResult, Clock } from './result';
import { runCase, runTogether } from './runCase';
import type { Operation } from './scene';
import { runUndone, type Standing } from './undone';

export interface SuiteOptions {
  readonly cases: readonly Case[];
  readonly seed: number;
  /** Whole obflows side by side, each with hosts of its own. */
  readonly lanes: number;
  /** Workflows continue as new after so many events. */
  readonly historyEvents?: number;
  /** What runs as API and worker, below the repository; default part.js, which reads its modules one by one. */
  readonly program?: string;
  /** Every case in a run and a scene of its own. */
  readonly alone?: boolean;
  /** Asked before each run and each undone task; what is not begun has no result. */
  readonly goOn?: () => boolean;
  readonly onResult?: (result: CaseResult, done: number) => void;
}

/** A lane, and the undisturbed runs on it. */
class Bench {
  #lane: Lane | undefined;
  #references = new Map<Operation, Reference>();
  /** What it runs now. */
  operation: Operation | undefined;

  constructor(
    readonly historyEvents: number | undefined,
    readonly program: string | undefined,
  ) {}

  async ready(operation: Operation): Promise<{ lane: Lane; reference: Reference }> {
    if (this.#lane === undefined) {
      this.#lane = await Lane.start(this.historyEvents, this.program);
      this.#references = new Map();
    }
    const lane = this.#lane;
    const reference = this.#references.get(operation) ?? (await referenceRun(lane, operation));
    this.#references.set(operation, reference);
    return { lane, reference };
  }

  /** After a failure; a lane whose parts do not live any more is replaced. */
  async checkUp(): Promise<void> {
    if (this.#lane !== undefined && !(await this.#lane.healthy())) await this.stop();
  }

  async stop(): Promise<void> {
    const lane = this.#lane;
    this.#lane = undefined;
    await lane?.stop();
  }
}

const passed = (results: readonly CaseResult[]) => results.every((result) => result.passed);

/** What went wrong with several cases, none of which fails alone: with the id of a case and those of the others. */
function onlyTogether(result: CaseResult, others: readonly string[]): CaseResult {
  const how = result.together === undefined ? 'after' : 'together with';
  return { ...result, problems: [...result.problems, `passes alone; failed ${how} ${others.join(' ')}`] };
}

async function alone(bench: Bench, one: Case, seed: number): Promise<CaseResult> {
  await bench.checkUp();
  const { lane, reference } = await bench.ready(one.operation);
  const result = await runCase(lane, one, reference, seed);
  if (!result.passed) await bench.checkUp();
  return result;
}

/**
 * Strikes with all faults in one run. What was late or never struck there is done alone; a run that went wrong as a whole is done
 * again in halves, until one that goes wrong is of one case.
 */
async function faultsTogether(bench: Bench, cases: readonly Case[], seed: number): Promise<CaseResult[]> {
  const [first] = cases;
  if (first === undefined) return [];
  await bench.checkUp();
  const { lane, reference } = await bench.ready(first.operation);
  const results = await runTogether(lane, cases, reference, seed);
  if (passed(results)) return results;
  if (cases.length === 1) {
    await bench.checkUp();
    return results;
  }
  if (results.some((result) => result.passed)) {
    const single: CaseResult[] = [];
    for (const [at, one] of cases.entries()) {
      const before = results[at];
      single.push(before?.passed ? before : await alone(bench, one, seed));
    }
    return single;
  }
  const middle = Math.ceil(cases.length / 2);
  const halves = [
    ...(await faultsTogether(bench, cases.slice(0, middle), seed)),
    ...(await faultsTogether(bench, cases.slice(middle), seed)),
  ];
  const [wrong] = results;
  if (!passed(halves) || wrong === undefined) return halves;
  const others = cases.slice(1).map(({ id }) => id);
  return [onlyTogether(wrong, others), ...halves.slice(1)];
}

/** Undoes one task after the other in one scene; what goes wrong is tried again in a scene of its own. */
async function undoneTogether(
  bench: Bench,
  cases: readonly Case[],
  seed: number,
  goOn: () => boolean,
  say: (result: CaseResult) => void,
): Promise<void> {
  let standing: Standing | undefined;
  for (const one of cases) {
    if (!goOn()) return;
    const { lane, reference } = await bench.ready(one.operation);
    const before = standing?.undone ?? [];
    const undone = await runUndone(lane, one, standing, reference, seed);
    standing = undone.standing;
    if (undone.result.passed || before.length === 0) {
      say(undone.result);
      if (!undone.result.passed) await bench.checkUp();
      continue;
    }
    const single = await alone(bench, one, seed);
    say(single.passed ? onlyTogether(undone.result, before) : single);
  }
}

/** Runs a batch; what has no lane, or an operation that fails undisturbed, is a failure of its cases and not of all that follow. */
async function runBatch(
  bench: Bench,
  { kind, cases }: Batch,
  seed: number,
  goOn: () => boolean,
  say: (result: CaseResult) => void,
): Promise<void> {
  const said = new Set<string>();
  const sayOnce = (result: CaseResult) => {
    said.add(result.id);
    say(result);
  };
  try {
    if (kind === 'undone') await undoneTogether(bench, cases, seed, goOn, sayOnce);
    else for (const result of await faultsTogether(bench, cases, seed)) sayOnce(result);
  } catch (error) {
    await bench.stop();
    const problem = error instanceof Error ? error.message : String(error);
    for (const one of cases.filter(({ id }) => !said.has(id)))
      say(new Clock().result(one, seed, {}, [problem]));
  }
}

/** Runs every case, as long as it may go on; the results come in the order of the cases. */
export async function runSuite({
  cases,
  seed,
  lanes,
  historyEvents,
  program,
  alone: each = false,
  goOn = () => true,
  onResult,
}: SuiteOptions): Promise<CaseResult[]> {
  const batches: Batch[] = each
    ? cases.map((one) => ({ kind: one.fault.kind === 'undo' ? 'undone' : 'together', cases: [one] }))
    : batchesOf(cases, seed);
  const results = new Map<string, CaseResult>();
  const say = (result: CaseResult) => {
    results.set(result.id, result);
    onResult?.(result, results.size);
  };
  const waiting = new Set(batches);
  const work = async (bench: Bench) => {
    try {
      for (;;) {
        const others = benches.filter((other) => other !== bench).map(({ operation }) => operation);
        const batch = nextBatch([...waiting], bench.operation, others);
        if (batch === undefined || !goOn()) return;
        waiting.delete(batch);
        bench.operation = batch.cases[0]?.operation;
        await runBatch(bench, batch, seed, goOn, say);
      }
    } finally {
      await bench.stop();
    }
  };
  const benches = Array.from(
    { length: Math.min(lanes, batches.length) },
    () => new Bench(historyEvents, program),
  );
  await Promise.all(benches.map(work));
  return cases.flatMap(({ id }) => results.get(id) ?? []);
}
