import { useQuery } from '@tanstack/react-query';
import { call } from '../data/client';
import { offeredAt, type PlaceName } from '../model/places';
import { type OpenApi, type Operation, operationsOf } from '../model/schema';
import { OPERATION_NAMES } from '../words/fields';
import { useLanguage } from '../words/language';

/** Every operation that the API offers now: a new one of the catalogue needs nothing here. */
function useOperations(): readonly Operation[] {
  const { data } = useQuery({
    queryKey: ['openapi'],
    queryFn: async ({ signal }) => operationsOf(await call<OpenApi>('GET', '/openapi.json', { signal })),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return data ?? NONE;
}

/** Those of a place. */
export function useOffered(place: PlaceName): readonly Operation[] {
  return offeredAt(useOperations(), place);
}

/** What an operation is called on a button. */
export function useOperationName(): (operation: Operation) => string {
  const language = useLanguage();
  return ({ id, summary }) => OPERATION_NAMES[id]?.[language === 'zh-CN' ? 1 : 0] ?? summary;
}

const NONE: readonly Operation[] = [];
