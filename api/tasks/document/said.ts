/** A task's document before its texts are said in a language; the archive keeps it so. */
import type { Said } from '../../../workflows/text';
import type { LazyList } from '../../http/lazyList';
import { type Language, spoken } from '../../http/messages/language';
import type { SubtaskInstance, TaskDocument } from './types';

type WithSaid<T, K extends keyof T> = Omit<T, K> & { readonly [F in K]?: Said };

export type SaidSubtask = WithSaid<SubtaskInstance, 'failureMessage' | 'lastFailure'>;
type FirstFailure = NonNullable<TaskDocument['firstFailure']>;

export interface SaidTask extends Omit<TaskDocument, 'subtasks' | 'firstFailure' | 'ending'> {
  readonly subtasks: LazyList<SaidSubtask>;
  readonly firstFailure?: Omit<FirstFailure, 'message'> & { readonly message: Said };
  readonly ending?: Said;
}

/** The document in the language; what is no text of the catalogue stays English. */
export function inWords(task: SaidTask, language: Language): TaskDocument {
  const { subtasks, firstFailure, ending, ...rest } = task;
  return {
    ...rest,
    ...(firstFailure === undefined
      ? {}
      : { firstFailure: { ...firstFailure, message: spoken(firstFailure.message, language) } }),
    ...(ending === undefined ? {} : { ending: spoken(ending, language) }),
    subtasks: subtasks.map((subtask): SubtaskInstance => {
      const { failureMessage, lastFailure, ...facts } = subtask;
      if (failureMessage === undefined && lastFailure === undefined) return facts;
      return {
        ...facts,
        ...(failureMessage === undefined ? {} : { failureMessage: spoken(failureMessage, language) }),
        ...(lastFailure === undefined ? {} : { lastFailure: spoken(lastFailure, language) }),
      };
    }),
  };
}
