import { z } from 'zod';
import { fault } from '../runtime/messages/catalogue';
import { checkLinksOnce, MOST_LINKS, ObLink } from './obLinks';
import {
  AccessAddress,
  AccessPort,
  HostIds,
  ObproxyClusterName,
  ObproxyParameters,
  PackageFileName,
  ProxysysPassword,
  refuseEqualPorts,
  ServicePort,
} from './schemas';

const InstallPath = z
  .string()
  .max(255)
  .regex(/^\/[A-Za-z0-9_./-]+$/, fault('must.absolutePath'))
  .describe("Only the package's own directory: its RPM is not relocatable.");

const InstallParam = z.object({
  hostIds: HostIds.default([]).describe('Hosts where an OBProxy is installed; empty: none yet.'),
  sqlPort: ServicePort.optional(),
  exporterPort: ServicePort.optional(),
  exportPort: ServicePort.optional().describe('The same as exporterPort, as the documented table spells it.'),
  rpcPort: ServicePort.optional().describe('OBProxy 4.3.0 and later.'),
  version: PackageFileName.optional().describe('File name of an uploaded package.'),
  installPath: InstallPath.optional(),
});

/** What every host of the request gets; all of it is given when there are hosts. */
export interface ObproxyInstall {
  readonly hostIds: readonly number[];
  readonly sqlPort: number;
  readonly exporterPort: number;
  readonly rpcPort: number | undefined;
  readonly version: string;
}

const Fields = z.object({
  name: ObproxyClusterName,
  address: AccessAddress.optional(),
  port: AccessPort.optional(),
  workMode: z
    .enum(['CONFIG_URL', 'RS_LIST'], fault('must.oneOf', { values: 'CONFIG_URL, RS_LIST' }))
    .default('CONFIG_URL'),
  obproxyInstallParam: InstallParam.default({ hostIds: [] }),
  obLinks: z.array(ObLink).max(MOST_LINKS).default([]),
  startupParameters: ObproxyParameters.default([]),
  parameters: ObproxyParameters.default([]),
  password: ProxysysPassword.optional().describe('Password of root@proxysys; a random one when absent.'),
  installPath: InstallPath.optional(),
  runUser: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]{0,31}$/, fault('must.linuxUser'))
    .default('admin'),
  clientToken: z
    .string()
    .min(8, fault('must.characters', { min: 8, max: 64 }))
    .max(64, fault('must.characters', { min: 8, max: 64 }))
    .optional(),
});

/** The body of "Create an OBProxy cluster"; `install` is there when it names hosts. */
export const CreateObproxyClusterBody = Fields.transform((fields, context) => {
  checkLinks(fields.workMode, fields.obLinks, context);
  const { obproxyInstallParam, installPath, ...cluster } = fields;
  const install = installOf(obproxyInstallParam, context);
  return { ...cluster, install, installPath: obproxyInstallParam.installPath ?? installPath };
});
export type CreateObproxyClusterBody = z.output<typeof CreateObproxyClusterBody>;

function checkLinks(workMode: string, links: readonly ObLink[], context: z.RefinementCtx): void {
  if (workMode === 'RS_LIST' && links.length !== 1) {
    context.addIssue({
      code: 'custom',
      path: ['obLinks'],
      message: fault('must.oneCluster', { count: links.length }),
    });
  }
  checkLinksOnce(links, context, ['obLinks']);
}

function installOf(
  param: z.output<typeof InstallParam>,
  context: z.RefinementCtx,
): ObproxyInstall | undefined {
  const { hostIds, sqlPort, rpcPort, version } = param;
  const exporterPort = param.exporterPort ?? param.exportPort;
  const at = (field: string) => ['obproxyInstallParam', field];
  refuseEqualPorts(
    [
      { field: at('sqlPort'), port: sqlPort },
      { field: at('exporterPort'), port: exporterPort },
      { field: at('rpcPort'), port: rpcPort },
    ],
    context,
  );
  if (hostIds.length === 0) return undefined;
  if (sqlPort !== undefined && exporterPort !== undefined && version !== undefined) {
    return { hostIds, sqlPort, exporterPort, rpcPort, version };
  }
  for (const [field, value] of Object.entries({ sqlPort, exporterPort, version })) {
    if (value === undefined) {
      context.addIssue({ code: 'custom', path: at(field), message: fault('is.requiredWithHostIds') });
    }
  }
  return undefined;
}
