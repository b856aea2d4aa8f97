import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** What a task carries in Temporal's visibility; runtime/temporal.ts registers them. */
export const SEARCH_ATTRIBUTES = {
  TaskState: defineSearchAttributeKey('TaskState', SearchAttributeType.KEYWORD),
  TaskName: defineSearchAttributeKey('TaskName', SearchAttributeType.KEYWORD),
  ObCluster: defineSearchAttributeKey('ObCluster', SearchAttributeType.KEYWORD),
  ObproxyCluster: defineSearchAttributeKey('ObproxyCluster', SearchAttributeType.KEYWORD),
  NeedsOperator: defineSearchAttributeKey('NeedsOperator', SearchAttributeType.BOOL),
} as const;
