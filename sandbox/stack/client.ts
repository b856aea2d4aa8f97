import { loginName, SYS_TENANT } from '../../oceanbase/loginName';
import { openSqlSession, type SqlSession } from '../../oceanbase/sqlSession';
import { addressPolicy } from '../../runtime/addresses';
import { OB_CLUSTER, type Stack } from './stack';

/** What a client asks: the OceanBase cluster answers it, through the OBProxy. */
export const CLIENT_STATEMENT = 'SELECT ob_version() AS version';

/** A cluster, and the password of its root@sys. */
export interface ClusterLogin {
  readonly name: string;
  readonly password: string;
}

/** The login of a cluster's administrator, as a MySQL client gives it to an OBProxy. */
export const throughProxy = (cluster: string) => loginName({ user: 'root', tenant: SYS_TENANT, cluster });

/**
 * Opens a session through an OBProxy as its users do, to the stack's own cluster unless another is named. Throws when nobody
 * answers, or refuses.
 */
export function openClient(
  stack: Stack,
  proxy: { readonly ip: string; readonly sqlPort: number },
  login: ClusterLogin = { name: OB_CLUSTER.name, password: stack.secrets.sys },
): Promise<SqlSession> {
  return openSqlSession({
    to: { ip: proxy.ip, port: proxy.sqlPort, addresses: addressPolicy({ allowed: [proxy.ip] }) },
    user: throughProxy(login.name),
    password: login.password,
    timeoutMs: 10_000,
  });
}
