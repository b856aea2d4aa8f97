/** What root@proxysys may say and what it hears (OBProxy 4.3.1, observed, unless another source is named). */
import type { Answer } from '../mysql/server';
import type { RootServer } from './configDocument';
import type { Counters } from './counters';
import type { Identity, Traits } from './identity';
import type { Log } from './log';
import type { Sessions } from './sessions';
import { ERRORS, passwordHash, Refused, type Settings } from './settings';
import {
  likePattern,
  parseAlterConfig,
  parseReplaceConfig,
  parseShowConfig,
  type ShowConfig,
  statementsOf,
} from './statements';
import type { Store } from './store';

export interface Cluster {
  readonly name: string;
  readonly rootServiceUrl: string;
}

export interface AdminParts {
  readonly identity: Identity;
  readonly has: Traits;
  readonly settings: Settings;
  readonly store: Store;
  readonly log: Log;
  readonly counters: Counters;
  /** Clusters of the config server, or undefined in RS_LIST mode. */
  clusters(): readonly Cluster[] | undefined;
  /** Version of the config server's document in use; empty in RS_LIST mode. */
  configVersion(): string;
  /** Root servers fetched so far for a cluster. */
  rootServersOf(cluster: string): readonly RootServer[];
  readonly sessions: Sessions;
  /** Connections of clients. */
  connections(): number;
  /** Of `select proxy_status()`. */
  status(): string;
  upgradeInfo(): string;
  /** Forgets what it knows of a cluster; false when it knows none of this name. */
  forgetCluster(name: string): boolean;
}

const CONFIG_COLUMNS = ['name', 'value', 'info', 'need_reboot', 'visible_level', 'range', 'config_level'];
const ALL_COLUMNS = ['vid', 'vip', 'vport', 'tenant_name', 'cluster_name', 'name', 'value', 'config_level'];
const PASSWORDS = new Set(['observer_sys_password', 'observer_sys_password1', 'obproxy_sys_password']);

/** Of the many that the real one lists. */
const LOG_MODULES = [
  ['ROOT', ''],
  ['PROXY', ''],
  ['PROXY', 'SM'],
  ['PROXY', 'TXN'],
  ['PROXY', 'CS'],
  ['PROXY', 'SS'],
  ['SHARE', ''],
  ['SHARE', 'CONFIG'],
] as const;

const OK: Answer = { kind: 'ok' };
const failed = (error: { code: number; message: string }): Answer => ({ kind: 'error', error });

/** Answers one statement of an administration session. */
export function administer(parts: AdminParts, sql: string): Answer {
  const [statement = '', ...more] = statementsOf(sql);
  // `show proxyconfig; show proxyconfig` is answered as one of them, everything else is refused (OBProxy 4.3.1, observed).
  if (more.length > 0 && ![statement, ...more].every((one) => /^show\s+proxyconfig\b/i.test(one)))
    return failed(ERRORS.multiStatement);
  if (statement === '') return { kind: 'drop' };
  if (/^show\s+proxyconfig\b/i.test(statement)) {
    const show = parseShowConfig(statement);
    return show === undefined ? failed(ERRORS.syntax) : showConfig(parts, show);
  }
  if (/^alter\s+proxyconfig\b/i.test(statement)) return alterConfig(parts, statement);
  if (parts.has.hasConfigTable && /\bproxy_config\b/i.test(statement)) return configTable(parts, statement);
  if (/^show\s+proxyinfo\s+binary$/i.test(statement)) return binaryInfo(parts);
  if (/^show\s+proxyinfo\s+upgrade$/i.test(statement)) return upgradeInfo(parts);
  if (/^show\s+proxysession$/i.test(statement)) return parts.sessions.list();
  if (/^show\s+proxystat\b/i.test(statement)) return showStat(parts, statement);
  if (/^alter\s+proxyresource\b/i.test(statement)) return deleteResource(parts, statement);
  if (/^show\s+proxycluster\b/i.test(statement)) return showClusters(parts, statement);
  if (/^show\s+proxycongestion\b/i.test(statement))
    return { kind: 'rows', columns: ['cluster_name', 'zone_name', 'zone_state', 'server_ip'], rows: [] };
  if (/^select\s+proxy_status\(\)$/i.test(statement))
    return { kind: 'rows', columns: ['proxy_status()'], rows: [[parts.status()]] };
  return failed(ERRORS.notSupported);
}

