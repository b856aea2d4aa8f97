/** A task's document before its texts are said in a language; the archive keeps it so. */
import { inEnglish, isKeyed, type Said } from '../../../workflows/text';
import { type Language, spoken } from '../../http/messages/language';
import type { SubtaskInstance, WrappedTaskInstance } from './types';

type WithSaid<T, K extends keyof T> = Omit<T, K> & { readonly [F in K]?: Said };

export type SaidSubtask = WithSaid<SubtaskInstance, 'failureMessage' | 'lastFailure'>;
type FirstFailure = NonNullable<WrappedTaskInstance['firstFailure']>;

export interface SaidTask extends Omit<WrappedTaskInstance, 'subtasks' | 'firstFailure' | 'ending'> {
  readonly subtasks: readonly SaidSubtask[];
  readonly firstFailure?: Omit<FirstFailure, 'message'> & { readonly message: Said };
  readonly ending?: Said;
}

/** The document in the language; what has no text of the catalogue stays English. */
export function inWords(task: SaidTask, language: Language): WrappedTaskInstance {
  const { subtasks, firstFailure, ending, ...rest } = task;
  // Archived documents of earlier releases hold plain texts.
  const words = (said: Said): string => (isKeyed(said) ? spoken(said, language) : inEnglish(said));
  return {
    ...rest,
    ...(firstFailure === undefined
      ? {}
      : { firstFailure: { ...firstFailure, message: words(firstFailure.message) } }),
    ...(ending === undefined ? {} : { ending: words(ending) }),
    subtasks: subtasks.map(({ failureMessage, lastFailure, ...subtask }) => ({
      ...subtask,
      ...(failureMessage === undefined ? {} : { failureMessage: words(failureMessage) }),
      ...(lastFailure === undefined ? {} : { lastFailure: words(lastFailure) }),
    })),
  };
}
