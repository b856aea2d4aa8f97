import { keepPreviousData, QueryClient, useQuery } from '@tanstack/react-query';
import { useLanguage } from '../words/language';
import { ApiError, call } from './client';
import { connection } from './connection';

/** What lists are asked for again, where no stream of events tells that they have changed. */
const REFRESH_MS = 5_000;

export function createQueryClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        // What was refused stays refused; without an answer it is asked again when the API is back.
        retry: (count, error) => error instanceof ApiError && error.status >= 500 && count < 3,
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });
  connection.subscribe((reachable) => {
    if (reachable) void client.invalidateQueries();
  });
  return client;
}

/** GETs a path, and again every five seconds while the page is looked at; the last answer stays meanwhile. */
export function useGet<T>(
  path: string | undefined,
  { refresh = REFRESH_MS }: { refresh?: number | false } = {},
) {
  const language = useLanguage();
  return useQuery({
    queryKey: ['get', path, language],
    queryFn: ({ signal }) => call<T>('GET', path ?? '', { signal }),
    enabled: path !== undefined,
    refetchInterval: refresh,
    placeholderData: keepPreviousData,
  });
}
