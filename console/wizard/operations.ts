import { useQuery } from '@tanstack/react-query';
import { call } from '../data/client';
import { type OpenApi, type Operation, operationsOf } from '../model/schema';

/** Every operation that the API offers now: a new one of the catalogue needs nothing here. */
export function useOperations(): readonly Operation[] {
  const { data } = useQuery({
    queryKey: ['openapi'],
    queryFn: async ({ signal }) => operationsOf(await call<OpenApi>('GET', '/openapi.json', { signal })),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return data ?? NONE;
}

const NONE: readonly Operation[] = [];

/** Those of a page: below a path, with exactly these parameters in it. */
export function operationsAt(
  operations: readonly Operation[],
  prefix: string,
  parameters: readonly string[],
): readonly Operation[] {
  return operations.filter(
    ({ path, pathParameters }) =>
      (path === prefix || path.startsWith(`${prefix}/`)) && pathParameters.join() === parameters.join(),
  );
}
