import { loginName, SYS_TENANT } from '../../oceanbase/loginName';
import { openSqlSession, type SqlSession } from '../../oceanbase/sqlSession';
import { addressPolicy } from '../../runtime/addresses';
import { OB_CLUSTER, type Stack } from './stack';

/** The login of an administrator of the stack's OceanBase cluster, as a MySQL client gives it to an OBProxy. */
export const THROUGH_PROXY = loginName({ user: 'root', tenant: SYS_TENANT, cluster: OB_CLUSTER.name });

/** What a client asks: the OceanBase cluster answers it, through the OBProxy. */
export const CLIENT_STATEMENT = 'SELECT ob_version() AS version';

/** Opens a session through an OBProxy as its users do. Throws when nobody answers, or refuses. */
export function openClient(
  stack: Stack,
  proxy: { readonly ip: string; readonly sqlPort: number },
): Promise<SqlSession> {
  return openSqlSession({
    to: { ip: proxy.ip, port: proxy.sqlPort, addresses: addressPolicy({ allowed: [proxy.ip] }) },
    user: THROUGH_PROXY,
    password: stack.secrets.sys,
    timeoutMs: 10_000,
  });
}
