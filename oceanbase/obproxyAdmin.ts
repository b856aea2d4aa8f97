/**
 * The administration connection of an OBProxy (root@proxysys), over a stream to the proxy's own loopback address: from
 * most other addresses it refuses this user, with the very error of a wrong password (OBProxy 4.3.1, observed).
 */
import type { Duplex } from 'node:stream';
import { PermanentError } from '../runtime/errors';
import { say, type Text } from '../runtime/messages/catalogue';
import { parseUpgradeInfo, type UpgradeInfo } from './handOver';
import { PROXYSYS_LOGIN } from './loginName';
import { OBPROXY_ERRNO, troubleOf } from './obproxyTrouble';
import { ALTER_VALUE_BYTES, isSecretParameter, parameterName, quotedValue, sameValue } from './parameters';
import { maskHashes, sha1Hex } from './passwords';
import {
  columnText,
  couldNotAsk,
  openSqlSession,
  SqlError,
  type SqlRow,
  type SqlSession,
} from './sqlSession';
import { type StoredItem, storedItemsOf } from './storedItems';

export interface ProxyParameter {
  readonly name: string;
  readonly value: string;
  readonly needReboot: boolean;
}

/** All that SHOW PROXYCONFIG tells of a parameter. */
export interface DescribedParameter extends ProxyParameter {
  readonly info: string;
  /** `[1,4]`, `(1024,65536)`, `[1s,1h]`; '' for none. */
  readonly range: string;
  /** USER, SYS, VIP, MEMORY; `virtual` for what is computed. */
  readonly visibleLevel: string;
}

export interface ObproxyAdmin {
  /** Text of SHOW PROXYINFO BINARY; holds the running version. */
  binaryInfo(): Promise<string>;
  /** Sessions of clients (of one OceanBase cluster) that are open now; those of administrators, this one too, are not counted. */
  clientSessions(clusterName?: string): Promise<number>;
  /** `ACTIVE`, `BE_INACTIVE` or `INACTIVE`: what load balancers may be told. Undefined when this version tells none. */
  status(): Promise<string | undefined>;
  /** The highest number that proxy_local_cmd takes: 2 before the commands 3 (offline) and 4 (online) came, in 4.3. */
  highestLocalCommand(): Promise<number>;
  /**
   * Sets proxy_local_cmd, which the proxy takes up at its next check (proxy_hot_upgrade_check_interval) and puts back to
   * 0, so that it cannot be read back; nothing of it is stored. 0 takes back a command that has not been taken up yet.
   */
  localCommand(command: 0 | 2 | 3 | 4): Promise<void>;
  /** Names of the OceanBase clusters the proxy learnt from its config server; [] in RS_LIST mode. */
  clusterNames(): Promise<string[]>;
  /** Undefined when this version knows no such parameter. Passwords are shown as SHA-1. */
  showConfig(name: string): Promise<ProxyParameter | undefined>;
  showAll(): Promise<ProxyParameter[]>;
  /** The same with what the proxy says about them. */
  describeAll(): Promise<DescribedParameter[]>;
  /** Names of parameters that have another value than their default; undefined when this version does not tell. */
  changedNames(): Promise<ReadonlySet<string> | undefined>;
  /**
   * Everything that the proxy keeps over a restart: of the whole proxy, and of clusters, tenants and addresses; passwords as
   * SHA-1. From 4.0 on.
   */
  storedItems(): Promise<StoredItem[]>;
  /**
   * How it stands with hot restarts. PermanentError ObproxySqlRefused (1235 and the like) when this version tells nothing of
   * it, ObproxyUpgradeInfoUnread when it says something else.
   */
  upgradeInfo(): Promise<UpgradeInfo>;
  /** Pid of the process that answers, as it sees itself; undefined when this version does not tell. */
  processId(): Promise<number | undefined>;
  /**
   * Sets one parameter and reads it back (a password by its hash).
   * @throws PermanentError when the proxy refuses the value or shows another one afterwards.
   */
  alter(name: string, value: string): Promise<void>;
  /** Stored value of one cluster's own level; undefined when it has none. Passwords as SHA-1. From 4.0 on. */
  clusterValue(clusterName: string, name: string): Promise<string | undefined>;
  /** Sets a value for one cluster (a password in clear: the proxy hashes it) and reads it back. From 4.0 on. */
  replaceClusterValue(clusterName: string, name: string, value: string): Promise<void>;
  /** Removes a cluster's own value; nothing happens when it has none. From 4.0 on. */
  deleteClusterValue(clusterName: string, name: string): Promise<void>;
  close(): void;
}

