/**
 * Parameters that the stand-in knows. Names, types, defaults, words and ranges as SHOW PARAMETERS prints them on OceanBase's
 * engine 4.3.5.3 (observed), where that has them; else as OCP's documentation of V4.2.2 lists them. A real server has some 600.
 */
export interface ParameterSeed {
  readonly name: string;
  readonly type: 'BOOL' | 'INT' | 'DOUBLE' | 'CAPACITY' | 'TIME' | 'MOMENT' | 'STRING' | 'STR_LIST';
  readonly value: string;
  readonly info: string;
  readonly scope: 'CLUSTER' | 'TENANT';
  readonly section: string;
  readonly editLevel: 'DYNAMIC_EFFECTIVE' | 'STATIC_EFFECTIVE' | 'READONLY';
}

type More = Partial<Pick<ParameterSeed, 'scope' | 'section' | 'editLevel'>>;

function seed(
  name: string,
  type: ParameterSeed['type'],
  value: string,
  info: string,
  more: More = {},
): ParameterSeed {
  return {
    name,
    type,
    value,
    info,
    scope: 'CLUSTER',
    section: 'OBSERVER',
    editLevel: 'DYNAMIC_EFFECTIVE',
    ...more,
  };
}

const READONLY = { editLevel: 'READONLY' } as const;
const STATIC = { editLevel: 'STATIC_EFFECTIVE' } as const;
const TENANT = { scope: 'TENANT', section: 'TENANT' } as const;

