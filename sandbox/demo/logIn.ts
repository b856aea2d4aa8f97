import { loginName, SYS_TENANT } from '../../oceanbase/loginName';
import { columnText, openSqlSession } from '../../oceanbase/sqlSession';
import { addressPolicy } from '../../runtime/addresses';
import { OB_CLUSTER, type Stack } from '../stack/stack';

/** The login of an administrator of the demo's OceanBase cluster, as a MySQL client gives it to an OBProxy. */
export const THROUGH_PROXY = loginName({ user: 'root', tenant: SYS_TENANT, cluster: OB_CLUSTER.name });

/**
 * Logs in through an OBProxy as its users do, and asks who answers; resolves to the version of the OceanBase cluster (a
 * stand-in). Throws when nobody answers, or refuses.
 */
export async function logInThrough(
  stack: Stack,
  proxy: { readonly ip: string; readonly sqlPort: number },
): Promise<string> {
  const session = await openSqlSession({
    to: { ip: proxy.ip, port: proxy.sqlPort, addresses: addressPolicy({ allowed: [proxy.ip] }) },
    user: THROUGH_PROXY,
    password: stack.secrets.sys,
    timeoutMs: 10_000,
  });
  try {
    const [row] = await session.query('SELECT ob_version() AS version');
    return row === undefined ? '' : columnText(row, 'version');
  } finally {
    session.close();
  }
}
