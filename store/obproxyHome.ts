import type { ObproxyServerRow } from './types';

/** Where an OBProxy lives: its recorded home, else the one that a take-over found, else that of its package, if that is known. */
export function recordedHome(
  { home, adopted }: Pick<ObproxyServerRow, 'home' | 'adopted'>,
  packageHome?: string | null,
): string | undefined {
  return home ?? adopted?.home ?? packageHome ?? undefined;
}
