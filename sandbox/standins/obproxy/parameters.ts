/**
 * The parameters this stand-in knows, with defaults, ranges and restart flags as seen on OBProxy 4.3.1.0 by
 * `show proxyconfig` (the real one has 306).
 */
import { traits } from './identity';

export type ParameterKind = 'int' | 'bool' | 'capacity' | 'time' | 'text' | 'password';

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
  readonly initial: string;
  /** As shown in column `range`: `[1,4]` closed, `(1024,65536)` open, empty for none. */
  readonly range: string;
  /** A change is stored and shown at once, but this process goes on with the old value. */
  readonly needReboot: boolean;
  readonly visibleLevel: 'USER' | 'SYS' | 'VIP' | 'MEMORY';
  readonly info: string;
}

/** Nobody knows a password with this hash: the real built-in one is as good as unknown, too. */
const UNKNOWN_PASSWORD = '0b5e55ed0b5e55ed0b5e55ed0b5e55ed0b5e55ed';

type Row = readonly [
  name: string,
  kind: ParameterKind,
  initial: string,
  range: string,
  level: Parameter['visibleLevel'],
  info: string,
];

const NEED_REBOOT: readonly Row[] = [
  ['app_name', 'text', 'undefined', '', 'SYS', 'application name of this proxy'],
  ['automatic_match_work_thread', 'bool', 'True', '', 'USER', 'derive the work threads from the processors'],
  ['block_thread_num', 'int', '1', '[1,4]', 'SYS', 'threads for blocking work'],
  ['enable_cpu_topology', 'bool', 'False', '', 'SYS', 'bind threads to processors'],
  ['enable_metadb_used', 'bool', 'True', '', 'SYS', 'use the meta database'],
  ['enable_obproxy_rpc_service', 'bool', 'True', '', 'SYS', 'serve rpc'],
  ['enable_sharding', 'bool', 'False', '', 'SYS', 'sharding mode'],
  ['enable_strict_kernel_release', 'bool', 'False', '', 'SYS', 'check the release of the kernel'],
  ['frequent_accept', 'bool', 'True', '', 'SYS', 'accept eagerly'],
  ['grpc_client_num', 'int', '9', '[9,16]', 'SYS', 'grpc clients'],
  ['grpc_thread_num', 'int', '8', '[8,16]', 'SYS', 'grpc threads'],
  ['ip_listen_mode', 'int', '1', '[1,3]', 'SYS', '1 IPv4, 2 IPv6, 3 both'],
  ['listen_port', 'int', '6688', '(1024,65536)', 'SYS', 'port for SQL'],
  ['local_bound_ip', 'text', '0.0.0.0', '', 'SYS', 'address to listen on'],
  ['local_bound_ipv6_ip', 'text', '::', '', 'SYS', 'IPv6 address to listen on'],
  ['net_accept_threads', 'int', '2', '[0,8]', 'SYS', 'accepting threads'],
  ['obproxy_config_server_url', 'text', '', '', 'SYS', 'address of the config server'],
  ['prometheus_cost_ms_unit', 'bool', 'False', '', 'SYS', 'milliseconds in metrics'],
  ['prometheus_listen_port', 'int', '2884', '(1024,65536)', 'SYS', 'port for metrics'],
  ['proxy_service_mode', 'text', 'client', '', 'SYS', 'client or server'],
  ['rootservice_cluster_name', 'text', 'undefined', '', 'SYS', 'cluster of rootservice_list'],
  ['rootservice_list', 'text', '', '', 'SYS', 'root servers, ip:sql_port;…'],
  ['rpc_listen_port', 'int', '2885', '(1024,65536)', 'SYS', 'port for rpc'],
  ['stack_size', 'capacity', '1MB', '[1MB,10MB]', 'SYS', 'stack of a thread'],
  ['task_thread_num', 'int', '2', '[1,4]', 'SYS', 'task threads'],
  ['work_thread_num', 'int', '128', '[1,128]', 'USER', 'work threads'],
];

