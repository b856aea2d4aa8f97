import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * For tests of what happens between a change and its answer: the answer to a statement that changes something waits as
 * long as <home>/.standin/hold-answers exists.
 */
export async function answerWhenReleased<T>(home: string, sql: string, answer: T): Promise<T> {
  const isChange = /^\s*(alter|replace)\b/i.test(sql);
  while (isChange && existsSync(path.join(home, '.standin/hold-answers'))) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return answer;
}
