import type { Migration } from 'kysely';
import { initial } from './0001_initial';
import { takeOver } from './0002_take_over';

/** In code, not found by file name: the bundle holds no migration files. A published one is never changed. */
export function migrations(kind: 'sqlite' | 'postgres'): Record<string, Migration> {
  return {
    '0001_initial': initial(kind),
    '0002_take_over': takeOver,
  };
}
