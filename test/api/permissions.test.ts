import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Route } from '../../api/route';
import { ROLES, type Role } from '../../operations/roles';
import type { Permission } from '../../operations/types';
import { repositoryRoot } from '../../runtime/paths';
import { basic, startTestApi, type TestApi } from './harness';

/** Routes that nobody logs in for; one more needs a reason here. */
const OPEN = [
  'GET /api/v2/time', // documented so
  'GET /api/status', // documented so: load balancers
  'GET /healthz', // probes cannot log in
  'GET /readyz',
  'GET /services', // an OBProxy cannot log in
  'POST /services', // nor can an observer: its address, or a token, decides
  'DELETE /services',
  'POST /api/v2/iam/session', // logs in itself, by its body
  'DELETE /api/v2/iam/session', // who has no session any more can still log out
];
/** Who has which permission, apart from ADMIN, who has all (OCP documentation, default roles). */
const HOLDERS: Record<Permission, readonly Role[]> = {
  AUTHENTICATED: [
    'CLUSTER_MANAGER',
    'CLUSTER_VIEWER',
    'OBPROXY_MANAGER',
    'OBPROXY_VIEWER',
    'HOST_MANAGER',
    'HOST_VIEWER',
    'PACKAGE_MANAGER',
    'PACKAGE_VIEWER',
    'TASK_MANAGER',
    'TASK_VIEWER',
    'AUDIT_VIEWER',
  ],
  ADMIN: [],
  AUDIT_VIEWER: ['AUDIT_VIEWER'],
  CLUSTER_MANAGER: ['CLUSTER_MANAGER'],
  CLUSTER_VIEWER: ['CLUSTER_MANAGER', 'CLUSTER_VIEWER', 'OBPROXY_MANAGER', 'OBPROXY_VIEWER'],
  OBPROXY_MANAGER: ['CLUSTER_MANAGER', 'OBPROXY_MANAGER'],
  OBPROXY_VIEWER: ['CLUSTER_MANAGER', 'CLUSTER_VIEWER', 'OBPROXY_MANAGER', 'OBPROXY_VIEWER'],
  HOST_MANAGER: ['CLUSTER_MANAGER', 'HOST_MANAGER'],
  HOST_VIEWER: [
    'CLUSTER_MANAGER',
    'CLUSTER_VIEWER',
    'OBPROXY_MANAGER',
    'OBPROXY_VIEWER',
    'HOST_MANAGER',
    'HOST_VIEWER',
  ],
  PACKAGE_MANAGER: ['CLUSTER_MANAGER', 'OBPROXY_MANAGER', 'PACKAGE_MANAGER'],
  PACKAGE_VIEWER: [
    'CLUSTER_MANAGER',
    'CLUSTER_VIEWER',
    'OBPROXY_MANAGER',
    'OBPROXY_VIEWER',
    'PACKAGE_MANAGER',
    'PACKAGE_VIEWER',
  ],
  TASK_MANAGER: ['CLUSTER_MANAGER', 'TASK_MANAGER'],
  TASK_VIEWER: ['CLUSTER_MANAGER', 'CLUSTER_VIEWER', 'TASK_MANAGER', 'TASK_VIEWER'],
};

const ALL: readonly Role[] = ['ADMIN', ...HOLDERS.AUTHENTICATED];
const ROLE_PASSWORD = 'Planted.role+pass';

let api: TestApi;
let userId: number;
beforeAll(async () => {
  api = await startTestApi();
  ({ id: userId } = await api.store.users.add({ name: 'someone', password: ROLE_PASSWORD, roles: [] }));
});
afterAll(() => api.stop());

/** The login of somebody with these roles, and no others. */
async function having(...roles: Role[]): Promise<{ authorization: string }> {
  await api.store.users.change(userId, { roles });
  return { authorization: basic('someone', ROLE_PASSWORD) };
}

/** A call that names nothing there is, so that the one who may do it changes nothing. */
function call({ method, path }: Pick<Route, 'method' | 'path'>, headers: Record<string, string>) {
  const where = path.replace(/\{fileName\}/, 'x.rpm').replace(/\{file\}/, 'start.js');
  return fetch(api.url + where.replace(/\{\w+\}/g, '4711'), {
    method,
    headers: { ...headers, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }) },
    // No route accepts a list.
    ...(method === 'GET' ? {} : { body: '[]' }),
    signal: AbortSignal.timeout(30_000),
  });
}
const name = ({ method, path }: Pick<Route, 'method' | 'path'>) => `${method} ${path}`;

test('every route declares its permission; the ones without are the known open ones', () => {
  expect(api.routes.length).toBeGreaterThan(30);
  for (const route of api.routes) expect([name(route), 'permission' in route]).toEqual([name(route), true]);
  const open = api.routes.filter(({ permission }) => permission === undefined).map(name);
  expect(open.sort()).toEqual([...OPEN].sort());
});

