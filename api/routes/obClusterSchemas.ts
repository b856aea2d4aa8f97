import { z } from 'zod';
import { OB_CLUSTER_STATUSES, OB_SERVER_STATUSES, OB_ZONE_STATUSES } from '../../store/statuses';
import { listOf, Time, Whole } from '../http/answers';
import { Observed } from './observed';

/** Server as documented; withRootserver is spelt as in the samples. */
export const ObServerDocument = z
  .object({
    id: Whole,
    clusterId: Whole,
    ip: z.string(),
    port: Whole.describe('RPC port.'),
    sqlPort: Whole,
    zoneName: z.string(),
    regionName: z.string().exactOptional(),
    idcName: z.string().exactOptional(),
    hostId: Whole.exactOptional().describe('Absent when its machine is no host of the inventory.'),
    status: z.enum(OB_SERVER_STATUSES),
    innerStatus: z.string().exactOptional().describe('ACTIVE, INACTIVE or DELETING as OceanBase says.'),
    version: z.string().exactOptional(),
    withRootserver: z.boolean(),
    startTime: Time.exactOptional(),
    stopTime: Time.describe('1970-01-01 when it was not stopped.'),
    updateTime: Time,
    observed: Observed.exactOptional(),
    availableOperations: z.array(z.never()),
  })
  .meta({ id: 'ObServer' });
export type ObServerDocument = Readonly<z.output<typeof ObServerDocument>>;

const RootServer = z
  .object({
    address: z.string().describe('ip:rpcPort'),
    role: z.enum(['LEADER', 'FOLLOWER']),
    sql_port: Whole,
  })
  .meta({ id: 'RootServer' });

export const ObZoneDocument = z
  .object({
    name: z.string(),
    idcId: Whole.exactOptional(),
    idcName: z.string(),
    regionName: z.string(),
    clusterId: Whole,
    obClusterId: Whole,
    serverCount: Whole,
    hostCount: Whole,
    servers: listOf(ObServerDocument),
    status: z.enum(OB_ZONE_STATUSES),
    innerStatus: z.string().describe('ACTIVE or INACTIVE as OceanBase says.'),
    operateStatus: z.enum(['OPERATING', 'NORMAL']),
    compactionStatus: z.string().exactOptional().describe('IDLE, COMPACTING, … as OceanBase says.'),
    rootServer: RootServer.exactOptional(),
    createTime: Time,
    updateTime: Time,
  })
  .meta({ id: 'ObZone' });
export type ObZoneDocument = Readonly<z.output<typeof ObZoneDocument>>;

/** ObCluster as documented; `sql_port` is the documents' own spelling. */
export const ObClusterDocument = z
  .object({
    id: Whole,
    name: z.string(),
    obClusterId: Whole,
    obVersion: z.string(),
    status: z.enum(OB_CLUSTER_STATUSES),
    type: z.enum(['PRIMARY', 'STANDBY']),
    regionCount: Whole,
    serverCount: Whole,
    tenantCount: Whole.exactOptional().describe('Tenants that users have made.'),
    rootServers: listOf(RootServer),
    zones: listOf(ObZoneDocument),
    standbyClusters: z.array(z.never()),
    createTime: Time,
    updateTime: Time,
    failToQueryFromObReason: z.string().exactOptional().describe('Why what is shown is from the last look.'),
  })
  .meta({ id: 'ObCluster' });
export type ObClusterDocument = Readonly<z.output<typeof ObClusterDocument>>;
