import { z } from 'zod';
import {
  InstallOcpAgent,
  PreCheckForCreateHost,
  UninstallLegacyObagent,
  UninstallLegacyOcpAgent,
  UpdateHostStatus,
} from '../activities/subtasks';
import { addressText } from '../runtime/addressText';
import { fault, say } from '../runtime/messages/catalogue';
import type { Store } from '../store/types';
import { type ChainNode, node } from '../workflows/chain';
import {
  HostKindField,
  hostCredential,
  idcById,
  PublishPorts,
  refusePortsOfMachines,
  refuseUnknownType,
  SerialNumber,
} from './hostFields';
import { hostLocks } from './locks';
import { planTask } from './planTask';
import { Refusal, type SubError } from './refusal';
import { AccessPort, Description, HostIp, Id } from './schemas';
import { catalogued, type HostFinding } from './types';

/** "Prepare host": OCP installs its agent here; obflow looks, and needs none. */
export const PREPARE_HOST: readonly ChainNode[] = [
  node(PreCheckForCreateHost),
  node(UninstallLegacyObagent),
  node(UninstallLegacyOcpAgent),
  node(InstallOcpAgent),
  node(UpdateHostStatus),
];

/** As OCP's clients do. */
const MOST_NEW_HOSTS = 50;

const fieldOf = (index: number) => `hostBasicDataList[${index}].innerIpAddress`;

const Body = z
  .object({
    hostBasicDataList: z
      .array(
        z.object({
          innerIpAddress: HostIp.describe('Address of the host, by which it is reached from here on.'),
          serialNumber: SerialNumber.optional(),
        }),
      )
      .min(1, fault('must.nameHost'))
      .max(MOST_NEW_HOSTS, fault('must.hostsAtMost', { limit: MOST_NEW_HOSTS })),
    sshPort: AccessPort.describe('SSH port of all of them, e.g. 22.'),
    kind: HostKindField,
    publishPorts: PublishPorts.optional().describe(
      'Of containers alone, e.g. 8080:80 or 8090; kept and shown, not used.',
    ),
    idcId: Id.describe('IDC in which they stand.'),
    typeId: Id.optional().describe('Host type. OCP requires it.'),
    credentialId: Id.describe('Credential that logs in to them.'),
    alias: Description.optional().describe('Only with one host.'),
    description: Description.optional(),
  })
  .superRefine(({ hostBasicDataList, alias }, context) => {
    if (alias == null || hostBasicDataList.length === 1) return;
    context.addIssue({ code: 'custom', path: ['alias'], message: fault('is.forOneHost'), input: alias });
  });

/** Each address once, and none that the inventory has. Throws Refusal CMP07032, CMP07001 naming all. */
async function newAddresses(store: Store, ips: readonly string[], sshPort: number): Promise<void> {
  const twice = ips.flatMap((ip, index): SubError[] =>
    ips.indexOf(ip) === index
      ? []
      : [{ field: fieldOf(index), rejectedValue: ip, message: say('names.addressTwice', { ip }) }],
  );
  if (twice.length > 0) {
    const named = [...new Set(twice.map(({ rejectedValue }) => String(rejectedValue)))].join(', ');
    throw new Refusal(400, 'CMP07032', say('hosts.twice', { ips: named }), {
      target: 'hostBasicDataList',
      subErrors: twice,
    });
  }
  const known: SubError[] = [];
  for (const [index, ip] of ips.entries()) {
    const row = await store.hosts.findByAddress(ip, sshPort);
    if (row !== undefined)
      known.push({ field: fieldOf(index), rejectedValue: ip, message: say('is.knownHost', { id: row.id }) });
  }
  if (known.length === 0) return;
  const hosts = known.map(({ rejectedValue }) => addressText(String(rejectedValue), sshPort)).join(', ');
  throw new Refusal(409, 'CMP07001', say('hosts.known', { hosts }), {
    target: 'hostBasicDataList',
    subErrors: known,
  });
}

/** `POST /api/v2/compute/hosts/batchCreate` (OCP documentation, "Add hosts in batches"). */
export const batchCreateHosts = catalogued({
  id: 'batchCreateHosts',
  method: 'POST',
  path: '/api/v2/compute/hosts/batchCreate',
  permission: 'HOST_MANAGER',
  tag: 'Hosts',
  summary: 'Add hosts',
  description:
    'Logs in to every host first; when one cannot be used, nothing is stored, and all such hosts are named. ' +
    'Answers one task "Prepare host" per host; a host is NEW, and no service can be put on it, until its task has ended well. ' +
    'With dryRun, too, every host is logged in to.',
  params: z.object({}),
  body: Body,
  answer: 'tasks',
  extra: {
    hostIds: z.array(z.int()).exactOptional().describe('Ids of the hosts, in the order of the request.'),
    id: z.int().exactOptional().describe('With one host: its id.'),
  },
  sample: 'batch-create-hosts',
  command: 'host add',
  look: {
    newHosts: ({ body: { hostBasicDataList, sshPort, credentialId } }) =>
      hostBasicDataList.map(({ innerIpAddress: ip }, index) => ({
        ...{ ip, sshPort, credentialId },
        field: fieldOf(index),
      })),
  },

  async prepare(scope, { body }) {
    const { store } = scope;
    const { hostBasicDataList, sshPort, idcId, typeId, credentialId, kind } = body;
    await newAddresses(
      store,
      hostBasicDataList.map(({ innerIpAddress }) => innerIpAddress),
      sshPort,
    );
    await idcById(store, idcId);
    await refuseUnknownType(store, typeId);
    await hostCredential(store, credentialId);
    refusePortsOfMachines(kind, body.publishPorts);

    const groupTaskIds = await scope.reserveTasks(hostBasicDataList.length);
    const plans = [];
    const hostIds: number[] = [];
    const findings: HostFinding[] = [];
    for (const [index, { innerIpAddress: ip, serialNumber }] of hostBasicDataList.entries()) {
      const taskId = groupTaskIds[index] ?? 0;
      const contact = scope.contacted?.get(addressText(ip, sshPort));
      const hostId = scope.dryRun
        ? -1 - index
        : await store.hosts.add({
            ...{ ip, sshPort, idcId, credentialId, kind, taskId },
            hostKey: contact?.hostKey ?? null,
            typeId: typeId ?? null,
            alias: body.alias ?? null,
            description: body.description ?? null,
            serialNumber: serialNumber ?? null,
            publishPorts: body.publishPorts ?? null,
          });
      hostIds.push(hostId);
      for (const { message, ...finding } of contact?.findings ?? [])
        findings.push({ hostId, ...finding, message: say('contact.ofHost', { ip, said: message }) });
      plans.push(
        await planTask(scope, {
          taskId,
          name: 'Prepare host',
          chain: PREPARE_HOST,
          context: { stringMap: { host_id: String(hostId) }, listMap: {} },
          hostId,
          place: ip,
          locks: hostLocks(hostId),
          groupTaskIds,
        }),
      );
    }
    const [id] = hostIds;
    return {
      plans,
      findings,
      extra: { hostIds, ...(hostIds.length === 1 && id !== undefined ? { id } : {}) },
      audit: `hosts added: ${hostBasicDataList.map(({ innerIpAddress }) => innerIpAddress).join(', ')}`,
    };
  },
});
