import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { isClosed } from '../../cli/task/chain';
import { ApiError, call } from '../data/client';
import { watchEvents } from '../data/stream';
import type { LogPart, SubtaskInstance, WrappedTaskInstance } from '../data/types';

/** Whose worker may write at any moment. */
const GROWING: readonly string[] = ['READY', 'RUNNING', 'CANCELING'];

export interface ReadLog {
  /** Undefined until something is known. */
  readonly text: string | undefined;
  readonly error: ApiError | undefined;
}

/**
 * The log of a subtask as it grows, each line read once. By a stream while something may be written, else by one question
 * for what is not known yet: a browser has six connections for one address, and a stream takes one of them.
 */
export function useLog(task: WrappedTaskInstance, subtask: SubtaskInstance): ReadLog {
  const held = useRef<LogPart>({ log: '', offset: 0 });
  const [read, setRead] = useState<ReadLog>({ text: undefined, error: undefined });
  const { id, status, runTime, operation } = subtask;
  const path = `/api/v2/tasks/instances/${task.id}/subtasks/${id}/log`;
  const grows = GROWING.includes(status) && !isClosed(task);
  useEffect(() => {
    if (!grows) return;
    let left = false;
    const leave = watchEvents(`${path}/events?offset=${held.current.offset}`, {
      onLive: (live) => {
        // Before the first line: nothing is known to be there.
        if (live && !left) setRead({ text: held.current.log, error: undefined });
      },
      onEvent: (data) => {
        if (left) return;
        add(held, JSON.parse(data) as LogPart);
        setRead({ text: held.current.log, error: undefined });
      },
      onRefused: (error) => setRead({ text: held.current.log, error }),
    });
    return () => {
      left = true;
      leave();
    };
  }, [path, grows]);
  useQuery({
    queryKey: ['log', path, status, operation, runTime],
    queryFn: async ({ signal }) => {
      const before = held.current;
      try {
        const part = await call<LogPart>('GET', `${path}?offset=${before.offset}`, { signal });
        // Two questions at once, about one state and the next: the second to answer has brought nothing new.
        if (held.current === before) add(held, part);
        setRead({ text: held.current.log, error: undefined });
      } catch (error) {
        if (error instanceof ApiError) setRead({ text: before.offset === 0 ? undefined : before.log, error });
        throw error;
      }
      return held.current.offset;
    },
    enabled: !grows,
    gcTime: 0,
  });
  return read;
}

function add(held: { current: LogPart }, { log, offset }: LogPart): void {
  held.current = { log: held.current.log + log, offset };
}
