/** Fields that describe a host, in the requests that add and change one. */
import { z } from 'zod';
import { fault, say } from '../runtime/messages/catalogue';
import { HOST_KINDS } from '../store/statuses';
import type { Credential, HostRow, Idc, Store } from '../store/types';
import type { Text } from '../workflows/text';
import { fieldRefusal } from './preconditions';
import { Refusal } from './refusal';
import { Description } from './schemas';

export const HostKindField = z.enum(HOST_KINDS, fault('must.oneOf', { values: HOST_KINDS.join(', ') }));

/** OCP's examples write one text with commas, its table a list: both are understood. */
export const PublishPorts = z
  .union([z.string().max(2_000), z.array(z.string().max(20)).max(200)], fault('must.publishPorts'))
  .transform((value) =>
    (typeof value === 'string' ? value.split(',') : value)
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
  .refine(
    (ports) =>
      ports.every(
        (part) =>
          /^\d{1,5}(:\d{1,5})?$/.test(part) &&
          part.split(':').every((port) => Number(port) >= 1 && Number(port) <= 65_535),
      ),
    fault('must.publishPorts'),
  )
  .meta({ wire: { type: 'array', items: { type: 'string' }, maxItems: 200 } });

export const SerialNumber = Description.meta({ wire: { type: 'string', maxLength: 256 } });

/** 400 COM10002: the request names by id what does not exist. */
function unknownId(field: string, id: number, fault: Text): Refusal {
  return new Refusal(400, 'COM10002', say('request.fault', { field, fault }), {
    target: field,
    subErrors: [{ field, rejectedValue: id, message: fault }],
  });
}

export async function idcById(store: Store, id: number): Promise<Idc> {
  const idc = await store.places.idcs.find(id);
  if (idc === undefined) throw unknownId('idcId', id, say('names.noIdc'));
  return idc;
}

export async function refuseUnknownType(store: Store, id: number | undefined): Promise<void> {
  if (id !== undefined && (await store.places.hostTypes.find(id)) === undefined)
    throw unknownId('typeId', id, say('names.noHostType'));
}

/** The credential of this id. Throws Refusal 404 CRD08001. */
export async function credentialById(store: Store, id: number) {
  const credential = await store.credentials.findById(id);
  if (credential !== undefined) return credential;
  throw new Refusal(404, 'CRD08001', say('credential.unknown', { id }), { target: `credential:${id}` });
}

/** A credential that logs in to hosts. Throws Refusal 404 CRD08001, 400 for one of databases. */
export async function hostCredential(store: Store, id: number): Promise<Credential> {
  const credential = await credentialById(store, id);
  if (credential.kind !== 'DATABASE') return credential;
  throw fieldRefusal(
    'credentialId',
    id,
    say('must.credentialOfKind', { kinds: 'SSH_KEY or SSH_PASSWORD', kind: credential.kind }),
  );
}

/** Refuses ports that are published by what is no container. */
export function refusePortsOfMachines(
  kind: HostRow['kind'],
  publishPorts: readonly string[] | null | undefined,
): void {
  if (kind === 'DEDICATED_CONTAINER' || publishPorts == null || publishPorts.length === 0) return;
  throw fieldRefusal('publishPorts', publishPorts.join(','), say('is.forContainers'));
}
