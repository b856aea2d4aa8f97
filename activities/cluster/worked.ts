import type { ObClusterRow } from '../../store/types';
import type { Worked } from '../common/work';

/** The cluster as an object of work. */
export function workedCluster({ id, name }: ObClusterRow): Worked<'obCluster'> {
  return { object: { kind: 'obCluster', id }, what: name };
}
