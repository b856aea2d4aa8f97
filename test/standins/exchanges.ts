/**
 * OBProxy as a list of exchanges on the connection of root@proxysys, in this order, each observed on OBProxy 4.3.1.0.
 * The contract test holds the stand-in to it, and a real binary when OBFLOW_REAL_OBPROXY names one.
 */
export type Outcome =
  | { readonly ok: true }
  | { readonly error: number }
  /** The connection ends without an answer. */
  | { readonly dropped: true }
  /** Every row must hold what the row of the same place says; `columns` are compared whole when given. */
  | { readonly rows: readonly Readonly<Record<string, unknown>>[]; readonly columns?: readonly string[] }
  /** More than one row, whatever they say. */
  | { readonly many: true; readonly columns: readonly string[] };

export interface Exchange {
  readonly sql: string;
  readonly outcome: Outcome;
  readonly source: string;
  /** Why this one is interesting. */
  readonly why: string;
}

export const HOME = { appName: 'app1', cluster: 'obtest', rootServers: '127.0.0.1:1;127.0.0.2:1' };

const SHA1_OF_SECRET1 = '00cafd126182e8a9e7c01bb2f0dfd00496be724f';
const SHA1_OF_NOTHING = '';
const CONFIG_COLUMNS = ['name', 'value', 'info', 'need_reboot', 'visible_level', 'range', 'config_level'];

const SESSION_COLUMNS = [
  'proxy_sessid',
  'Id',
  'Cluster',
  'Tenant',
  'User',
  'Host',
  'db',
  'trans_count',
  'svr_session_count',
  'state',
  'tid',
  'pid',
  'using_ssl',
];

const observed = (sql: string, outcome: Outcome, why: string): Exchange => ({
  sql,
  outcome,
  why,
  source: 'observed on 4.3.1',
});
const shows = (name: string, value: unknown, more: Record<string, unknown> = {}): Outcome => ({
  rows: [{ name, value, ...more }],
});
const OK: Outcome = { ok: true };
const checked = (sql: string, why: string): Exchange => ({
  sql,
  outcome: { error: 4147 },
  why,
  source: 'ob_config_processor.cpp: a value that its item does not take is OB_INVALID_CONFIG',
});

