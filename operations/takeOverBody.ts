/** Fields of the requests that are about a cluster which is to be taken over. */
import { z } from 'zod';
import { fault } from '../runtime/messages/catalogue';
import { HostKindField, PublishPorts } from './hostFields';
import { AccessPort, HostIp, Id, QueryText } from './schemas';
import type { NewClusterLook } from './types';

const RunningPassword = z
  .string(fault('must.string'))
  .max(128, fault('must.charactersAtMost', { limit: 128 }))
  .refine((password) => !/\p{Cc}/u.test(password), fault('must.notHoldControls'));

/** How a cluster that the inventory does not have is asked. */
export const ENTRANCE = {
  connectionMode: z
    .enum(['direct', 'proxy'], fault('must.oneOf', { values: 'direct, proxy' }))
    .default('direct')
    .describe('proxy: address and port are those of an OBProxy; clusterName is needed then.'),
  address: HostIp.describe('Address of a server of the cluster, or of an OBProxy.'),
  port: AccessPort.describe('Its SQL port.'),
  clusterName: QueryText.min(1, fault('must.notBeEmpty'))
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, fault('must.nameUpTo', { limit: 128 }))
    .optional()
    .describe('What the cluster must call itself.'),
  obClusterId: Id.optional().describe('What the id of the cluster must be.'),
  rootSysPassword: RunningPassword.describe('Password of root@sys.'),
  proxyroPassword: RunningPassword.optional().describe(
    'Password of proxyro@sys. It is proven, never changed; a proxyro that is missing is made with it.',
  ),
  saveToCredential: z
    .literal(true, fault('must.keepCredential'))
    .default(true)
    .describe('obflow reaches a cluster by its stored credential only, so it cannot be false.'),
};

/** The name is part of the login through an OBProxy. */
export function refuseNamelessProxy(
  { connectionMode, clusterName }: { readonly connectionMode: string; readonly clusterName?: unknown },
  context: z.RefinementCtx,
): void {
  if (connectionMode !== 'proxy' || clusterName !== undefined) return;
  context.addIssue({
    code: 'custom',
    path: ['clusterName'],
    message: fault('must.nameProxied'),
    input: clusterName,
  });
}

/** Hosts of the cluster that the inventory does not have are added as these. */
export const HostInfo = z
  .object({
    kind: HostKindField.default('DEDICATED_PHYSICAL_MACHINE'),
    publishPorts: PublishPorts.optional(),
    hostTypeId: Id.optional().describe('Host type. OCP requires it.'),
    credentialId: Id.describe('Credential that logs in to them.'),
    sshPort: AccessPort.default(22),
  })
  .describe('For hosts of the cluster that are not in the inventory.');

export const PreCheckBody = z.object(ENTRANCE).superRefine(refuseNamelessProxy);

type Entrance = z.output<typeof PreCheckBody>;

/** What is looked at for such a request. */
export function newClusterLook(body: Entrance, hostInfo?: z.output<typeof HostInfo>): NewClusterLook {
  const { saveToCredential, ...entrance } = body;
  return {
    ...entrance,
    ...(hostInfo === undefined
      ? {}
      : { newHosts: { sshPort: hostInfo.sshPort, credentialId: hostInfo.credentialId } }),
  };
}
