/** What an observer that does not run yet could hold at most: by the parameters of its first start, and by its host. Pure. */
import { capacityBytes } from './clusterParameters';
import type { ParameterValue } from './parameters';
import type { Resources } from './units';

/** Cores, and bytes of memory and of what is free on the log disk. */
export interface HostSize {
  readonly cpus: number;
  readonly memory: number;
  readonly logDisk: number;
}

/** What its cluster says that counts for every server. */
export interface ClusterLimits {
  /** resource_hard_limit, in percent. */
  readonly hardLimit: number;
  /** memory_limit_percentage. */
  readonly memoryPercentage: number;
  /** memory_limit of its servers, in bytes; 0 where the percentage says it. */
  readonly memoryLimits: readonly number[];
}

/** `memory_limit_percentage` and `resource_hard_limit` as OceanBase has them when nobody has set them. */
export const DEFAULT_LIMITS: ClusterLimits = { hardLimit: 100, memoryPercentage: 80, memoryLimits: [] };

function value(parameters: readonly ParameterValue[], name: string): string {
  return parameters.find((one) => one.name.toLowerCase() === name)?.value.trim() ?? '';
}

/** 0 for a parameter that is not given, or left to OceanBase. */
function bytes(parameters: readonly ParameterValue[], name: string): number {
  return capacityBytes(value(parameters, name)) ?? 0;
}

/**
 * An upper bound: OceanBase takes a part of it for itself, so what does not fit in here is refused for sure. Infinity for what
 * neither the parameters nor the host tell.
 *
 * @param host undefined when it could not be looked at
 */
export function newServerRoom(
  parameters: readonly ParameterValue[],
  host: HostSize | undefined,
  { hardLimit, memoryPercentage, memoryLimits }: ClusterLimits = DEFAULT_LIMITS,
): Resources {
  const cores = Number(value(parameters, 'cpu_count')) || (host?.cpus ?? Infinity);
  const percentage = Number(value(parameters, 'memory_limit_percentage')) || memoryPercentage;
  // Whether the cluster's servers have their limit from a start or from ALTER SYSTEM, which the new one follows, nobody tells.
  const byHost =
    host === undefined
      ? Infinity
      : Math.min(host.memory, Math.max((host.memory * percentage) / 100, ...memoryLimits));
  const memory = bytes(parameters, 'memory_limit') || byHost;
  return {
    cpu: cores * Math.max(1, hardLimit / 100),
    memory: memory - bytes(parameters, 'system_memory'),
    logDisk: bytes(parameters, 'log_disk_size') || (host?.logDisk ?? Infinity),
  };
}
