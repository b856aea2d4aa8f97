import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { call } from './client';
import { useLacks } from './session';
import { watchEvents } from './stream';

/** What comes in within this time is asked for once. */
const TOGETHER_MS = 250;
/** How soon somebody who was disabled is put out where no stream tells it. */
const ME_MS = 1_500;

/** Asks for lists of tasks again as soon as one of their tasks has another state; the stream tells, too, when the login has ended. */
export function useLiveTasks(watching: boolean): void {
  const client = useQueryClient();
  const may = useLacks()('TASK_VIEWER') === undefined;
  const [refused, setRefused] = useState(false);
  const streams = watching && may && !refused;
  useEffect(() => {
    if (!streams) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => {
      timer = undefined;
      void client.invalidateQueries({
        predicate: ({ queryKey: [, path] }) => typeof path === 'string' && path.startsWith('/api/v2/tasks/'),
      });
    };
    const leave = watchEvents('/api/v2/tasks/events', {
      onEvent: () => {
        timer ??= setTimeout(ask, TOGETHER_MS);
      },
      onRefused: () => setRefused(true),
    });
    return () => {
      clearTimeout(timer);
      leave();
    };
  }, [client, streams]);
  useQuery({
    queryKey: ['still me'],
    queryFn: async ({ signal }) => (await call<{ id: number }>('GET', '/api/v2/iam/me', { signal })).id,
    enabled: watching && !streams,
    refetchInterval: ME_MS,
  });
}
