import { useEffect, useState } from 'react';
import type { ApiError } from '../data/client';
import { watchEvents } from '../data/stream';
import type { WrappedTaskInstance } from '../data/types';
import { useLanguage } from '../words/language';

export interface Watched {
  readonly task: WrappedTaskInstance | undefined;
  readonly live: boolean;
  readonly refused: ApiError | undefined;
}

/** The document of a task, anew within a second of every change, in the language of the page. */
export function useTask(id: number): Watched {
  const language = useLanguage();
  const [task, setTask] = useState<WrappedTaskInstance>();
  const [live, setLive] = useState(false);
  const [refused, setRefused] = useState<ApiError>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: documents are made in a language, which stands in a header
  useEffect(
    () =>
      watchEvents(`/api/v2/tasks/instances/${id}/events`, {
        onEvent: (data) => setTask(JSON.parse(data) as WrappedTaskInstance),
        onRefused: setRefused,
        onLive: setLive,
      }),
    [id, language],
  );
  return { task, live, refused };
}