function showConfig({ settings, store, has, clusters, configVersion }: AdminParts, show: ShowConfig): Answer {
  const pattern = likePattern(show.like ?? '%');
  if (show.which === 'all') {
    const stored = has.hasConfigTable
      ? store.select(`SELECT ${ALL_COLUMNS.join(', ')} FROM proxy_config`).rows
      : [];
    return {
      kind: 'rows',
      columns: ALL_COLUMNS,
      rows: stored.filter((row) => pattern.test(String(row[ALL_COLUMNS.indexOf('name')]))),
    };
  }
  // Alone, this one is answered by the levels of the modules (ob_show_config_handler.cpp).
  if (show.like === 'syslog_level' && show.which === '')
    return {
      kind: 'rows',
      columns: ['parent_mod', 'sub_mod', 'level', 'usage'],
      rows: LOG_MODULES.map(([parent, module]) => [
        parent,
        module,
        settings.value('syslog_level'),
        `alter proxyconfig set syslog_level = '${module === '' ? parent : `${parent}.${module}`}:LEVEL'`,
      ]),
    };
  const rows = settings
    .list()
    .filter(({ parameter, value }) => show.which === '' || parameter.initial !== value)
    .filter(({ parameter }) => show.which !== 'diff user' || parameter.visibleLevel === 'USER')
    .map(({ parameter, value }) => [
      parameter.name,
      value,
      parameter.info,
      parameter.needReboot ? 'true' : 'false',
      parameter.visibleLevel,
      parameter.range,
      'LEVEL_GLOBAL',
    ]);
  const virtual = (name: string, value: string, needReboot: string): (string | null)[] => [
    name,
    value,
    name.replaceAll('_', ' '),
    needReboot,
    'virtual',
    null,
    null,
  ];
  if (show.which === '')
    rows.push(
      ...([
        virtual('json_config_version', configVersion(), 'false'),
        virtual('json_config_cluster_count', String(clusters()?.length ?? 0), 'false'),
        virtual('json_config_meta_table_db', '', 'true'),
        virtual('json_config_meta_table_user', '', 'true'),
        virtual('json_config_real_meta_cluster', '', 'true'),
      ] as string[][]),
    );
  return { kind: 'rows', columns: CONFIG_COLUMNS, rows: rows.filter(([name]) => pattern.test(name ?? '')) };
}

function alterConfig({ settings, log, counters }: AdminParts, statement: string): Answer {
  const alter = parseAlterConfig(statement);
  if (alter === undefined) return failed(ERRORS.syntax);
  try {
    settings.alter(alter.name, alter.value);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    log.write('WDIAG', `fail to update config, key_string:"${alter.name}", ret=-${error.error.code}`);
    return failed(error.error);
  }
  // Successful changes are logged by name only.
  log.write('INFO', `succ to update config, key_string:"${alter.name}"`);
  counters.countAlter(alter.name.toLowerCase());
  return OK;
}

/** REPLACE, SELECT and DELETE on the levels table. The real one parses them itself and hands them to SQLite. */
function configTable(parts: AdminParts, statement: string): Answer {
  const { store, log, counters } = parts;
  try {
    if (/^select\b/i.test(statement)) {
      const { columns, rows } = store.select(statement);
      return { kind: 'rows', columns, rows };
    }
    if (/^delete\s+from\b/i.test(statement)) {
      store.run(statement);
      return OK;
    }
    if (!/^replace\b/i.test(statement)) return failed(ERRORS.notSupported);
    const replace = parseReplaceConfig(statement);
    if (replace === undefined) throw new Refused(ERRORS.syntax);
    const name = replaceRow(parts, replace.columns);
    counters.countAlter(name);
    return OK;
  } catch (error) {
    const refusal = error instanceof Refused ? error.error : ERRORS.internal;
    // A failing statement stands in the log with its plain text, passwords included: that is what the real one does.
    log.write('WDIAG', `fail to execute sql, sql:"${statement}", ret=-${refusal.code}`);
    return failed(refusal);
  }
}

