import { type Pair, sayer } from './text';

/** What the interpreter says to people. */
export const INTERPRETER_TEXTS = {
  'subtask.unknown': ['Task {task} has no subtask {subtask}.', '任务 {task} 没有子任务 {subtask}。'],
} as const satisfies Record<string, Pair>;

export const say = sayer(INTERPRETER_TEXTS);
