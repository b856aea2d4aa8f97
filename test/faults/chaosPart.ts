/**
 * `chaosPart.js api|worker`: obflow with real tasks and light subtasks: each waits a moment, then leaves its mark in a
 * folder, once. A few fail in their first run.
 */
import { appendFileSync, closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { Context } from '@temporalio/activity';
import { createActivities } from '../../activities';
import type { ActivityDeps } from '../../activities/types';
import type { Part } from '../../cli/load';
import { serve } from '../../cli/serve';
import { PermanentError } from '../../runtime/errors';
import type { SubtaskInput } from '../../workflows/plan';
import { CHAOS_FOLDER, EFFECTS_LOG, type Effect, markName } from './chaosEffects';
import { seeded } from './random';

const folder = process.env[CHAOS_FOLDER] ?? '';
const SHORTEST_MS = 300;
const LONGEST_MS = 5_000;
const FAILING = 0.01;

/** Whether this call was the one that left the mark. */
function leaveMark(name: string): boolean {
  try {
    closeSync(openSync(path.join(folder, name), 'wx'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function light({ taskId, subtaskId, run }: SubtaskInput): Promise<null> {
  const context = Context.current();
  const random = seeded(taskId, String(subtaskId));
  const fails = run === 1 && random() < FAILING;
  const beat = setInterval(() => context.heartbeat(), 500);
  try {
    await context.sleep(SHORTEST_MS + random() * (LONGEST_MS - SHORTEST_MS));
  } finally {
    clearInterval(beat);
  }
  if (fails) {
    throw new PermanentError({
      type: 'InjectedFailure',
      tried: 'do it',
      cameBack: 'no, said the suite',
      next: 'Retry.',
    });
  }
  const { attempt } = context.info;
  const effect: Effect = { taskId, subtaskId, run, attempt, first: leaveMark(markName(taskId, subtaskId)) };
  // Shorter than a pipe's buffer, so that lines of two workers do not mix.
  appendFileSync(path.join(folder, EFFECTS_LOG), `${JSON.stringify(effect)}\n`);
  return null;
}

function lightActivities(deps: ActivityDeps): object {
  const { applyTaskState, ...subtasks } = createActivities(deps);
  return { ...Object.fromEntries(Object.keys(subtasks).map((type) => [type, light])), applyTaskState };
}

void serve([process.argv[2] as Part], { ownTemporal: false, activities: lightActivities });