/** Items with a value of the cluster's or server's own get it in parameters.ts. */
export const PARAMETER_SEEDS: readonly ParameterSeed[] = [
  seed('cluster', 'STRING', '', 'Name of the cluster'),
  seed('cluster_id', 'INT', '0', 'ID of the cluster'),
  seed('min_observer_version', 'STRING', '', 'the min observer version'),
  seed(
    'rootservice_list',
    'STR_LIST',
    '',
    'a list of servers against which election candidate is checked for validation',
  ),
  seed('obconfig_url', 'STRING', '', 'URL for OBConfig service'),
  seed('zone', 'STRING', '', 'specifies the zone name', READONLY),
  seed('devname', 'STRING', 'bond0', 'name of network adapter', READONLY),
  seed('data_dir', 'STRING', 'store', 'the directory for the data file', READONLY),
  // Not READONLY to OceanBase (engine 4.3.5.3, observed): a change would take the server off the network at its next start.
  seed('rpc_port', 'INT', '2882', 'the port number for RPC protocol. Range: (1024, 65536) in integer'),
  seed('mysql_port', 'INT', '2881', 'port number for mysql connection. Range: (1024, 65536) in integer'),
  seed(
    'server_permanent_offline_time',
    'TIME',
    '3600s',
    "the time interval between any two heartbeats beyond which a server is considered to be 'permanently' offline. Range: [20s,+∞)",
  ),
  seed(
    'cpu_count',
    'INT',
    '0',
    "the number of CPU's in the system. If this parameter is set to zero, the number will be set according to sysconf; otherwise, this parameter is used. Range: [0,+∞) in integer",
  ),
  seed(
    'memory_limit',
    'CAPACITY',
    '0M',
    'the size of the memory reserved for internal use(for testing purpose), 0 means follow memory_limit_percentage. Range: 0, [1G,).',
  ),
  seed('datafile_next', 'CAPACITY', '0', 'the auto extend step. Range: [0M, +∞)'),
  seed('backup_data_file_size', 'CAPACITY', '4G', 'backup data file size. Range: [512M, 4G] in integer'),
  seed('stack_size', 'CAPACITY', '512K', 'the size of routine execution stackRange: [512K, 20M]', STATIC),
  seed(
    'enable_rebalance',
    'BOOL',
    'True',
    'specifies whether the partition load-balancing is turned on or off. Value:  True:turned on;  False: turned off',
  ),
  seed(
    'syslog_level',
    'STRING',
    'WDIAG',
    'specifies the current level of logging. There are DEBUG, TRACE, WDIAG, EDIAG, INFO, WARN, ERROR, seven different log levels.',
  ),
  seed(
    'major_freeze_duty_time',
    'MOMENT',
    '02:00',
    'the start time of system daily merge procedure. Range: [00:00, 24:00)',
  ),
  seed(
    'location_cache_cpu_quota',
    'DOUBLE',
    '5',
    'the number of vCPUs allocated for the requests regarding location info of the core tables. Range: [0,10] in integer',
  ),
  seed(
    'freeze_trigger_percentage',
    'INT',
    '20',
    'the threshold of the size of the mem store when freeze will be triggered. Range: [1, 99]',
    TENANT,
  ),
  seed(
    'undo_retention',
    'INT',
    '1800',
    'the low threshold value of undo retention. Range: [0, 4294967295]',
    TENANT,
  ),
  seed(
    'writing_throttling_trigger_percentage',
    'INT',
    '60',
    'the threshold of the size of the mem store when writing_limit will be triggered. Range: (0, 100]',
    TENANT,
  ),
  seed(
    'balancer_emergency_percentage',
    'INT',
    '80',
    'Unit load balance is disabled while zone is merging. Range: [1, 100] in percentage',
  ),
  seed('_enable_oracle_priv_check', 'BOOL', 'False', 'whether turn on oracle privilege check'),

  // Of OCP's samples of the parameter list.
  seed('ilog_index_expire_time', 'TIME', '7d', 'specifies the expiration time of the ilog index.'),
  seed(
    'tcp_keepcnt',
    'INT',
    '10',
    'The maximum number of retries before terminating an inactive connection. Range: [1,+∞) in integer',
  ),
  seed('tcp_keepintvl', 'TIME', '6s', 'The interval between two probes. Range: [1s,+∞)'),
  seed(
    'tcp_keepidle',
    'TIME',
    '7200s',
    'The interval for sending keepalive probe packets when no data is sent on a connection. Range: [1s,+∞)',
  ),
  seed('enable_tcp_keepalive', 'BOOL', 'True', 'Indicates whether TCP keepalive was enabled.'),
  seed('ssl_external_kms_info', 'STRING', '', 'The Key Management Service (KMS) information for SSL.'),
  seed(
    'use_large_pages',
    'STRING',
    'false',
    'Indicates whether large memory pages were used. Valid values: true, false, and only. true indicates that the database always requests large memory pages when large memory pages are enabled for the operating system and idle large memory pages are available. Otherwise, the database requests common memory pages. false indicates that the database does not use large memory pages. only indicates that the database always allocates large memory pages.',
    STATIC,
  ),
  seed(
    'auto_delete_expired_backup',
    'BOOL',
    'False',
    'Indicates whether expired backup data was automatically deleted.',
  ),
  seed('backup_region', 'STRING', '', 'The target region for backup.'),
  seed('backup_recovery_window', 'TIME', '0', 'The size of the recovery window. Range: [0,+∞)'),
  seed(
    'log_archive_batch_buffer_limit',
    'CAPACITY',
    '1G',
    'The size of the log archiving cache. Range: [4M,+∞)',
  ),
  seed(
    'log_archive_checkpoint_interval',
    'TIME',
    '120s',
    'The interval for generating log archive checkpoints for cold partitions during physical backup of a single OBServer. Range: [5s,1h]',
  ),
  seed('log_archive_concurrency', 'INT', '0', 'The number of concurrent log archiving tasks. Range: [0,)'),
  seed('log_restore_concurrency', 'INT', '10', 'The number of concurrent log recovery tasks. Range: [1,)'),
  seed('enable_log_archive', 'BOOL', 'False', 'Indicates whether log archiving was enabled.'),
  seed('backup_net_limit', 'CAPACITY', '0M', 'The total bandwidth for cluster backup. Range: [0M,)'),
  seed(
    'backup_concurrency',
    'INT',
    '0',
    'The number of concurrent OBServer baseline data backup tasks. Range: [0,100]',
  ),
  seed('backup_log_archive_option', 'STRING', 'OPTIONAL', 'The parameters of log backup.'),
  seed('backup_dest', 'STRING', '', 'The destination IP address for backup.'),

  // Of OCP's sample of the metadata.
  seed(
    'global_major_freeze_residual_memory',
    'INT',
    '40',
    'When the available memory is less than this threshold, a global freeze is triggered. Range: [1,99]',
  ),
  seed(
    'user_row_cache_priority',
    'INT',
    '1',
    'The priority of the baseline data row cache in the cache system. Range: [1,)',
  ),
  seed('rpc_timeout', 'TIME', '2s', 'The timeout period for internal requests of the cluster.'),
  seed(
    'rootservice_memory_limit',
    'CAPACITY',
    '2G',
    'The maximum memory available to Root Service. Range: [2G,)',
  ),
  seed(
    'dead_socket_detection_timeout',
    'TIME',
    '10s',
    'The timeout period for detecting invalid sockets. Range: [0s,2h]',
  ),
  seed('zone_merge_timeout', 'TIME', '3h', 'The timeout period for major compaction of a zone. Range: [1s,)'),
];