const AT_ONCE: readonly Row[] = [
  ['client_max_connections', 'int', '8192', '[0,)', 'USER', 'connections of clients'],
  ['client_session_id_version', 'int', '1', '[1,2]', 'USER', 'form of session ids'],
  [
    'config_server_refresh_interval',
    'time',
    '60s',
    '[10s,1d]',
    'USER',
    'interval of asking the config server',
  ],
  ['delay_exit_time', 'time', '100ms', '[100ms,500ms]', 'USER', 'delay of an exit'],
  ['enable_auto_restart', 'bool', 'False', '', 'USER', 'restart when something goes wrong'],
  ['enable_client_ssl', 'bool', 'False', '', 'VIP', 'SSL towards clients'],
  ['enable_cluster_checkout', 'bool', 'True', '', 'USER', 'check the name of the cluster'],
  ['enable_compression_protocol', 'bool', 'True', '', 'USER', 'compress towards observers'],
  ['enable_ob_protocol_v2', 'bool', 'True', '', 'USER', 'OceanBase protocol 2.0'],
  ['enable_prometheus', 'bool', 'True', '', 'USER', 'serve metrics'],
  ['enable_proxy_scramble', 'bool', 'False', '', 'USER', 'random scramble at login'],
  ['enable_server_ssl', 'bool', 'False', '', 'VIP', 'SSL towards observers'],
  [
    'hot_upgrade_exit_timeout',
    'int',
    '30000000',
    '[-1,86400000000]',
    'USER',
    'microseconds to wait for sessions',
  ],
  ['hot_upgrade_rollback_timeout', 'time', '24h', '[1s,30d]', 'USER', 'wait for a hot restart'],
  ['ignore_local_config', 'bool', 'True', '', 'USER', 'ask the config server at every start'],
  ['init_sql', 'text', '', '', 'VIP', 'statements at the start of a session'],
  ['internal_cmd_mem_limited', 'capacity', '16MB', '[0MB,64MB]', 'USER', 'memory of internal commands'],
  ['log_dir_size_threshold', 'capacity', '64GB', '[256MB,1TB]', 'USER', 'size of the log folder'],
  ['log_file_percentage', 'int', '80', '[0,100]', 'USER', 'share of a disk for logs'],
  ['long_async_task_timeout', 'time', '60s', '[1s,1h]', 'USER', 'timeout of long tasks'],
  ['observer_query_timeout_delta', 'time', '20s', '[1s,30s]', 'USER', 'added to query timeouts'],
  [
    'observer_sys_password',
    'password',
    '0c0ffee00c0ffee00c0ffee00c0ffee00c0ffee0',
    '',
    'VIP',
    'password of proxyro',
  ],
  ['observer_sys_password1', 'password', '', '', 'VIP', 'second password of proxyro'],
  ['obproxy_read_consistency', 'int', '0', '[0,1]', 'VIP', 'weak read'],
  // One slot: of the passwords only proxyro's has a second (ob_proxy_config.h).
  ['obproxy_sys_password', 'password', UNKNOWN_PASSWORD, '', 'SYS', 'password of root@proxysys'],
  [
    'proxy_hot_upgrade_check_interval',
    'time',
    '5s',
    '[1s,1h]',
    'USER',
    'interval of looking at proxy_local_cmd',
  ],
  ['proxy_id', 'int', '0', '[0,8191]', 'USER', 'number of this proxy'],
  ['proxy_idc_name', 'text', '', '', 'VIP', 'idc of this proxy'],
  ['proxy_local_cmd', 'int', '0', '[0,4]', 'MEMORY', '1 exit, 2 hot restart, 3 offline, 4 online'],
  ['proxy_mem_limited', 'capacity', '2G', '[100MB,100G]', 'USER', 'memory limit'],
  ['prometheus_sync_interval', 'time', '1m', '[1s,1h]', 'USER', 'interval of renewing metrics'],
  ['query_digest_time_threshold', 'time', '100ms', '[0s,30d]', 'USER', 'slow query digest'],
  ['read_stale_retry_interval', 'time', '5s', '[0s,1d]', 'VIP', 'retry of stale reads'],
  ['refresh_config', 'bool', 'False', '', 'MEMORY', 'read the meta database again'],
  ['refresh_idc_list', 'bool', 'False', '', 'MEMORY', 'read the idc lists again'],
  ['refresh_json_config', 'bool', 'False', '', 'MEMORY', 'read the config server again at the next poll'],
  ['refresh_rslist', 'bool', 'False', '', 'MEMORY', 'read the rs lists again'],
  ['skip_proxy_sys_private_check', 'bool', 'False', '', 'USER', 'administrator from any address'],
  ['skip_proxyro_check', 'bool', 'False', '', 'SYS', 'let proxyro@sys log in through the proxy'],
  ['slow_transaction_time_threshold', 'time', '1s', '[0s,30d]', 'VIP', 'slow transactions'],
  ['sock_option_flag_out', 'int', '3', '[0,7]', 'USER', 'socket options'],
  ['syslog_level', 'text', 'INFO', '', 'USER', 'level of obproxy.log'],
  ['xflush_log_level', 'text', 'INFO', '', 'USER', 'level of obproxy_xflush.log'],
];

/** Kept in memory only: never stored, back to the default at every start. */
const MEMORY_ONLY: ReadonlySet<string> = new Set(
  AT_ONCE.filter(([, , , , level]) => level === 'MEMORY').map(([name]) => name),
);

export function isMemoryOnly(name: string): boolean {
  return MEMORY_ONLY.has(name);
}

/** The catalogue of the given version, by name, in alphabetical order as `show proxyconfig` lists it. */
export function parametersOf(version: string): ReadonlyMap<string, Parameter> {
  const has = traits(version);
  const all = [
    ...NEED_REBOOT.map((row) => parameter(row, true)),
    ...AT_ONCE.map((row) => parameter(row, false)),
  ].filter((one) => has.hasRpcPort || !one.name.includes('rpc'));
  const sorted = all
    .map((one) => {
      if (one.name === 'skip_proxy_sys_private_check' && has.skipsPrivateCheck)
        return { ...one, initial: 'True' };
      if (one.name === 'proxy_local_cmd' && !has.goesOffline) return { ...one, range: '[0,2]' };
      if (one.name === 'obproxy_sys_password' && !has.hasUnknownDefaultPassword)
        return { ...one, initial: '' };
      return one;
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(sorted.map((one) => [one.name, one]));
}

function parameter([name, kind, initial, range, visibleLevel, info]: Row, needReboot: boolean): Parameter {
  return { name, kind, initial, range, needReboot, visibleLevel, info };
}