export const EXCHANGES: readonly Exchange[] = [
  observed(
    "show proxyconfig like 'app_name'",
    { columns: CONFIG_COLUMNS, rows: [{ name: 'app_name', value: HOME.appName, need_reboot: 'true' }] },
    'seven columns; -n is the app_name',
  ),
  observed("show proxyconfig like 'rootservice_list'", shows('rootservice_list', HOME.rootServers), '-r'),
  observed(
    "show proxyconfig like 'rootservice_cluster_name'",
    shows('rootservice_cluster_name', HOME.cluster),
    '-c',
  ),
  observed("show proxyconfig like 'APP_NAME'", { rows: [] }, 'patterns are case-sensitive'),
  observed("show proxyconfig like 'no_such_item'", { rows: [] }, 'no match is no error'),
  observed(
    "show proxyconfig like 'skip_proxy_sys_private_check'",
    shows('skip_proxy_sys_private_check', 'False'),
    'booleans read back capitalised',
  ),
  observed(
    "show proxyconfig like 'enable_metadb_used'",
    shows('enable_metadb_used', 'False', { need_reboot: 'true' }),
    'given as false',
  ),
  observed(
    "show proxyconfig like 'syslog_level'",
    { columns: ['parent_mod', 'sub_mod', 'level', 'usage'], many: true },
    'four other columns, a row a module',
  ),
  observed("alter proxyconfig set proxy_mem_limited='1G'", OK, 'a size'),
  observed(
    "show proxyconfig like 'proxy_mem_limited'",
    shows('proxy_mem_limited', '1G', { need_reboot: 'false' }),
    'sizes keep their text',
  ),
  observed("alter proxyconfig set proxy_mem_limited='1X'", { error: 4147 }, 'a bad value'),
  observed(
    "show proxyconfig like 'proxy_mem_limited'",
    shows('proxy_mem_limited', '1G'),
    'the old value is kept',
  ),
  checked("alter proxyconfig set enable_cluster_checkout='maybe'", 'a word that is no boolean'),
  checked("alter proxyconfig set config_server_refresh_interval='9s'", 'a time below its range'),
  checked('alter proxyconfig set client_session_id_version=3', 'a number above its range'),
  observed('alter proxyconfig set enable_cluster_checkout=false', OK, 'a bare word'),
  observed(
    "show proxyconfig like 'enable_cluster_checkout'",
    shows('enable_cluster_checkout', 'False'),
    'normalised',
  ),
  observed("alter proxyconfig set no_such_item='1'", { error: 5099 }, 'unknown name'),
  observed("alter proxyconfig set app_name='other'", { error: 1235 }, 'app_name only at a start'),
  observed(`alter proxyconfig set proxy_idc_name='${'x'.repeat(100)}'`, OK, '100 bytes are fine'),
  observed(
    `alter proxyconfig set proxy_idc_name='${'x'.repeat(200)}'`,
    { error: 4147 },
    '200 are too many for this one',
  ),
  observed(
    `alter proxyconfig set proxy_idc_name='${'x'.repeat(512)}'`,
    { error: 8007 },
    '512 are too many for any',
  ),
  observed('alter proxyconfig set proxy_idc_name=', OK, 'nothing behind = empties'),
  observed("show proxyconfig like 'proxy_idc_name'", shows('proxy_idc_name', ''), 'emptied'),
  observed('alter proxyconfig set work_thread_num=64', OK, 'needs a restart, accepted'),
  observed(
    "show proxyconfig like 'work_thread_num'",
    shows('work_thread_num', '64', { need_reboot: 'true' }),
    'shown without any mark',
  ),
  observed("alter proxyconfig set observer_sys_password='secret1'", OK, 'plain text in'),
  observed(
    "show proxyconfig like 'observer_sys_password'",
    shows('observer_sys_password', SHA1_OF_SECRET1),
    'SHA-1 out',
  ),
  observed(
    String.raw`alter proxyconfig set observer_sys_password1='\p'`,
    OK,
    'a backslash cuts without an error',
  ),
  observed(
    "show proxyconfig like 'observer_sys_password1'",
    shows('observer_sys_password1', SHA1_OF_NOTHING),
    'the password became empty',
  ),
  observed(
    "replace into proxy_config(cluster_name,name,value,config_level) values('obtest','observer_sys_password','secret1','LEVEL_CLUSTER')",
    OK,
    'per cluster, hashed by the proxy',
  ),
  observed(
    "select cluster_name, name, value, config_level from proxy_config where config_level='LEVEL_CLUSTER'",
    {
      rows: [
        {
          cluster_name: 'obtest',
          name: 'observer_sys_password',
          value: SHA1_OF_SECRET1,
          config_level: 'LEVEL_CLUSTER',
        },
      ],
    },
    'stored as SHA-1',
  ),
  observed(
    "replace into proxy_config(name,value) values('proxy_idc_name','a')",
    { error: 4016 },
    'config_level is mandatory',
  ),
  observed(
    `replace into proxy_config(name,value,config_level) values('proxy_idc_name','${'y'.repeat(100)}','LEVEL_GLOBAL')`,
    OK,
    'the table instead of ALTER',
  ),
  observed(
    "show proxyconfig like 'proxy_idc_name'",
    shows('proxy_idc_name', 'y'.repeat(100)),
    'and effective',
  ),
  observed('show proxycluster', { error: 4018 }, 'always in RS_LIST mode'),
  observed('show proxycongestion', { rows: [] }, 'no rows before traffic'),
  observed('select 1', { error: 1235 }, 'no ordinary SQL'),
  observed(
    'select proxy_status()',
    { columns: ['proxy_status()'], rows: [{ 'proxy_status()': 'ACTIVE' }] },
    'the one select that works',
  ),
  observed(
    "show proxyconfig like 'proxy_local_cmd'",
    shows('proxy_local_cmd', '0', { range: '[0,4]' }),
    'the range tells whether 3 and 4 are known',
  ),
  observed('alter proxyconfig set proxy_local_cmd=5', { error: 4147 }, 'beyond the range'),
  observed(
    "show proxyconfig like 'hot_upgrade_rollback_timeout'",
    shows('hot_upgrade_rollback_timeout', '24h', { need_reboot: 'false' }),
    'a day without service when a new program hangs',
  ),
  observed(
    "show proxyconfig like 'hot_upgrade_exit_timeout'",
    shows('hot_upgrade_exit_timeout', '30000000', { range: '[-1,86400000000]' }),
    'microseconds',
  ),
  {
    sql: 'show proxyinfo upgrade',
    outcome: {
      columns: ['name', 'info'],
      rows: [
        {
          name: 'hot upgrade info',
          info: expect.stringMatching(/is_inherited:false\b.*\bstate:"?HU_STATE_WAIT_HU_CMD\b/s),
        },
      ],
    },
    source: 'observed on 4.3.1; the name from ob_show_info_handler.cpp',
    why: 'ready for a hot restart, and not the child of one',
  },
  {
    sql: 'show proxysession',
    outcome: {
      columns: SESSION_COLUMNS,
      rows: [{ Tenant: 'proxysys', User: 'root', Host: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }],
    },
    source: 'observed on 4.3.1; the contents from ob_show_session_handler.cpp',
    why: 'the session that asks is in it',
  },
  {
    sql: "show proxystat like 'client_connections_currently_open'",
    outcome: {
      columns: ['stat_name', 'value', 'persist_type'],
      rows: [{ stat_name: 'client_connections_currently_open', persist_type: 'NULL' }],
    },
    source: 'ob_show_stat_handler.cpp',
    why: 'a number of sessions without their users',
  },
  observed(
    'show proxyconfig; show proxyconfig',
    { columns: CONFIG_COLUMNS, many: true },
    'the one pair of statements that is answered',
  ),
  observed('show proxyconfig; show proxycluster', { error: 5010 }, 'one statement at a time'),
  observed('', { dropped: true }, 'an empty query ends the connection'),
];
