/** Statuses and kinds of objects as OCP documents them; UNAVAILABLE of a cluster is ours: nobody of it answers by SQL. */

export const OBPROXY_STATUSES = [
  'CREATING',
  'TAKINGOVER',
  'RUNNING',
  'UNAVAILABLE',
  'STARTING',
  'STOPPING',
  'STOPPED',
  'RESTARTING',
  'UPGRADING',
  'REFRESHING',
  'DELETING',
  'MOVINGOUT',
] as const;
export type ObproxyStatus = (typeof OBPROXY_STATUSES)[number];

export const OB_CLUSTER_STATUSES = [
  'CREATING',
  'TAKINGOVER',
  'RUNNING',
  'UNAVAILABLE',
  'STARTING',
  'STOPPING',
  'STOPPED',
  'RESTARTING',
  'OPERATING',
  'SWITCHOVER',
  'FAILOVER',
  'DELETING',
  'MOVINGOUT',
] as const;
export type ObClusterStatus = (typeof OB_CLUSTER_STATUSES)[number];

export const OB_ZONE_STATUSES = [
  'CREATING',
  'RUNNING',
  'STARTING',
  'STOPPING',
  'STOPPED',
  'RESTARTING',
  'OPERATING',
  'DELETING',
  'DELETED',
] as const;
export type ObZoneStatus = (typeof OB_ZONE_STATUSES)[number];

export const OB_SERVER_STATUSES = [
  'CREATING',
  'RUNNING',
  'UNAVAILABLE',
  'STARTING',
  'STOPPING',
  'STOPPED',
  'RESTARTING',
  'OPERATING',
  'DELETING',
  'DELETED',
] as const;
export type ObServerStatus = (typeof OB_SERVER_STATUSES)[number];

/** What a host is, as OCP documents it. */
export const HOST_KINDS = ['DEDICATED_PHYSICAL_MACHINE', 'DEDICATED_CONTAINER', 'DEDICATED_ECS'] as const;
export type HostKind = (typeof HOST_KINDS)[number];