function replaceRow({ settings, store }: AdminParts, columns: ReadonlyMap<string, string>): string {
  const name = (columns.get('name') ?? '').toLowerCase();
  const level = columns.get('config_level');
  const value = columns.get('value') ?? '';
  // config_level is mandatory; a level that does not exist is accepted and never applied.
  if (level === undefined || name === '') throw new Refused(ERRORS.internal);
  if (level.toUpperCase() === 'LEVEL_GLOBAL' && !columns.get('cluster_name') && !columns.get('tenant_name')) {
    settings.replaceGlobal(name, value);
    return name;
  }
  const stored = new Map(columns).set('value', PASSWORDS.has(name) ? passwordHash(value) : value);
  const names = [...stored.keys()];
  if (names.some((column) => !/^\w+$/.test(column))) throw new Refused(ERRORS.syntax);
  store.run(`REPLACE INTO proxy_config(${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`, [
    ...stored.values(),
  ]);
  return name;
}

/** One row whose text holds name, version and release (form as shown by OBProxy 4.0.0 in OceanBase's documents). */
function binaryInfo({ identity }: AdminParts): Answer {
  const revision = `${identity.release}-standin`;
  const info = [
    `ObProxy-OceanBase ${identity.version}-${identity.release}`,
    'version:RELEASE_7U',
    'MD5:',
    `REVISION:${revision}`,
    'BUILD_TIME:Jan  1 2025 00:00:00',
    '',
  ].join('\n');
  return { kind: 'rows', columns: ['name', 'info'], rows: [['binary info', info]] };
}

function upgradeInfo(parts: AdminParts): Answer {
  return { kind: 'rows', columns: ['name', 'info'], rows: [['hot upgrade info', parts.upgradeInfo()]] };
}

/** Counters that are not stored (ob_show_stat_handler.cpp), of the many that the real one has. */
function showStat({ connections }: AdminParts, statement: string): Answer {
  const like = /\blike\s+(['"])(.*)\1$/i.exec(statement)?.[2];
  const pattern = likePattern(like ?? '%');
  const names = ['client_connections_currently_open', 'global_client_connections_currently_open'];
  return {
    kind: 'rows',
    columns: ['stat_name', 'value', 'persist_type'],
    rows: names.filter((name) => pattern.test(name)).map((name) => [name, connections(), 'NULL']),
  };
}

/** The cluster's sessions end at their next transaction end (ob_alter_resource_handler.cpp). */
function deleteResource({ forgetCluster, log }: AdminParts, statement: string): Answer {
  const name = /^alter\s+proxyresource\s+delete\s+(['"]?)([^'"\s]+)\1$/i.exec(statement)?.[2];
  if (name === undefined) return failed(ERRORS.syntax);
  if (!forgetCluster(name)) return failed(ERRORS.notExist);
  log.write('INFO', `succ to delete cluster resource, cluster_name:"${name}"`);
  return OK;
}

function showClusters({ clusters, rootServersOf }: AdminParts, statement: string): Answer {
  const known = clusters();
  // RS_LIST mode: always this error, also when everything works.
  if (known === undefined || known.length === 0) return failed(ERRORS.notExist);
  const like = /\blike\s+(['"])(.*)\1$/i.exec(statement);
  const pattern = likePattern(like?.[2] ?? '%');
  return {
    kind: 'rows',
    columns: ['cluster_name', 'cluster_id', 'rs_url', 'root_addr', 'role', 'replica_type'],
    // 0.0.0.0:0 until the first login of a user has fetched the cluster's list; the row MetaDataBase is always there.
    // In the order of a hash table, which is none.
    rows: [...known, { name: 'MetaDataBase', rootServiceUrl: '' }]
      .sort((one, other) => (passwordHash(one.name) < passwordHash(other.name) ? -1 : 1))
      .filter(({ name }) => pattern.test(name))
      .flatMap(({ name, rootServiceUrl }) => {
        const fetched = rootServersOf(name);
        const servers = fetched.length > 0 ? fetched : [{ sqlAddress: '0.0.0.0:0', role: 'FOLLOWER' }];
        return servers.map(({ sqlAddress, role }) => [
          name,
          '0',
          rootServiceUrl,
          sqlAddress,
          role.toLowerCase(),
          'FULL',
        ]);
      }),
  };
}