test('without a login every other route answers 401, whatever the method', async () => {
  for (const route of api.routes.filter(({ permission }) => permission !== undefined)) {
    for (const method of [route.method, 'PUT'] as const) {
      const response = await call({ ...route, method }, {});
      expect([name(route), method, response.status]).toEqual([name(route), method, 401]);
      await response.arrayBuffer();
    }
  }
});

test('what changes something asks for more than a login, but for what is one’s own', () => {
  const cheap = api.routes
    .filter(({ method, permission }) => method !== 'GET' && permission === 'AUTHENTICATED')
    .map(name);
  expect(cheap.every((route) => route.includes('/api/v2/iam/me/'))).toBe(true);
});

test.each(ALL)('%s may do what OCP documents for it, and nothing else', async (role) => {
  const headers = await having(role);
  // That every route asks at all, the user without a role finds out.
  const onePerPermission = new Map(api.routes.map((route) => [route.permission, route]));
  expect(onePerPermission.size).toBeGreaterThan(10);
  for (const [permission, route] of onePerPermission) {
    const allowed = permission === undefined || role === 'ADMIN' || HOLDERS[permission].includes(role);
    const response = await call(route, headers);
    const text = await response.text();
    expect([name(route), permission, response.status === 403]).toEqual([name(route), permission, !allowed]);
    if (!allowed) expect(JSON.parse(text)).toMatchObject({ error: { code: 'IAM11000', target: permission } });
    else expect(response.status).not.toBe(401);
  }
});

test('a user without a role may look at itself, and at nothing else', async () => {
  const headers = await having();
  const me = await (await fetch(`${api.url}/api/v2/iam/me`, { headers })).json();
  expect(me).toMatchObject({ data: { name: 'someone', roles: [] } });
  for (const route of api.routes) {
    const response = await call(route, headers);
    await response.arrayBuffer();
    const open = route.permission === undefined || route.permission === 'AUTHENTICATED';
    expect([name(route), response.status === 403]).toEqual([name(route), !open]);
  }
});

test('a refusal says what is missing, and stands in the audit under the name of the one who tried', async () => {
  const headers = await having('HOST_VIEWER');
  const refused = await api.send('POST', '/api/v2/tasks/instances/1/retry', undefined, headers);
  expect(refused.body.error.message).toMatch(
    /needs the permission TASK_MANAGER, and someone has HOST_VIEWER/,
  );
  const { contents } = await api.store.audit.list({ user: 'someone' }, { page: 1, size: 1 });
  expect(contents[0]).toMatchObject({
    path: '/api/v2/tasks/instances/1/retry',
    status: 403,
    code: 'IAM11000',
  });
});

test('docs/security.md shows the roles as they are', () => {
  const text = readFileSync(path.join(repositoryRoot(), 'docs/security.md'), 'utf8');
  const rows = [...text.matchAll(/^\| ([A-Z_]+) \| ([A-Z_ ]+|everything) \|$/gm)];
  const table = Object.fromEntries(rows.map(([, role = '', permits = '']) => [role, permits]));
  const real = Object.entries(ROLES).map(([role, permissions]) => [
    role,
    role === 'ADMIN' ? 'everything' : permissions.join(' '),
  ]);
  expect(table).toEqual(Object.fromEntries(real));
});

test('the documented permissions of the operations are the declared ones', () => {
  const declared = new Map(api.routes.map((route) => [name(route), route.permission]));
  const documented = {
    'GET /api/v2/tasks/instances': 'TASK_VIEWER',
    'GET /api/v2/tasks/instances/{taskInstanceId}': 'TASK_VIEWER',
    'GET /api/v2/tasks/instances/{taskInstanceId}/subtasks/{subtaskInstanceId}/log': 'TASK_VIEWER',
    'POST /api/v2/tasks/instances/{taskInstanceId}/retry': 'TASK_MANAGER',
    'POST /api/v2/tasks/instances/{taskInstanceId}/subtasks/{subtaskInstanceId}/retry': 'TASK_MANAGER',
    'POST /api/v2/obproxy/clusters': 'OBPROXY_MANAGER',
    'POST /api/v2/obproxy/clusters/{id}/obproxies/batchAdd': 'OBPROXY_MANAGER',
    'POST /api/v2/ob/clusters/{id}/servers': 'CLUSTER_MANAGER',
    'GET /api/v2/compute/hosts': 'HOST_VIEWER',
    'GET /api/v2/audit/events': 'AUDIT_VIEWER',
  };
  for (const [route, permission] of Object.entries(documented)) {
    expect([route, declared.get(route)]).toEqual([route, permission]);
  }
});
