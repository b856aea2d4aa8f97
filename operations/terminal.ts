import { z } from 'zod';

/** What the API names by ids (a package by its file name), and people by names and addresses. */
export type NamedKind =
  | 'host'
  | 'obproxy'
  | 'obproxyCluster'
  | 'obCluster'
  | 'obServer'
  | 'package'
  | 'credential'
  | 'idc'
  | 'hostType';

/** What the `obflow` command must know of a field beyond its form; fields made from a registered schema inherit it. */
export const AT_TERMINAL = z.registry<{ readonly names: NamedKind }>();
