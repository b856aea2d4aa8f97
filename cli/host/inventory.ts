/** Hosts, credentials and IDCs as the API lists them, found by id or by the names that people use. */
import { z } from 'zod';
import { parsed } from '../access/run';
import type { ApiClient } from '../apiClient';
import { every, meant } from '../meant';

const hostSchema = z.object({
  id: z.number(),
  name: z.string().nullable(),
  alias: z.string().nullable(),
  description: z.string().nullable(),
  innerIpAddress: z.string(),
  sshPort: z.number(),
  kind: z.string(),
  status: z.string(),
  architecture: z.string().nullable(),
  operatingSystem: z.string().nullable(),
  operatingSystemRelease: z.string().nullable(),
  serialNumber: z.string().nullable(),
  idcId: z.number(),
  idcName: z.string(),
  regionName: z.string(),
  typeName: z.string().optional(),
  credentialId: z.number(),
  services: z.array(z.object({ name: z.string(), type: z.string(), version: z.string() })),
  createTime: z.string(),
});
export type HostDocument = z.output<typeof hostSchema>;

const credentialSchema = z.object({
  id: z.number(),
  name: z.string(),
  targetType: z.string(),
  description: z.string().nullable(),
  sshCredentialProperty: z
    .object({ type: z.string(), username: z.string(), hostIdList: z.array(z.number()) })
    .optional(),
  obJdbcCredentialProperty: z.object({ username: z.string() }).optional(),
});
export type CredentialDocument = z.output<typeof credentialSchema>;

const placeSchema = z.object({ id: z.number(), name: z.string() });
const idcSchema = placeSchema.extend({ regionName: z.string() });

const COMPUTE = '/api/v2/compute';
export const HOSTS = `${COMPUTE}/hosts`;
export const CREDENTIALS = '/api/v2/profiles/me/credentials';

export function allHosts(api: ApiClient, query = ''): Promise<HostDocument[]> {
  return every(api, HOSTS, hostSchema, query);
}

export function allCredentials(api: ApiClient, query = ''): Promise<CredentialDocument[]> {
  return every(api, CREDENTIALS, credentialSchema, query);
}

/** Hosts by id, address, name or alias. Throws Error for one that is not there, or ambiguous. */
export async function hostsCalled(api: ApiClient, words: readonly string[]): Promise<HostDocument[]> {
  const all = await allHosts(api);
  return words.map((word) =>
    meant(all, word, {
      kind: 'host',
      list: 'obflow host ls',
      names: ({ innerIpAddress, name, alias }) => [innerIpAddress, name, alias],
    }),
  );
}

/** A credential by id or name. */
export async function credentialCalled(api: ApiClient, word: string): Promise<CredentialDocument> {
  return meant(await allCredentials(api), word, {
    kind: 'credential',
    list: 'obflow credential ls',
    names: ({ name }) => [name],
  });
}

/** An IDC by id or name, of this region when one is given. */
export async function idcCalled(
  api: ApiClient,
  word: string,
  region?: string,
): Promise<{ readonly id: number }> {
  const all = await every(api, `${COMPUTE}/idcs`, idcSchema);
  return meant(
    all.filter(({ regionName }) => region === undefined || regionName === region),
    word,
    { kind: 'IDC', list: 'GET /api/v2/compute/idcs', names: ({ name }) => [name] },
  );
}

/** A host type by id or name. */
export async function hostTypeCalled(api: ApiClient, word: string): Promise<{ readonly id: number }> {
  return meant(await every(api, `${COMPUTE}/hostTypes`, placeSchema), word, {
    kind: 'host type',
    list: 'GET /api/v2/compute/hostTypes',
    names: ({ name }) => [name],
  });
}

const validationSchema = z.object({
  details: z.array(
    z.object({
      hostId: z.number(),
      target: z.string(),
      connectionResult: z.string(),
      message: z.string(),
      findings: z.array(z.object({ level: z.string(), message: z.string() })),
    }),
  ),
});
export type HostTry = z.output<typeof validationSchema>['details'][number];

/** Tries a credential on hosts; without ids on those that use it. */
export async function validated(
  api: ApiClient,
  credentialId: number,
  hostIdList?: readonly number[],
): Promise<HostTry[]> {
  const body = hostIdList === undefined ? {} : { hostIdList };
  const answer = await api.call('POST', `${CREDENTIALS}/${credentialId}/validate`, { body });
  return parsed(validationSchema, answer).details;
}
