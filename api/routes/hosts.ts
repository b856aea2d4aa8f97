import { z } from 'zod';
import { HostKindField, PublishPorts, SerialNumber } from '../../operations/hostFields';
import { type HostServiceDocument, servicesOn } from '../../operations/hostServices';
import { fieldRefusal, hostsByIds } from '../../operations/preconditions';
import { AccessPort, Description, HostIp, Id, IdText, QueryText } from '../../operations/schemas';
import { say } from '../../runtime/messages/catalogue';
import { HOST_KINDS } from '../../store/statuses';
import type { HostRow, Observation, Store } from '../../store/types';
import { listOf, pagedOf, Time, Whole } from '../http/answers';
import { pageOf } from '../http/envelope';
import { listed, listOfWords, oneOf, PAGING, pageRequest } from '../http/paging';
import { ocpTime } from '../http/time';
import { changeHost } from '../objects/changeHost';
import { type ApiServices, type Route, route } from '../route';
import { Observed, observedField } from './observed';

const Service = z.object({
  name: z.string(),
  version: z.string(),
  type: z.enum(['OB_PROXY', 'OB_CLUSTER']),
  softwarePackageId: Whole.nullable(),
  clusterId: Whole.describe('Of the OBProxy or OceanBase cluster that it is part of. Ours.'),
}) satisfies z.ZodType<HostServiceDocument>;

/** Documented fields of the OCP agent. */
const ALWAYS_NULL = z.null();
export const HostDocument = z
  .object({
    id: Whole,
    name: z.string().nullable(),
    alias: z.string().nullable(),
    description: z.string().nullable(),
    operatingSystem: z.string().nullable().describe('Release of the kernel.'),
    operatingSystemRelease: z
      .string()
      .nullable()
      .describe('Distribution and its major version, e.g. centos7.'),
    architecture: z.string().nullable(),
    serialNumber: z.string().nullable(),
    innerIpAddress: z.string(),
    sshPort: Whole,
    kind: z.enum(HOST_KINDS),
    publishPorts: listOf(z.string()).nullable(),
    services: listOf(Service),
    status: z.string().describe('NEW, AVAILABLE, ONLINE, OFFLINE, DELETING.'),
    idcId: Whole,
    idcName: z.string(),
    idcDescription: z.string().nullable(),
    regionId: Whole,
    regionName: z.string(),
    regionDescription: z.string().nullable(),
    typeId: Whole.exactOptional().describe('Absent, with name and description, when nobody has said one.'),
    typeName: z.string().exactOptional(),
    typeDescription: z.string().nullable().exactOptional(),
    credentialId: Whole.describe('Ours: the credential that logs in to it.'),
    hostAgentId: ALWAYS_NULL,
    hostAgentVersion: ALWAYS_NULL,
    hostAgentStatus: ALWAYS_NULL,
    createTime: Time,
    updateTime: Time,
    observed: Observed.exactOptional(),
  })
  .meta({ id: 'Host' });
export type HostDocument = Readonly<z.output<typeof HostDocument>>;

/** Host as documented, nulls explicit. There is no OCP agent: its fields are null. */
function hostDocument(
  host: HostRow,
  services: readonly HostServiceDocument[],
  observed: Observation | undefined,
): z.input<typeof HostDocument> {
  const release = `${host.osId ?? ''}${host.osMajor ?? ''}`;
  return {
    id: host.id,
    name: host.name,
    alias: host.alias,
    description: host.description,
    operatingSystem: host.kernel,
    operatingSystemRelease: release === '' ? null : release,
    architecture: host.architecture,
    serialNumber: host.serialNumber,
    innerIpAddress: host.ip,
    sshPort: host.sshPort,
    kind: host.kind,
    publishPorts: host.publishPorts,
    services,
    status: host.status,
    idcId: host.idc.id,
    idcName: host.idc.name,
    idcDescription: host.idc.description,
    regionId: host.idc.region.id,
    regionName: host.idc.region.name,
    regionDescription: host.idc.region.description,
    ...(host.type === null
      ? {}
      : { typeId: host.type.id, typeName: host.type.name, typeDescription: host.type.description }),
    credentialId: host.credentialId,
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

const ChangeBody = z.object({
  innerIpAddress: HostIp.optional().describe(
    'Not of a host with services. The host must show its pinned key there.',
  ),
  sshPort: AccessPort.optional().describe('The host must show its pinned key there.'),
  credentialId: Id.optional().describe('It must log in to the host.'),
  idcId: Id.optional().describe('Not of a host with services.'),
  typeId: Id.optional(),
  kind: HostKindField.optional(),
  publishPorts: PublishPorts.optional(),
  serialNumber: SerialNumber.optional(),
  alias: Description.optional().describe('Empty: none.'),
  description: Description.optional().describe('Empty: none.'),
});

export function hostRoutes(services: ApiServices): Route[] {
  const { store } = services;
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
        const known = await servicesOn(store, found.contents);
        const observed = await store.observations.of(
          'host',
          found.contents.map(({ id }) => id),
        );
        return pageOf(
          found.contents.map((host) => hostDocument(host, known.get(host.id) ?? [], observed.get(host.id))),
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
      ({ params }) => documentOf(store, params.hostId),
    ),
    route(
      {
        method: 'PUT',
        path: '/api/v2/compute/hosts/{hostId}',
        permission: 'HOST_MANAGER',
        tag: 'Hosts',
        summary: 'Change what is known of a host',
        description:
          'What is absent stays. With another address, port or credential the host is logged in to before anything is stored. ' +
          'Not in the OCP documentation, whose console does it.',
        params: z.object({ hostId: IdText }),
        body: ChangeBody,
        answer: HostDocument,
      },
      async ({ params, body, notes }) => {
        const changed = await changeHost(services, params.hostId, body);
        notes.command = `host ${changed.ip}: changed ${Object.keys(body).join(', ') || 'nothing'}`;
        return documentOf(store, params.hostId);
      },
    ),
  ];
}

export async function documentOf(store: Store, id: number): Promise<z.input<typeof HostDocument>> {
  const [host] = await hostsByIds(store, [id]);
  if (host === undefined) throw new Error('a host that was found is there');
  const known = await servicesOn(store, [host]);
  const observed = await store.observations.of('host', [host.id]);
  return hostDocument(host, known.get(host.id) ?? [], observed.get(host.id));
}
