import { z } from 'zod';
import { DATA_DISK, LOG_DISK, RUN_USER } from '../oceanbase/observerLayout';
import { valueFault } from '../oceanbase/parameters';
import { fault, say } from '../runtime/messages/catalogue';
import { Architecture, StartupParameters, ZoneName } from './observerFields';
import {
  HostIds,
  Id,
  idsOnce,
  PackageFileName,
  PlaceName,
  refuseEqualPorts,
  ServicePort,
  text,
} from './schemas';
import { AT_TERMINAL } from './terminal';

/** Zones of one cluster; OceanBase's own limit of replicas of one partition is lower. */
const MOST_ZONES = 7;
/** OceanBase documentation, parameter cluster_id. */
const MOST_CLUSTER_ID = 4_294_901_759;
const MOST_PROXY_CLUSTERS = 20;

/** A wish of OCP's that obflow does not fulfil is refused, not ignored. */
const never = (no: z.ZodType = z.literal(false, fault('must.notBeAsked'))) => no.optional();
const neverText = never(z.literal('', fault('must.notBeAsked')));
/** The one value that obflow knows. */
const only = (value: string) => z.literal(value, fault('must.oneOf', { values: value })).optional();

const Zone = z.object({
  name: ZoneName,
  idcName: PlaceName.describe('IDC of the zone: that of all of its hosts.'),
  servers: HostIds.min(1, fault('must.nameHost'))
    .describe('Ids of the hosts (not of servers).')
    .register(AT_TERMINAL, { names: 'host' }),
  rootServer: Id.optional()
    .describe('Host whose server takes part in the BOOTSTRAP; the first one when absent (OCP 4.3).')
    .register(AT_TERMINAL, { names: 'host' }),
  rpmName: PackageFileName.optional().describe('The same for every zone (OCP 4.3).'),
  architecture: Architecture.optional().describe('Must be that of the hosts (OCP 4.3).'),
});

const Folder = z
  .string()
  .max(255)
  .regex(/^\/[A-Za-z0-9_./-]+$/, fault('must.absolutePath'));

const Attributes = z
  .object({
    installPath: Folder.optional().describe("Only the package's own directory."),
    runPath: Folder.optional().describe('The same directory.'),
    dataDiskPath: only(DATA_DISK),
    logDiskPath: only(LOG_DISK),
    diskPathStyle: only('DEFAULT'),
    operatingSystemUser: only(RUN_USER),
    svrPort: ServicePort.optional().describe('RPC port, as OCP 4.3 calls it.'),
  })
  .default({});

