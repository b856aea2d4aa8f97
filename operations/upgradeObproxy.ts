import { z } from 'zod';
import {
  CheckAndResetProxyId,
  CheckProxyVersion,
  CopyConfigDbFile,
  Finish,
  HotRestartObproxy,
  PrepareEtcForObproxy,
  PrepareUpgradeObproxy,
  RecordObproxyInfo,
  RestartObproxyd,
  SetObproxyClusterVersion,
  SetObproxyVersion,
  StartNode,
  UninstallObproxyPackage,
  UpdateObproxyStatus,
  UpgradeObproxyRpm,
  WaitHotRestartObproxyFinish,
  WaitNode,
} from '../activities/subtasks';
import { fault } from '../runtime/messages/catalogue';
import type { ObproxyServerRow } from '../store/types';
import { type ChainNode, node } from '../workflows/chain';
import { packageLock } from './locks';
import { upgradeFindings } from './obproxyFindings';
import { acceptedServers, EACH, ObproxyIdsText, planOnServers, SomeObproxyServerIds } from './obproxyServers';
import { refuseHot } from './refuseHot';
import { DistTag, IdPath } from './schemas';
import { catalogued, type Prepared, type PrepareScope } from './types';
import { isShortRpmName, type ObproxyPackage, packagesFor } from './upgradePackage';

/**
 * Twenty-six nodes (OCP documentation V4.3.5, "Upgrade an OBProxy"). One proxy after the other gets the new program, and none
 * after one that does not serve with it.
 */
export const UPGRADE_OBPROXY: readonly ChainNode[] = [
  node(StartNode),
  node(PrepareUpgradeObproxy, EACH),
  node(WaitNode),
  node(PrepareEtcForObproxy, EACH),
  node(WaitNode),
  node(CopyConfigDbFile, EACH),
  node(WaitNode),
  node(UninstallObproxyPackage, EACH),
  node(WaitNode),
  node(UpgradeObproxyRpm, EACH),
  node(WaitNode),
  node(RecordObproxyInfo),
  node(HotRestartObproxy, { ...EACH, serial: true }),
  node(WaitNode),
  node(WaitHotRestartObproxyFinish, EACH),
  node(WaitNode),
  node(CheckProxyVersion, EACH),
  node(WaitNode),
  node(RestartObproxyd, EACH),
  node(WaitNode),
  node(SetObproxyVersion, EACH),
  node(WaitNode),
  node(CheckAndResetProxyId),
  node(SetObproxyClusterVersion),
  node(UpdateObproxyStatus, EACH),
  node(Finish),
];

/** What both forms ask for; the last two are obflow's. */
const WISHES = {
  shortRpmName: z
    .string()
    .refine(isShortRpmName, fault('must.shortRpmName'))
    .describe('Name, version and release of an uploaded package, as in obproxy-ce-4.3.1.0-4.'),
  packageOperatingSystem: DistTag.optional().describe(
    'Of the package, as in el8; by default that of the package the proxy has.',
  ),
  hotRestart: z
    .boolean(fault('must.boolean'))
    .default(true)
    .describe(
      'true: each proxy hands over to a process of the new version, and no session is lost; from OBProxy 3.2.1 on, and only ' +
        'of proxies that are no unit of systemd. false: they are stopped and started, which cuts sessions. Not in OCP.',
    ),
  prohibitRollback: z
    .boolean(fault('must.boolean'))
    .default(true)
    .describe(
      'true: as OCP documents this task, which cannot be rolled back. false: it can, until "Check and reset proxy_id if ' +
        'need" begins; the former version serves again then. Not in OCP.',
    ),
};

type Wishes = z.output<z.ZodObject<typeof WISHES>>;

/** For each proxy what it was, and what it gets; not in the documented context. */
function unshownOf(
  servers: readonly ObproxyServerRow[],
  packages: ReadonlyMap<number, ObproxyPackage>,
): Record<string, string> {
  const entries = servers.flatMap(({ id, version, packageId, home }) => [
    [`target_package.${id}`, String(packages.get(id)?.id ?? '')],
    [`former_version.${id}`, version],
    ...(packageId === null ? [] : [[`former_package.${id}`, String(packageId)]]),
    ...(home === null ? [] : [[`former_home.${id}`, home]]),
  ]);
  return Object.fromEntries(entries);
}

async function prepareUpgrade(
  scope: PrepareScope,
  clusterId: number,
  ids: readonly number[],
  { hotRestart, prohibitRollback, ...wanted }: Wishes,
): Promise<Prepared> {
  const { cluster, servers } = await acceptedServers(scope.store, clusterId, ids, { from: ['RUNNING'] });
  const packages = await packagesFor(scope.store, servers, wanted);
  if (hotRestart) refuseHot(servers);
  // Nobody deletes the new packages meanwhile, nor the former ones, which an undo registers again.
  const needed = servers.flatMap(({ id, packageId }) => [packages.get(id)?.id, packageId]);
  const locks = [...new Set(needed)].flatMap((id) => (id == null ? [] : [{ shared: packageLock(id) }]));
  return planOnServers(scope, {
    ...{ locks, name: 'Upgrade obproxy', chain: UPGRADE_OBPROXY, cluster, servers, prohibitRollback },
    unshown: {
      ...unshownOf(servers, packages),
      target_obproxy_status: 'RUNNING',
      hot_upgrade: String(hotRestart),
    },
  });
}

const UPGRADES =
  'Brings the OBProxies named to a higher version in the home they have: the program of the package is put in place, and ' +
  'each proxy hands over to it, one after the other, and none after one that does not serve with it, whose former program is ' +
  'put back. Answers one task "Upgrade obproxy".';

/** `POST /api/v2/obproxy/clusters/{id}/servers/upgrade` (OCP documentation V4.3.5, "Upgrade an OBProxy"). */
export const upgradeObproxy = catalogued({
  id: 'upgradeObproxy',
  method: 'POST',
  path: '/api/v2/obproxy/clusters/{id}/servers/upgrade',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Upgrade OBProxies',
  description: UPGRADES,
  params: IdPath,
  body: z.object({ obproxyServerIds: SomeObproxyServerIds, ...WISHES }),
  answer: 'task',
  sample: 'upgrade-obproxy',
  look: {
    obproxyServers: ({ body }) => body.obproxyServerIds,
    findings: (scope, { params, body }) => upgradeFindings(scope, params.id, body.obproxyServerIds, body),
  },
  prepare: (scope, { params, body: { obproxyServerIds, ...wishes } }) =>
    prepareUpgrade(scope, params.id, obproxyServerIds, wishes),
});

/**
 * `POST /api/v2/obproxy/clusters/{id}/obproxies/{obproxyIds}/upgrade` (OCP documentation V4.2.2): the older form. Its page
 * prints another operation's answer, so it answers as the newer form does.
 */
export const upgradeObproxies = catalogued({
  id: 'upgradeObproxies',
  command: null,
  method: 'POST',
  path: '/api/v2/obproxy/clusters/{id}/obproxies/{obproxyIds}/upgrade',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Upgrade OBProxies (older form)',
  description: `${UPGRADES} The ids stand in the path, separated by commas.`,
  params: IdPath.extend({ obproxyIds: ObproxyIdsText }),
  body: z.object(WISHES),
  answer: 'task',
  sample: 'upgrade-obproxies',
  look: {
    obproxyServers: ({ params }) => params.obproxyIds,
    findings: (scope, { params, body }) => upgradeFindings(scope, params.id, params.obproxyIds, body),
  },
  prepare: (scope, { params, body }) => prepareUpgrade(scope, params.id, params.obproxyIds, body),
});
