/**
 * Names that a MySQL client gives to OceanBase: `user@tenant#cluster` (OceanBase documentation, "Connect through an ODP").
 * Tenant and cluster may be missing. Every name that people declare is read here, and every login is written here.
 */
import { PermanentError } from '../runtime/errors';
import { say, type Text } from '../runtime/messages/catalogue';
import { printable } from '../runtime/printable';

export interface LoginName {
  readonly user: string;
  readonly tenant?: string | undefined;
  readonly cluster?: string | undefined;
}

/** The tenant of administrators and of the user by which a proxy reads a cluster. */
export const SYS_TENANT = 'sys';

const USER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const TENANT = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const CLUSTER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** A name that is none, with the words for whoever declared it. */
class OddLoginName extends RangeError {
  readonly said: Text;
  constructor(said: Text) {
    super(said.en);
    this.said = said;
  }
}

/** The name when it may stand in a login or a statement; RangeError otherwise. */
export function userName(name: string): string {
  if (!USER.test(name)) throw new OddLoginName(say('user.notAUser'));
  return name;
}

/** Takes `user[@tenant][#cluster]` apart; RangeError when a part is empty or holds what no such name can. */
export function parseLoginName(text: string): LoginName {
  const [account = '', cluster, ...moreClusters] = text.split('#');
  const [user = '', tenant, ...moreTenants] = account.split('@');
  const odd =
    moreClusters.length > 0 ||
    moreTenants.length > 0 ||
    (tenant !== undefined && !TENANT.test(tenant)) ||
    (cluster !== undefined && !CLUSTER.test(cluster));
  if (odd) throw new OddLoginName(say('user.notALogin'));
  return {
    user: userName(user),
    ...(tenant === undefined ? {} : { tenant }),
    ...(cluster === undefined ? {} : { cluster }),
  };
}

/** `user@tenant#cluster`, as far as the parts are known. */
export function loginName({ user, tenant, cluster }: LoginName): string {
  return `${user}${tenant === undefined ? '' : `@${tenant}`}${cluster === undefined ? '' : `#${cluster}`}`;
}

/**
 * The bare user of a name of the sys tenant, which people write with and without `@sys` (and a cluster, which says nothing
 * where the server is named). RangeError for another tenant: its users see none of what obflow asks for.
 */
export function sysUser(text: string): string {
  const { user, tenant = SYS_TENANT } = parseLoginName(text);
  if (tenant !== SYS_TENANT) throw new OddLoginName(say('user.otherTenant', { tenant, sys: SYS_TENANT }));
  return user;
}

/** Why a declared name is none of the sys tenant, or undefined. */
export function sysUserFault(text: string): Text | undefined {
  try {
    sysUser(text);
    return undefined;
  } catch (error) {
    if (error instanceof OddLoginName) return error.said;
    throw error;
  }
}

/**
 * The login of a user of the sys tenant, however its name was written: `user@sys` at a server itself, `user@sys#cluster`
 * through an OBProxy.
 * @throws PermanentError `NotASysUser` for a name that is none.
 */
export function sysLogin(text: string, cluster?: string): string {
  const fault = sysUserFault(text);
  if (fault === undefined) return loginName({ user: sysUser(text), tenant: SYS_TENANT, cluster });
  throw new PermanentError({
    type: 'NotASysUser',
    code: 'OBE11028',
    tried: say('sql.logInSys'),
    cameBack: say('sql.userIs', { user: printable(text.slice(0, 200)), fault }),
    next: say('next.correctSysUser'),
  });
}

/** The administrator of an OBProxy; not a user of OceanBase. */
export const PROXYSYS_LOGIN = loginName({ user: 'root', tenant: 'proxysys' });
