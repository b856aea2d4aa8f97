/**
 * OBProxy parameters: which names and values may be sent at all, which need a restart, and when two values are the
 * same. Sources: OBProxy 4.3.1 (observed), ob_proxy_config.h.
 */
import { say } from '../runtime/messages/catalogue';
import type { Text } from '../workflows/text';

export interface ParameterValue {
  readonly name: string;
  readonly value: string;
}

/** Longest value that ALTER PROXYCONFIG takes, in bytes; longer ones answer 8007 and go by the proxy_config table. */
export const ALTER_VALUE_BYTES = 511;
/** Longest value of the proxy_config table (varchar(4100)), in bytes, with a margin. */
const TABLE_VALUE_BYTES = 4096;

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Items that a running process keeps as they were at its start, although ALTER answers OK (OBProxy 4.3.1). */
const NEED_REBOOT: ReadonlySet<string> = new Set([
  'app_name',
  'automatic_match_work_thread',
  'block_thread_num',
  'bt_retry_times',
  'enable_cpu_isolate',
  'enable_cpu_topology',
  'enable_global_ps_cache',
  'enable_metadb_used',
  'enable_obproxy_rpc_service',
  'enable_sharding',
  'enable_strict_kernel_release',
  'frequent_accept',
  'grpc_client_num',
  'grpc_thread_num',
  'ip_listen_mode',
  'listen_port',
  'local_bound_ip',
  'local_bound_ipv6_ip',
  'net_accept_threads',
  'obproxy_config_server_url',
  'prometheus_cost_ms_unit',
  'prometheus_listen_port',
  'proxy_service_mode',
  'rootservice_cluster_name',
  'rootservice_list',
  'rpc_async_pull_batch_max_size',
  'rpc_listen_port',
  'rpc_sub_req_max_retries',
  'shard_scan_thread_num',
  'stack_size',
  'task_thread_num',
  'work_thread_num',
]);

/** Items that have their own place in the request or the inventory, with that place. */
const OWNED: ReadonlyMap<string, string> = new Map([
  ['listen_port', 'sqlPort'],
  ['prometheus_listen_port', 'exporterPort'],
  ['rpc_listen_port', 'rpcPort'],
  ['app_name', 'name'],
  ['obproxy_config_server_url', 'workMode CONFIG_URL'],
  ['rootservice_list', 'workMode RS_LIST and obLinks'],
  ['rootservice_cluster_name', 'workMode RS_LIST and obLinks'],
  ['obproxy_sys_password', 'password'],
  ['observer_sys_password', 'the credential of the linked OceanBase cluster'],
  ['observer_sys_password1', 'the credential of the linked OceanBase cluster'],
  ['proxy_local_cmd', 'the operations that stop and restart a proxy'],
]);

/** Whether a change of this item waits for a restart. Unknown items count as applied at once: the proxy tells. */
export function needsReboot(name: string): boolean {
  return NEED_REBOOT.has(name.toLowerCase());
}

/** Whether the item holds a password: shown and stored as SHA-1, never in a log or a task's context. */
export function isSecretParameter(name: string): boolean {
  return /password|secret|private_key/i.test(name);
}

/**
 * Why this value cannot be sent to an OBProxy, or undefined. OBProxy's scanner knows no escapes: a backslash cuts
 * the value short and still answers OK, doubled quotes fail, so both are refused, as is what could end a statement.
 */
export function valueFault(value: string): Text | undefined {
  if (/['"`]/.test(value)) return say('must.notHoldQuotes');
  if (value.includes('\\')) return say('must.notHoldBackslash');
  if (CONTROL.test(value)) return say('must.notHoldLineBreaks');
  if (value.includes(';')) return say('must.notHoldSemicolon');
  if (Buffer.byteLength(value) > TABLE_VALUE_BYTES)
    return say('must.bytesAtMost', { limit: TABLE_VALUE_BYTES });
  return undefined;
}

/** Why this name cannot be a parameter of a request, or undefined. */
export function nameFault(name: string): Text | undefined {
  if (!NAME.test(name)) return say('must.parameterName');
  const owner = OWNED.get(name.toLowerCase());
  return owner === undefined ? undefined : say('is.owned', { owner });
}

/** The name when it is safe to stand in a statement; throws RangeError otherwise (a caller's mistake). */
export function parameterName(name: string): string {
  if (!NAME.test(name)) throw new RangeError('not the name of an OBProxy parameter');
  return name;
}

/** The value between single quotes when it is safe to stand there; throws RangeError otherwise. */
export function quotedValue(value: string): string {
  if (/['"`\\]/.test(value) || CONTROL.test(value)) {
    throw new RangeError('this value cannot be sent to an OBProxy');
  }
  return `'${value}'`;
}

const TRUE = new Set(['true', 't', '1', 'on', 'yes', 'y']);
const FALSE = new Set(['false', 'f', '0', 'off', 'no', 'n']);

/** What a boolean item makes of a text, as OBProxy and OceanBase read them; undefined when it is none. */
export function booleanOf(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (TRUE.has(word)) return true;
  return FALSE.has(word) ? false : undefined;
}

/** Whether a value read back is the wished one: booleans are shown as True/False whatever was written. */
export function sameValue(shown: string, wished: string): boolean {
  if (shown === wished) return true;
  return /^\s*(true|false)\s*$/i.test(shown) && booleanOf(shown) === booleanOf(wished);
}

/** Startup and plain parameters of a cluster as one list; a plain one wins over a startup one of the same name. */
export function mergeParameters(...lists: readonly (readonly ParameterValue[])[]): ParameterValue[] {
  const merged = new Map<string, ParameterValue>();
  for (const parameter of lists.flat()) merged.set(parameter.name, parameter);
  return [...merged.values()];
}
