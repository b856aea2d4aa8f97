/** Parameters in the columns of their tables, by version, and SHOW PARAMETERS. */

import { PARAMETER_SEEDS } from './parameterSeed';
import type { ParameterRow } from './parameters';

type Cell = string | number | null;

/** Columns of GV$OB_PARAMETERS. */
export function parameterCells4({ ip, rpcPort, zone, seed, tenant, value }: ParameterRow): Cell[] {
  return [
    ...[ip, rpcPort, zone, seed.scope, tenant?.id ?? null, seed.name, seed.type, value],
    ...[seed.info, seed.section, seed.editLevel, seed.value, value === seed.value ? 'YES' : 'NO'],
  ];
}

/** Columns of __all_virtual_sys_parameter_stat; types are told from 4.x on. */
export function parameterCells3(row: ParameterRow): Cell[] {
  const [
    ip = null,
    port = null,
    zone = null,
    scope = null,
    tenant = null,
    name = null,
    ,
    value = null,
    ...more
  ] = parameterCells4(row);
  const [info = null, section = null, editLevel = null] = more;
  return [zone, 'observer', ip, port, name, null, value, info, section, scope, 'DEFAULT', editLevel, tenant];
}

/** In the columns of the version (engine 4.3.5.3, observed; before 4.0 without types and defaults). */
export function showParametersSql(isV4: boolean, like: string, tenantId: number): string {
  const name = `'${like.replaceAll("'", "''")}'`;
  const where = `WHERE name LIKE ${name} AND (tenant_id IS NULL OR tenant_id = ${tenantId}) ORDER BY rowid`;
  return isV4
    ? `SELECT ZONE AS zone, 'observer' AS svr_type, SVR_IP AS svr_ip, SVR_PORT AS svr_port, NAME AS name,
       DATA_TYPE AS data_type, VALUE AS value, INFO AS info, SECTION AS section, SCOPE AS scope, 'DEFAULT' AS source,
       EDIT_LEVEL AS edit_level, DEFAULT_VALUE AS default_value, ISDEFAULT AS isdefault
       FROM oceanbase."GV$OB_PARAMETERS" ${where}`
    : `SELECT zone, svr_type, svr_ip, svr_port, name, data_type, value, info, section, scope, source, edit_level
       FROM oceanbase.__all_virtual_sys_parameter_stat ${where}`;
}

interface Shown {
  readonly columns: string[];
  readonly rows: (string | null)[][];
}

/** Hidden items are shown when they are not as they were made (engine 4.3.5.3, observed). */
export function withoutHidden({ columns, rows }: Shown): Shown {
  const [nameAt = 0, valueAt = 0] = ['name', 'value'].map((column) => columns.indexOf(column));
  const made = new Map<string | null | undefined, string>(
    PARAMETER_SEEDS.map(({ name, value }) => [name, value]),
  );
  const hidden = (row: (string | null)[]) =>
    row[nameAt]?.startsWith('_') === true && row[valueAt] === made.get(row[nameAt]);
  return { columns, rows: rows.filter((row) => !hidden(row)) };
}
