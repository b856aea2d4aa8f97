import type { Permission } from './types';

const HOST = ['HOST_MANAGER', 'HOST_VIEWER'] as const;
const TASK = ['TASK_MANAGER', 'TASK_VIEWER'] as const;
const PACKAGE = ['PACKAGE_MANAGER', 'PACKAGE_VIEWER'] as const;
const OBPROXY = ['OBPROXY_MANAGER', 'OBPROXY_VIEWER'] as const;
const CLUSTER = ['CLUSTER_MANAGER', 'CLUSTER_VIEWER'] as const;

/**
 * OCP's default roles, as far as there are routes for them, and what each includes (OCP documentation, "Default OCP
 * roles"). TASK_VIEWER is named by the API pages alone; the viewers of one kind of object see what their managers see.
 * A manager of OBProxies starts tasks but, as documented, needs a TASK_ role to watch or repair them.
 */
export const ROLES = {
  ADMIN: [...CLUSTER, ...OBPROXY, ...HOST, ...PACKAGE, ...TASK, 'AUDIT_VIEWER', 'ADMIN'],
  CLUSTER_MANAGER: [...CLUSTER, ...OBPROXY, ...HOST, ...PACKAGE, ...TASK],
  CLUSTER_VIEWER: ['CLUSTER_VIEWER', 'OBPROXY_VIEWER', 'HOST_VIEWER', 'PACKAGE_VIEWER', 'TASK_VIEWER'],
  OBPROXY_MANAGER: [...OBPROXY, ...PACKAGE, 'CLUSTER_VIEWER', 'HOST_VIEWER'],
  OBPROXY_VIEWER: ['OBPROXY_VIEWER', 'PACKAGE_VIEWER', 'CLUSTER_VIEWER', 'HOST_VIEWER'],
  HOST_MANAGER: [...HOST],
  HOST_VIEWER: ['HOST_VIEWER'],
  PACKAGE_MANAGER: [...PACKAGE],
  PACKAGE_VIEWER: ['PACKAGE_VIEWER'],
  TASK_MANAGER: [...TASK],
  TASK_VIEWER: ['TASK_VIEWER'],
  AUDIT_VIEWER: ['AUDIT_VIEWER'],
} as const satisfies Record<string, readonly Permission[]>;

export type Role = keyof typeof ROLES;

export const ROLE_NAMES = Object.keys(ROLES) as [Role, ...Role[]];

/** What the roles permit, sorted; who is logged in has AUTHENTICATED besides. Unknown roles permit nothing. */
export function permissionsOf(roles: readonly string[]): readonly Permission[] {
  const included = roles.flatMap((role): readonly Permission[] =>
    Object.hasOwn(ROLES, role) ? ROLES[role as Role] : [],
  );
  return [...new Set(included)].sort();
}

/** Whether one of the roles includes the permission. */
export function permits(roles: readonly string[], permission: Permission): boolean {
  if (permission === 'AUTHENTICATED') return true;
  return permissionsOf(roles).includes(permission);
}
