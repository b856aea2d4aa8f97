/** What a test asks of one server where no cluster can be steered yet. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** `<home>/.standin/faults.json`, read when it matters. */
export interface Faults {
  /** The ports open that much later at the next start. */
  readonly startDelayMs?: number;
  /** A BOOTSTRAP sent to this server takes so long, */
  readonly bootstrapMs?: number;
  /** and its answer is held back for so long after its end. */
  readonly bootstrapAnswerMs?: number;
  /** How far its clock is ahead. */
  readonly clockAheadMs?: number;
}

export function faults(home: string): Faults {
  const file = path.join(home, '.standin/faults.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Faults) : {};
}
