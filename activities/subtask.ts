import { say } from '../runtime/messages/catalogue';
import type { SubtaskResult } from '../workflows/plan';
import { guarded, takesOver } from './takeOver';
import type { Needs, OpenScope, Subtask, SubtaskScope, SubtaskWork } from './types';

/** What all documented classes of subtasks stand in. */
const PACKAGE = 'com.alipay.ocp.service.task.business.';

/** All of one documented subtask; one file holds it. */
export interface SubtaskSpec<N extends Needs> {
  /** As documented, e.g. `Start obproxy process`. */
  readonly name: string;
  /** As documented, without the package that all of them share, e.g. `obproxy.StartObproxyTask`. */
  readonly className: string;
  /** Seconds for one run, all attempts included; 0 as documented for "Finish node" counts as 30. */
  readonly timeout: number;
  /** Rolling the task back is forbidden once it has started. */
  readonly prohibitRollback?: true;
  readonly prohibitSkip?: true;
  /** It only looks until something is so: it can be broken off and begun again at any time, as the same run. */
  readonly waits?: true;
  readonly needs: N;
  /** What stays behind when it has run and is not undone, e.g. `the installed package`; absent: nothing. */
  readonly leaves?: string;
  /**
   * Looks whether the wished state is there, does, and verifies by looking, so that it may be repeated after any
   * interruption. Throws TransientError, PermanentError or what `scope.notYet` throws, nothing else on purpose.
   */
  run(scope: SubtaskScope<NoInfer<N>>): Promise<SubtaskResult | undefined>;
  /**
   * Removes only what this task made; safe when `run` never happened or stopped half-way. Absent: there is nothing to
   * undo, and the log says so.
   */
  rollback?(scope: SubtaskScope<NoInfer<N>>): Promise<void>;
  /**
   * What it does instead in a task that takes over what runs already: it finds what it would have made. What is absent
   * is done as in any other task. Either way nothing can be started, sent or stopped on a host of such a task.
   */
  readonly takeOver?: Partial<SubtaskWork<NoInfer<N>>>;
}

/** `StartObproxy` of `obproxy.StartObproxyTask`: the activity type, and the name of the subtask's file. */
export function activityOf(className: string): string {
  return className.slice(className.lastIndexOf('.') + 1).replace(/Task$/, '');
}

/** For `takeOver`: what was found runs on. */
export async function runsOn(scope: SubtaskScope): Promise<void> {
  scope.log.info(say('undo.runsOn'));
}

async function nothingToUndo(scope: SubtaskScope): Promise<void> {
  scope.log.info(say('undo.nothing'));
}

/** A documented subtask, for a chain (`node(StartObproxy)`) and for the worker. */
export function subtask<const N extends Needs>(spec: SubtaskSpec<N>): Subtask {
  const { run, rollback = nothingToUndo, takeOver = {}, needs, className, ...documented } = spec;
  const halves = { run, rollback };
  const work = (scope: OpenScope): { half: SubtaskWork<N>; scope: SubtaskScope<N> } => {
    // It is opened with this subtask's needs, so it answers what they declare.
    const own = scope as unknown as SubtaskScope<N>;
    if (!takesOver(own.input)) return { half: halves, scope: own };
    return { half: { ...halves, ...takeOver }, scope: guarded(own) };
  };
  return {
    ...documented,
    className: PACKAGE + className,
    activity: activityOf(className),
    needs: Object.keys(needs),
    keys: needs,
    async run(given) {
      const { half, scope } = work(given);
      return half.run(scope);
    },
    async rollback(given) {
      const { half, scope } = work(given);
      await half.rollback(scope);
    },
  };
}
