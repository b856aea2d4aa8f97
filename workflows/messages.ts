/**
 * What a person or the API may send to a task, and what a task tells Temporal's visibility. Every update takes
 * one argument, because the Web UI's dialog sends one JSON value.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineUpdate } from '@temporalio/workflow';
import type { Plan } from './plan';

/** Registered by runtime/temporal.ts, which a workflow cannot import. */
export const TASK_STATE = defineSearchAttributeKey('TaskState', SearchAttributeType.KEYWORD);
export const NEEDS_OPERATOR = defineSearchAttributeKey('NeedsOperator', SearchAttributeType.BOOL);

/** Who sends a command and why; kept in the history by the update's event. */
export interface RetryTaskCommand {
  readonly who?: string;
  readonly why?: string;
}
export interface RetrySubtaskCommand extends RetryTaskCommand {
  readonly subtaskId: number | string;
}

/** Ids of the subtasks that run again. */
export interface CommandAnswer {
  readonly subtaskIds: readonly number[];
}

export const retryTask = defineUpdate<CommandAnswer, [unknown]>('retryTask');
export const retrySubtask = defineUpdate<CommandAnswer, [unknown]>('retrySubtask');

/** The id in the argument of a subtask's update: `34803`, `"34803"` or `{"subtaskId": 34803}`; else undefined. */
export function subtaskIdOf(argument: unknown): number | undefined {
  const value =
    typeof argument === 'object' && argument !== null && 'subtaskId' in argument
      ? argument.subtaskId
      : argument;
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Where a subtask works, as far as its plan says it. */
export function placeOf(subtask: Plan['subtasks'][number]): string {
  return subtask.target ?? subtask.element?.value ?? '';
}
