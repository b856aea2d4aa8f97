import type { Case } from './cases';
import { seeded, shuffled } from './random';
import type { Operation } from './scene';

/**
 * Cases that share what makes a case expensive. `together`: faults at different subtasks of one run of the operation,
 * which is compared once. `undone`: one task after the other in one scene, which each undo has to leave as it was.
 */
export interface Batch {
  readonly kind: 'together' | 'undone';
  readonly cases: readonly Case[];
}

/** Of faults in one run: its scene costs as much CPU as four of them. A run that fails is done again in halves. */
const FAULTS_A_RUN = 16;
const UNDONE_A_SCENE = 24;

/** What faults of one run must have in common: how strictly its end is compared, and how long its subtasks may take. */
const conditions = ({ fault }: Case) => `${fault.restarts ?? false} ${fault.timeout ?? 'documented'}`;

/** Takes cases in their order, each into the first batch in which it fits. */
function filled(
  cases: readonly Case[],
  kind: Batch['kind'],
  fits: (batch: Case[], one: Case) => boolean,
): Batch[] {
  const batches: Case[][] = [];
  for (const one of cases) {
    const batch = batches.find((candidate) => fits(candidate, one));
    if (batch === undefined) batches.push([one]);
    else batch.push(one);
  }
  return batches.map((batch) => ({ kind, cases: batch }));
}

function batchesOfOperation(cases: readonly Case[], seed: number): Batch[] {
  // Mixed, so that a run has faults of many kinds.
  const mixed = shuffled(cases, seeded(seed, 'batches'));
  const undone = mixed.filter(({ fault }) => fault.kind === 'undo');
  const disturbed = mixed.filter(({ fault }) => fault.kind !== 'undo');
  return [
    ...filled(
      disturbed,
      'together',
      (batch, one) =>
        batch.length < FAULTS_A_RUN &&
        batch.every((other) => other.node.key !== one.node.key && conditions(other) === conditions(one)),
    ),
    ...filled(undone, 'undone', (batch) => batch.length < UNDONE_A_SCENE),
  ];
}

/** Every case in exactly one batch; cases that make up one batch make up one again when they are asked for alone. */
export function batchesOf(cases: readonly Case[], seed: number): Batch[] {
  const operations = [...new Set(cases.map(({ operation }) => operation))];
  return operations.flatMap((operation) =>
    batchesOfOperation(
      cases.filter((one) => one.operation === operation),
      seed,
    ),
  );
}

/**
 * What a lane does next: an operation stays on its lane as long as there is another for the others, since every lane needs an
 * undisturbed run of its own.
 * @param own what the lane has done last
 * @param others what the other lanes do
 */
export function nextBatch(
  waiting: readonly Batch[],
  own: Operation | undefined,
  others: readonly (Operation | undefined)[],
): Batch | undefined {
  const operationOf = ({ cases: [first] }: Batch) => first?.operation;
  return (
    waiting.find((batch) => operationOf(batch) === own) ??
    waiting.find((batch) => !others.includes(operationOf(batch))) ??
    waiting[0]
  );
}