export interface ObproxyTarget {
  /** For texts: `ip:port`. */
  readonly where: string;
  readonly password: string;
  /** Opens the stream; its own errors are passed on. */
  readonly open: () => Promise<Duplex>;
  /** For the login and for each statement; default 10 000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Logs in as root@proxysys.
 * @throws PermanentError `ObproxyAccessDenied` (ODP10001) for a wrong password or a refused address, TransientError
 * `ObproxyNotReady` when the proxy does not answer, and what `open` throws.
 */
export async function openObproxyAdmin(target: ObproxyTarget): Promise<ObproxyAdmin> {
  const tried = say('admin.logIn', { login: PROXYSYS_LOGIN });
  const stream = await target.open();
  try {
    const session = await openSqlSession({
      to: { stream },
      user: PROXYSYS_LOGIN,
      password: target.password,
      timeoutMs: target.timeoutMs ?? 10_000,
      ...(target.signal === undefined ? {} : { signal: target.signal }),
    });
    return administration(session, target.where);
  } catch (error) {
    stream.destroy();
    throw troubleOf(error, { tried, where: target.where });
  }
}

function parameterOf(row: SqlRow): ProxyParameter {
  return {
    name: columnText(row, 'name'),
    value: columnText(row, 'value'),
    needReboot: columnText(row, 'need_reboot').toLowerCase() === 'true',
  };
}

function describedOf(row: SqlRow): DescribedParameter {
  return {
    ...parameterOf(row),
    info: columnText(row, 'info'),
    range: columnText(row, 'range'),
    visibleLevel: columnText(row, 'visible_level'),
  };
}

function administration(session: SqlSession, where: string): ObproxyAdmin {
  const ask = async (tried: Text, sql: string, secret?: string): Promise<SqlRow[]> => {
    try {
      return await session.query(sql);
    } catch (error) {
      throw troubleOf(error, { tried, where, sql, ...(secret === undefined ? {} : { secret }) });
    }
  };

  const showAll = async (): Promise<ProxyParameter[]> =>
    (await ask(say('admin.readParameters'), 'show proxyconfig')).map(parameterOf);

  const showConfig = async (name: string): Promise<ProxyParameter | undefined> => {
    const like = quotedValue(parameterName(name));
    const rows = await ask(say('admin.readParameter', { name }), `show proxyconfig like ${like}`);
    const found = rows.map(parameterOf).find((parameter) => parameter.name === name);
    if (found !== undefined || rows.length === 0) return found;
    // `like 'syslog_level'` answers with columns of its own; the full list holds it in the usual form.
    return (await showAll()).find((parameter) => parameter.name === name);
  };

  const confirm = (name: string, shown: string | undefined, wished: string): void => {
    const secret = isSecretParameter(name);
    // An empty password is stored as such, without a hash.
    const same =
      shown !== undefined && (secret && wished !== '' ? shown === sha1Hex(wished) : sameValue(shown, wished));
    if (same) return;
    const other = secret ? say('admin.otherHash') : say('admin.otherValue', { shown: shown ?? '' });
    throw new PermanentError({
      type: 'ObproxyParameterDiffers',
      tried: say('admin.setParameter', { name }),
      where,
      cameBack: say('admin.otherAfterwards', { shown: shown === undefined ? say('admin.noValue') : other }),
      next: say('next.writeAsShown'),
    });
  };

  const clusterValue = async (clusterName: string, name: string): Promise<string | undefined> => {
    const sql = `show proxyconfig all like ${quotedValue(parameterName(name))}`;
    const rows = await ask(say('admin.readOfCluster', { name, cluster: clusterName }), sql);
    const row = rows.find(
      (candidate) =>
        columnText(candidate, 'cluster_name') === clusterName &&
        columnText(candidate, 'name') === name &&
        columnText(candidate, 'config_level').toUpperCase() === 'LEVEL_CLUSTER',
    );
    return row === undefined ? undefined : columnText(row, 'value');
  };

  return {
    async binaryInfo() {
      const rows = await ask(say('admin.readVersion'), 'show proxyinfo binary');
      return rows.map((row) => Object.values(row).map(String).join(' ')).join('\n');
    },
    async clientSessions(clusterName) {
      const rows = await ask(say('admin.readSessions'), 'show proxysession');
      const clients = rows.filter((row) => columnText(row, 'Tenant') !== 'proxysys');
      if (clusterName === undefined) return clients.length;
      return clients.filter((row) => columnText(row, 'Cluster') === clusterName).length;
    },
    async status() {
      try {
        const [row] = await session.query('select proxy_status()');
        return row === undefined ? undefined : String(Object.values(row)[0]);
      } catch (error) {
        if (error instanceof SqlError && !couldNotAsk(error)) return undefined;
        throw troubleOf(error, { tried: say('admin.readStatus'), where });
      }
    },
    async highestLocalCommand() {
      const rows = await ask(say('admin.readLocalCommand'), "show proxyconfig like 'proxy_local_cmd'");
      const range = rows.map((row) => columnText(row, 'range'))[0] ?? '';
      return Number(/,\s*(\d+)\s*\]/.exec(range)?.[1] ?? 2);
    },
    async localCommand(command) {
      await ask(
        say('admin.localCommand', { command }),
        `alter proxyconfig set proxy_local_cmd = '${command}'`,
      );
    },
    async clusterNames() {
      const rows = await session.query('show proxycluster').catch((error: unknown) => {
        // Also what a proxy in RS_LIST mode answers, whatever it knows (OBProxy 4.3.1, observed).
        if (error instanceof SqlError && error.errno === OBPROXY_ERRNO.notExist) return [];
        throw troubleOf(error, { tried: say('admin.readClusters'), where });
      });
      const names = rows.map((row) => columnText(row, 'cluster_name'));
      return [...new Set(names)].filter((name) => name !== '' && name !== 'MetaDataBase');
    },
    showConfig,
    showAll,
    async storedItems() {
      const tried = say('admin.readParameters');
      return storedItemsOf(await ask(tried, 'show proxyconfig'), await ask(tried, 'show proxyconfig all'));
    },
    async describeAll() {
      return (await ask(say('admin.readParameters'), 'show proxyconfig')).map(describedOf);
    },
    async changedNames() {
      try {
        return new Set((await session.query('show proxyconfig diff')).map((row) => columnText(row, 'name')));
      } catch (error) {
        if (error instanceof SqlError && !couldNotAsk(error)) return undefined;
        throw troubleOf(error, { tried: say('admin.readParameters'), where });
      }
    },
    async upgradeInfo() {
      const rows = await ask(say('admin.readHandOver'), 'show proxyinfo upgrade');
      const text = rows.map((row) => Object.values(row).map(String).join(' ')).join('\n');
      const info = parseUpgradeInfo(text);
      if (info !== undefined) return info;
      throw new PermanentError({
        type: 'ObproxyUpgradeInfoUnread',
        tried: say('admin.readHandOver'),
        where,
        cameBack: say('admin.handOverUnread', { said: maskHashes(text).slice(0, 300) }),
        next: say('next.restartCold'),
      });
    },
    async processId() {
      const [row] = await ask(say('admin.readSessions'), 'show proxysession');
      const pid = Number(row === undefined ? '' : columnText(row, 'pid'));
      return Number.isInteger(pid) && pid > 0 ? pid : undefined;
    },
    async alter(name, value) {
      const text = quotedValue(value);
      const key = parameterName(name);
      const sql =
        Buffer.byteLength(value) <= ALTER_VALUE_BYTES
          ? `alter proxyconfig set ${key} = ${text}`
          : `replace into proxy_config(name, value, config_level) values ('${key}', ${text}, 'LEVEL_GLOBAL')`;
      await ask(say('admin.setParameter', { name }), sql, isSecretParameter(name) ? value : undefined);
      confirm(name, (await showConfig(name))?.value, value);
    },
    clusterValue,
    async replaceClusterValue(clusterName, name, value) {
      const row = [
        quotedValue(clusterName),
        `'${parameterName(name)}'`,
        quotedValue(value),
        "'LEVEL_CLUSTER'",
      ];
      await ask(
        say('admin.setOfCluster', { name, cluster: clusterName }),
        `replace into proxy_config(cluster_name, name, value, config_level) values (${row.join(', ')})`,
        isSecretParameter(name) ? value : undefined,
      );
      confirm(name, await clusterValue(clusterName, name), value);
    },
    async deleteClusterValue(clusterName, name) {
      const cluster = quotedValue(clusterName);
      const key = quotedValue(parameterName(name));
      await ask(
        say('admin.removeOfCluster', { name, cluster: clusterName }),
        `delete from proxy_config where cluster_name = ${cluster} and name = ${key}`,
      );
    },
    close: () => session.close(),
  };
}
