import { z } from 'zod';
import { fieldRefusal, hostsByIds } from '../../operations/preconditions';
import { IdText, QueryText } from '../../operations/schemas';
import { say } from '../../runtime/messages/catalogue';
import type { HostRow, Observation, Store } from '../../store/types';
import { listOf, pagedOf, Time, Whole } from '../http/answers';
import { pageOf } from '../http/envelope';
import { allPages, listed, listOfWords, oneOf, PAGING, pageRequest } from '../http/paging';
import { ocpTime } from '../http/time';
import { type ApiServices, type Route, route } from '../route';
import { Observed, observedField } from './observed';

const Service = z.object({
  name: z.string(),
  version: z.string(),
  type: z.enum(['OB_PROXY', 'OB_CLUSTER']),
  softwarePackageId: Whole.nullable(),
});
type Service = z.output<typeof Service>;

/** Documented fields of the OCP agent and of what obflow does not keep. */
const ALWAYS_NULL = z.null();
const HostDocument = z
  .object({
    id: Whole,
    name: z.string().nullable(),
    alias: ALWAYS_NULL,
    description: ALWAYS_NULL,
    operatingSystem: z.string().nullable().describe('Release of the kernel.'),
    operatingSystemRelease: z
      .string()
      .nullable()
      .describe('Distribution and its major version, e.g. centos7.'),
    architecture: z.string().nullable(),
    serialNumber: ALWAYS_NULL,
    innerIpAddress: z.string(),
    sshPort: Whole,
    kind: z.literal('DEDICATED_PHYSICAL_MACHINE'),
    publishPorts: ALWAYS_NULL,
    services: listOf(Service),
    status: z.string().describe('NEW, AVAILABLE, ONLINE, OFFLINE, DELETING.'),
    idcId: Whole,
    idcName: z.string(),
    idcDescription: ALWAYS_NULL,
    regionId: Whole,
    regionName: z.string(),
    regionDescription: ALWAYS_NULL,
    hostAgentId: ALWAYS_NULL,
    hostAgentVersion: ALWAYS_NULL,
    hostAgentStatus: ALWAYS_NULL,
    createTime: Time,
    updateTime: Time,
    observed: Observed.exactOptional(),
  })
  .meta({ id: 'Host' });

/** The services obflow knows on hosts, by host id. */
async function servicesOn(store: Store, hosts: readonly HostRow[]): Promise<Map<number, Service[]>> {
  const services = new Map<number, Service[]>(hosts.map((host) => [host.id, []]));
  for (const cluster of await allPages((page) => store.obproxy.listClusters(page))) {
    for (const server of cluster.servers) {
      services.get(server.hostId)?.push({
        name: cluster.name,
        version: server.version,
        type: 'OB_PROXY',
        softwarePackageId: server.packageId,
      });
    }
  }
  const observers = await store.obServers.onHosts(hosts.map(({ id }) => id));
  for (const cluster of await allPages((page) => store.obClusters.list(page))) {
    const roots = new Set(cluster.rootServers.map(({ ip }) => ip));
    const own = observers.filter(({ clusterId }) => clusterId === cluster.id);
    for (const host of hosts) {
      // Its root servers are known from the declaration, before anybody has asked it for its servers.
      const server = own.find(({ hostId, ip }) => hostId === host.id || ip === host.ip);
      if (server === undefined && !roots.has(host.ip)) continue;
      services.get(host.id)?.push({
        name: `${cluster.name}:${cluster.obClusterId}`,
        version: cluster.version,
        type: 'OB_CLUSTER',
        softwarePackageId: server?.packageId ?? null,
      });
    }
  }
  return services;
}

/** Host as documented, nulls explicit. There is no OCP agent: its fields are null. */
function hostDocument(
  host: HostRow,
  services: readonly Service[],
  observed: Observation | undefined,
): z.input<typeof HostDocument> {
  const release = `${host.osId ?? ''}${host.osMajor ?? ''}`;
  return {
    id: host.id,
    name: host.name,
    alias: null,
    description: null,
    operatingSystem: host.kernel,
    operatingSystemRelease: release === '' ? null : release,
    architecture: host.architecture,
    serialNumber: null,
    innerIpAddress: host.ip,
    sshPort: host.sshPort,
    kind: 'DEDICATED_PHYSICAL_MACHINE',
    publishPorts: null,
    services,
    status: host.status,
    idcId: host.idc.id,
    idcName: host.idc.name,
    idcDescription: null,
    regionId: host.idc.region.id,
    regionName: host.idc.region.name,
    regionDescription: null,
    hostAgentId: null,
    hostAgentVersion: null,
    hostAgentStatus: null,
    createTime: ocpTime(host.createTime),
    updateTime: ocpTime(host.updateTime),
    ...observedField(observed),
  };
}

const SERVICE_TYPE = oneOf([
  'OB_CLUSTER',
  'OB_PROXY',
  'OCP_AGENT',
  'BACKUP_AGENT',
  'RESTORE_AGENT',
  'BACKUP_RESTORE_AGENT',
  'OMS',
]);

export function hostRoutes({ store }: ApiServices): Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/api/v2/compute/hosts',
        permission: 'HOST_VIEWER',
        tag: 'Hosts',
        summary: 'List hosts',
        query: z.object({
          status: listOfWords(['NEW', 'AVAILABLE', 'ONLINE', 'OFFLINE', 'DELETING'])
            .optional()
            .describe('NEW, AVAILABLE, ONLINE, OFFLINE, DELETING; comma separated.'),
          keyword: QueryText.optional().describe('Part of a name, an IP address or a service.'),
          idcId: IdText.optional().describe('As `idcId` of a host says.'),
          includedServiceType: SERVICE_TYPE.optional(),
          excludedServiceType: SERVICE_TYPE.optional(),
          ...PAGING,
        }),
        answer: pagedOf(HostDocument),
      },
      async ({ query }) => {
        const page = pageRequest(query);
        const { status, keyword, idcId, includedServiceType, excludedServiceType } = query;
        if (idcId !== undefined && !(await store.hosts.hasIdc(idcId)))
          throw fieldRefusal('idcId', idcId, say('names.noIdc'));
        const found = await listed(query, () =>
          store.hosts.list(
            {
              ...(status === undefined ? {} : { status }),
              ...(keyword === undefined ? {} : { keyword }),
              ...(idcId === undefined ? {} : { idcId }),
              ...(includedServiceType === undefined ? {} : { includedServiceType }),
              ...(excludedServiceType === undefined ? {} : { excludedServiceType }),
            },
            page,
          ),
        );
        const services = await servicesOn(store, found.contents);
        const observed = await store.observations.of(
          'host',
          found.contents.map(({ id }) => id),
        );
        return pageOf(
          found.contents.map((host) =>
            hostDocument(host, services.get(host.id) ?? [], observed.get(host.id)),
          ),
          { number: page.page, size: page.size, totalElements: found.totalElements },
        );
      },
    ),
    route(
      {
        method: 'GET',
        path: '/api/v2/compute/hosts/{hostId}',
        permission: 'HOST_VIEWER',
        tag: 'Hosts',
        summary: 'Get a host',
        params: z.object({ hostId: IdText }),
        answer: HostDocument,
      },
      async ({ params }) => {
        const [host] = await hostsByIds(store, [params.hostId]);
        if (host === undefined) throw new Error('a host that was found is there');
        const services = await servicesOn(store, [host]);
        const observed = await store.observations.of('host', [host.id]);
        return hostDocument(host, services.get(host.id) ?? [], observed.get(host.id));
      },
    ),
  ];
}
