/** What an OBProxy keeps over a restart, as it tells it itself. Pure; OBProxy 4.3.1, observed. */
import { columnText, type SqlRow } from './sqlSession';

/** A row of table proxy_config: a value of the whole proxy, or of one cluster, tenant or address. */
export interface StoredItem {
  readonly name: string;
  /** A password as its SHA-1. */
  readonly value: string;
  readonly level: string;
  readonly clusterName: string;
  readonly tenantName: string;
  readonly vid: number;
  readonly vip: string;
  readonly vport: number;
}

/** Where a value of the whole proxy stands. */
export const WHOLE_PROXY = {
  ...{ level: 'LEVEL_GLOBAL', clusterName: '', tenantName: '' },
  ...{ vid: -1, vip: '', vport: 0 },
} as const;

/** Shown among the parameters and none: facts about the proxy, and commands that count until the end of the process. */
const NOT_STORED = /^(?:virtual|memory)$/i;

function isStored(row: SqlRow): boolean {
  return !NOT_STORED.test(columnText(row, 'visible_level')) && !/^json_config_/.test(columnText(row, 'name'));
}

/**
 * @param shown rows of `show proxyconfig`: values of the whole proxy
 * @param levels rows of `show proxyconfig all`: those that are stored for less than that
 */
export function storedItemsOf(shown: readonly SqlRow[], levels: readonly SqlRow[]): StoredItem[] {
  const ofProxy = shown.filter(isStored).map((row) => ({
    ...{ name: columnText(row, 'name'), value: columnText(row, 'value') },
    ...WHOLE_PROXY,
  }));
  const ofLess = levels
    .filter((row) => columnText(row, 'config_level').toUpperCase() !== WHOLE_PROXY.level)
    .map((row) => ({
      name: columnText(row, 'name'),
      value: columnText(row, 'value'),
      level: columnText(row, 'config_level'),
      clusterName: columnText(row, 'cluster_name'),
      tenantName: columnText(row, 'tenant_name'),
      vid: Number(columnText(row, 'vid') || -1),
      vip: columnText(row, 'vip'),
      vport: Number(columnText(row, 'vport')),
    }));
  return [...ofProxy, ...ofLess];
}