const Fields = z.object({
  name: z.string(fault('must.string')).regex(/^[A-Za-z][A-Za-z0-9_]{1,47}$/, fault('must.obClusterName')),
  type: z.literal('PRIMARY', fault('must.oneOf', { values: 'PRIMARY' })),
  rpmName: PackageFileName.optional().describe('Required, here or with every zone.'),
  password: z.string(fault('must.string')).max(256).describe('Password of root@sys.'),
  zones: z.array(Zone).min(1, fault('must.nameZone')).max(MOST_ZONES),
  primaryZone: z
    .string(fault('must.string'))
    .regex(/^[A-Za-z0-9_.-]*(?:[,;] ?[A-Za-z0-9_.-]*)*$/, fault('must.zones'))
    .max(512)
    .default('')
    .describe('Of the sys tenant: zones by priority, "zone1,zone2;zone3"; empty: left to OceanBase.'),
  obClusterId: Id.max(MOST_CLUSTER_ID, fault('must.atMost', { limit: MOST_CLUSTER_ID }))
    .optional()
    .describe('The next free one when absent (OCP 4.3).'),
  startupParameters: StartupParameters.default([]).describe('Parameters of the first start (-o); OCP 4.3.'),
  obproxyClusterIds: idsOnce(
    MOST_PROXY_CLUSTERS,
    fault('must.entriesAtMost', { limit: MOST_PROXY_CLUSTERS }),
    (id) => fault('names.idTwice', { id }),
  )
    .register(AT_TERMINAL, { names: 'obproxyCluster' })
    .default([])
    .describe('OBProxy clusters that are linked to it (OCP 4.3).'),
  obproxyUserName: only('proxyro').describe('User by which OBProxies read the cluster.'),
  obproxyPassword: text((value) => (value === '' ? say('must.notBeEmpty') : valueFault(value)))
    .optional()
    .describe('Password of proxyro; a random one when absent.'),
  attributes: Attributes,
  sqlPort: ServicePort.default(2881).describe('SQL port of the servers. Not in OCP.'),
  rpcPort: ServicePort.optional().describe('RPC port of the servers; default 2882. Not in OCP.'),
  cgroupEnabled: never(),
  createExtraTenant: never(),
  supportObsBackup: never(),
  simplifiedCreateTenantParam: never(z.null(fault('must.notBeAsked'))),
  primaryClusterInfo: never(z.null(fault('must.notBeAsked'))),
  arbitrationServiceId: never(z.null(fault('must.notBeAsked'))),
  oversellingFactor: never(z.null(fault('must.notBeAsked'))),
  obproxyClusterKeyList: never(z.array(z.unknown()).max(0, fault('must.notBeAsked'))),
  fullVersion: neverText.describe('The package says the version.'),
  loadType: neverText,
  vpcId: neverText,
});

type Fields = z.output<typeof Fields>;

/** The package of the request: named once, or by every zone alike. */
function packageOf({ rpmName, zones }: Fields, context: z.RefinementCtx): string {
  const named = zones.map((zone) => zone.rpmName);
  const wanted = rpmName ?? named.find((name) => name !== undefined);
  if (wanted === undefined)
    context.addIssue({ code: 'custom', path: ['rpmName'], message: fault('is.required') });
  named.forEach((name, index) => {
    if (name === undefined ? rpmName !== undefined : name === wanted) return;
    context.addIssue({
      code: 'custom',
      path: ['zones', index, 'rpmName'],
      message: wanted === undefined ? fault('is.required') : fault('must.oneOf', { values: wanted }),
      input: name,
    });
  });
  return wanted ?? '';
}

function refuseTwice({ zones }: Fields, context: z.RefinementCtx): void {
  const hosts = new Set<number>();
  zones.forEach(({ servers, rootServer }, index) => {
    servers.forEach((id, at) => {
      if (hosts.has(id)) {
        context.addIssue({
          code: 'custom',
          path: ['zones', index, 'servers', at],
          message: fault('names.hostTwice', { id }),
          input: id,
        });
      }
      hosts.add(id);
    });
    if (rootServer !== undefined && !servers.includes(rootServer)) {
      context.addIssue({
        code: 'custom',
        path: ['zones', index, 'rootServer'],
        message: fault('must.oneOf', { values: servers.join(', ') }),
        input: rootServer,
      });
    }
  });
}

/** The body of "Create primary OB cluster" in its older form and in that of OCP 4.3. */
export const CreateObClusterBody = Fields.transform((fields, context) => {
  const { rpmName: _, rpcPort, ...body } = fields;
  const { svrPort } = fields.attributes;
  if (rpcPort !== undefined && svrPort !== undefined && rpcPort !== svrPort) {
    context.addIssue({
      code: 'custom',
      path: ['attributes', 'svrPort'],
      message: fault('must.oneOf', { values: String(rpcPort) }),
      input: svrPort,
    });
  }
  const port = rpcPort ?? svrPort ?? 2882;
  refuseEqualPorts(
    [
      { field: ['sqlPort'], port: fields.sqlPort },
      { field: ['rpcPort'], port },
    ],
    context,
  );
  refuseTwice(fields, context);
  return { ...body, rpcPort: port, rpmName: packageOf(fields, context) };
});
export type CreateObClusterBody = z.output<typeof CreateObClusterBody>;
