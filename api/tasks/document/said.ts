/** A task's document before its texts are said in a language; the archive keeps it so. */
import type { Said } from '../../../workflows/text';
import type { LazyList } from '../../http/lazyList';
import { type Language, spoken } from '../../http/messages/language';
import type { SubtaskInstance, TaskDocument } from './types';

type WithSaid<T, K extends keyof T> = Omit<T, K> & { readonly [F in K]?: Said };

type SaidOperations<O extends readonly { readonly operation: string }[] | undefined> = readonly {
  readonly operation: NonNullable<O>[number]['operation'];
  readonly meaning: Said;
}[];

export type SaidSubtask = Omit<
  WithSaid<SubtaskInstance, 'failureMessage' | 'lastFailure'>,
  'availableOperations'
> & { readonly availableOperations?: SaidOperations<SubtaskInstance['availableOperations']> };
type FirstFailure = NonNullable<TaskDocument['firstFailure']>;

export interface SaidTask
  extends Omit<TaskDocument, 'subtasks' | 'firstFailure' | 'ending' | 'availableOperations'> {
  readonly availableOperations?: SaidOperations<TaskDocument['availableOperations']>;
  readonly subtasks: LazyList<SaidSubtask>;
  readonly firstFailure?: Omit<FirstFailure, 'message'> & { readonly message: Said };
  readonly ending?: Said;
}

/** The document in the language; what is no text of the catalogue stays English. */
export function inWords(task: SaidTask, language: Language): TaskDocument {
  const { subtasks, firstFailure, ending, availableOperations, ...rest } = task;
  return {
    ...rest,
    ...operationsIn(availableOperations, language),
    ...(firstFailure === undefined
      ? {}
      : { firstFailure: { ...firstFailure, message: spoken(firstFailure.message, language) } }),
    ...(ending === undefined ? {} : { ending: spoken(ending, language) }),
    subtasks: subtasks.map((subtask): SubtaskInstance => {
      const { failureMessage, lastFailure, availableOperations: ways, ...facts } = subtask;
      return {
        ...facts,
        ...operationsIn(ways, language),
        ...(failureMessage === undefined ? {} : { failureMessage: spoken(failureMessage, language) }),
        ...(lastFailure === undefined ? {} : { lastFailure: spoken(lastFailure, language) }),
      };
    }),
  };
}

function operationsIn<O extends string>(
  operations: readonly { readonly operation: O; readonly meaning: Said }[] | undefined,
  language: Language,
): { availableOperations?: { operation: O; meaning: string }[] } {
  if (operations === undefined || operations.length === 0) return {};
  return {
    availableOperations: operations.map(({ operation, meaning }) => ({
      operation,
      meaning: spoken(meaning, language),
    })),
  };
}
