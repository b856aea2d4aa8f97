/** One observer process: from its home to open ports, its heartbeats, and the SQL it answers or passes on. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Answer, Login, LoginAnswer } from '../mysql/server';
import { replaceFile } from '../obproxy/files';
import { Log } from '../obproxy/log';
import { Accounts, SqlRefusal } from './accounts';
import { type AdminStatement, parseAdminStatement } from './adminStatement';
import { addressOf, type ClusterState, loadCluster, type ServerState } from './clusterState';
import type { ObserverCommandLine } from './commandLine';
import { ObserverCounters } from './counters';
import { buildVersion, identity, serverVersion, versionComment } from './edition';
import {
  configure,
  type DataDirectories,
  Died,
  fillData,
  openData,
  ownAddress,
  rootServers,
  storeConfig,
} from './home';
import { RootService } from './rootService';
import { type AccountCard, askNode, type NodeCard, type RpcReply, type RpcRequest, serveRpc } from './rpc';
import { admit, bareStatement, loginName, type Session, Statements, useDatabase } from './statements';
import type { Tables } from './tables';

const HEARTBEAT_MS = 150;
const RPC_TIMEOUT_MS = 1_500;
const BOOTSTRAP_DEADLINE_MS = 20_000;

const INITIALIZING = { code: 8001, message: 'Server is initializing' };
const NO_ROOT_SERVICE = {
  code: 4012,
  message: 'Timeout, query has reached the maximum query timeout: 10000000(us)',
};

export interface RunningObserver {
  /** Resolves when the process should leave. */
  readonly done: Promise<void>;
}

/** Faults that a test asks for in <home>/.standin/faults.json before a start. */
interface Faults {
  /** The ports open that much later. */
  readonly startDelayMs?: number;
}

function faults(home: string): Faults {
  const file = path.join(home, '.standin/faults.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Faults) : {};
}

/** The whole start, the launcher's checks behind it. Throws Died, or the system's error for an unusable home. */
export async function startNode(home: string, line: ObserverCommandLine): Promise<RunningObserver> {
  for (const folder of ['run', 'log', 'etc', 'audit'])
    mkdirSync(path.join(home, folder), { recursive: true });
  writeFileSync(path.join(home, 'run/observer.pid'), `${process.pid}\n`);
  const log = new Log(home, 'log/observer.log', 'SERVER');
  const counters = new ObserverCounters(home);
  counters.count('startAttempts');
  try {
    const { version } = identity();
    const { config, first } = configure(home, line.config);
    const ip = ownAddress(config);
    const files = openData(home, config, first, version);
    storeConfig(home, config, log);
    fillData(home, config, version);
    for (const [name, value] of config) log.write('INFO', `[CONFIG] ${name} = ${value}`);
    const { startDelayMs } = faults(home);
    if (startDelayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, startDelayMs));
    const node = new ObserverNode({ ip, config, files, log, counters });
    await node.open();
    counters.count('starts');
    log.write('INFO', '[OBSERVER_NOTICE] observer (stand-in) start successfully');
    return node;
  } catch (error) {
    log.write(
      'ERROR',
      `[OBSERVER_NOTICE] fail to start: ${error instanceof Error ? error.message : String(error)}`,
    );
    throw error;
  }
}

interface NodeParts {
  readonly ip: string;
  readonly config: ReadonlyMap<string, string>;
  readonly files: DataDirectories;
  readonly log: Log;
  readonly counters: ObserverCounters;
}

/** What a server remembers of the cluster it belongs, or belonged, to. */
interface Membership {
  rootService: string;
  /** Deleted from the cluster; its data is of no use to another one. */
  left?: boolean;
}

class ObserverNode implements RunningObserver {
  readonly done: Promise<void>;
  private leave: () => void = () => undefined;
  private readonly instance = randomBytes(8).toString('hex');
  private rootService: RootService | undefined;
  private statements: Statements | undefined;
  private tables: Promise<Tables> | undefined;
  private membership: Membership | undefined;
  private own: ServerState | undefined;
  private rootHint: string | undefined;

  constructor(private readonly parts: NodeParts) {
    this.done = new Promise((resolve) => {
      this.leave = resolve;
    });
    const { clusterFile, memberFile } = parts.files;
    if (existsSync(memberFile)) this.membership = JSON.parse(readFileSync(memberFile, 'utf8')) as Membership;
    const state = loadCluster(clusterFile);
    if (state !== undefined) this.becomeRootService(state);
  }

  private item(name: string): string {
    return this.parts.config.get(name) ?? '';
  }

  private card(): NodeCard {
    const who = identity();
    return {
      ip: this.parts.ip,
      rpcPort: Number(this.item('rpc_port')),
      sqlPort: Number(this.item('mysql_port')),
      zone: this.item('zone'),
      clusterName: this.item('cluster'),
      obClusterId: Number(this.item('cluster_id')),
      version: who.version,
      build: buildVersion(who),
      instance: this.instance,
      empty: this.membership === undefined,
    };
  }

  async open(): Promise<void> {
    const card = this.card();
    // SQL first and RPC last, as the real start does; either one taken ends it.
    const { startMysqlServer } = await import('../mysql/server');
    try {
      await startMysqlServer<Session>('0.0.0.0', card.sqlPort, {
        serverVersion: serverVersion(identity()),
        login: (login) => this.login(login),
        query: (session, sql) => this.query(session, sql),
        useDatabase,
      });
      await serveRpc('0.0.0.0', card.rpcPort, (request) => this.reply(request));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      throw new Died(
        `fail to listen, ${code === 'EADDRINUSE' ? 'Address already in use, errno=98' : String(code)}, ret=-4004`,
      );
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        this.parts.log.write('INFO', '[OBSERVER_NOTICE] observer (stand-in) is stopping');
        this.leave();
      });
    this.beat();
  }

  private becomeRootService(state: ClusterState): RootService {
    const { clusterFile } = this.parts.files;
    const rootService = new RootService(state, clusterFile, this.parts.counters, async (address) => {
      const reply = await askNode(address, { op: 'check' }, RPC_TIMEOUT_MS);
      if (reply.kind !== 'card') throw new Error(`${address} is no observer`);
      return reply.card;
    });
    this.rootService = rootService;
    const who = identity();
    this.statements = new Statements({
      accounts: rootService.accounts,
      tables: () => {
        rootService.tick();
        this.tables ??= this.makeTables(rootService);
        return this.tables;
      },
      versionComment: versionComment(who),
      serverVersion: serverVersion(who),
      administer: (statement) => this.administer(rootService, statement),
      usersChanged: () => rootService.changed(),
    });
    return rootService;
  }

  private async administer(rootService: RootService, statement: AdminStatement): Promise<void> {
    await rootService.run(statement);
    const { state } = rootService;
    const held = Number(state.parameters._standin_add_server_answer_delay ?? 0);
    if (statement.kind === 'server' && statement.verb === 'ADD' && held > 0)
      await new Promise((resolve) => setTimeout(resolve, held));
  }

  /** SQLite comes with the first SELECT: most servers never need it, and it takes memory and time. */
  private async makeTables(rootService: RootService): Promise<Tables> {
    const who = identity();
    const [{ Tables }, { default: wasm }] = await Promise.all([
      import('./tables'),
      import('sql.js/dist/sql-wasm.wasm'),
    ]);
    const { state } = rootService;
    const self = addressOf(this.card());
    return Tables.make(
      {
        version: who.version,
        versionComment: versionComment(who),
        serverVersion: serverVersion(who),
        build: buildVersion(who),
        clusterName: state.clusterName,
        obClusterId: state.obClusterId,
        servers: () =>
          state.servers.map((server) => ({
            ...server,
            active: server.status === 'ACTIVE',
            withRootService: addressOf(server) === self,
          })),
        users: () => rootService.accounts.names(),
        zones: () => state.zones,
        parameters: () => state.parameters,
        revision: () => rootService.revision,
      },
      Buffer.from(wasm, 'base64'),
    );
  }

  /** Tells the root service about this server, and learns from it whether it belongs to the cluster. */
  private async heartbeat(): Promise<void> {
    if (this.rootService !== undefined) {
      this.own = this.rootService.heartbeat(this.card());
      return;
    }
    const known = [this.rootHint, this.membership?.rootService, ...rootServers(this.parts.config)];
    for (const address of new Set(known)) {
      if (address === undefined || address === addressOf(this.card())) continue;
      const reply = await askNode(address, { op: 'heartbeat', from: this.card() }, RPC_TIMEOUT_MS).catch(
        () => undefined,
      );
      if (reply?.kind === 'elsewhere' && reply.rootService !== undefined) this.rootHint = reply.rootService;
      if (reply?.kind !== 'heartbeat') continue;
      this.rootHint = reply.rootService;
      this.own = reply.own;
      if (reply.own === undefined) this.remember(this.membership && { ...this.membership, left: true });
      else this.remember({ rootService: reply.rootService });
      return;
    }
  }

  private remember(membership: Membership | undefined): void {
    if (membership === undefined || JSON.stringify(membership) === JSON.stringify(this.membership)) return;
    this.membership = membership;
    replaceFile(this.parts.files.memberFile, JSON.stringify(membership));
  }

  private beat(): void {
    void this.heartbeat()
      .catch((error: unknown) => this.parts.log.write('WARN', `heartbeat: ${String(error)}`))
      .finally(() => setTimeout(() => this.beat(), HEARTBEAT_MS));
  }

  private async reply(request: RpcRequest): Promise<RpcReply> {
    if (request.op === 'check') return { kind: 'card', card: this.card() };
    const { rootService } = this;
    if (rootService === undefined)
      return { kind: 'elsewhere', ...(this.rootHint === undefined ? {} : { rootService: this.rootHint }) };
    switch (request.op) {
      case 'heartbeat': {
        const { state } = rootService;
        const { from } = request;
        const same = from.clusterName === state.clusterName && from.obClusterId === state.obClusterId;
        const own = same ? rootService.heartbeat(from) : undefined;
        return {
          kind: 'heartbeat',
          rootService: addressOf(this.card()),
          ...(own === undefined ? {} : { own }),
        };
      }
      case 'account': {
        const account = this.account(rootService, request.name);
        return { kind: 'account', ...(account === undefined ? {} : { account }) };
      }
      case 'sql': {
        const session = { ...sessionOf(request.login), database: request.database };
        return { kind: 'answer', answer: await this.answerAsRootService(session, request.sql) };
      }
    }
  }

  private account(rootService: RootService, name: string): AccountCard | undefined {
    const account = rootService.accounts.find(name);
    if (account === undefined) return undefined;
    return {
      name,
      passwordSha1: account.passwordSha1,
      privileges: [...account.grants].map(([level, privileges]) => [level, [...privileges]] as const),
    };
  }

  private async login(login: Login): Promise<LoginAnswer<Session>> {
    const { name } = loginName(login.user);
    const answer = await this.answerLogin(login, name);
    if (answer !== 'drop') this.parts.counters.countOf('session' in answer ? 'logins' : 'failedLogins', name);
    return answer;
  }

  private async answerLogin(login: Login, name: string): Promise<LoginAnswer<Session>> {
    const clusterName = this.item('cluster');
    // Before it belongs to a cluster, a server lets root in without a password, to be bootstrapped (obd does so).
    if (this.rootService === undefined && (this.membership === undefined || this.membership.left === true)) {
      const root = { passwordSha1: '', privileges: new Map([['*.*', new Set(['ALL'])]]) };
      return admit(login, name === 'root' ? root : undefined, clusterName);
    }
    if (this.own === undefined || this.own.startServiceTime === 0) return { error: INITIALIZING };
    let account: AccountCard | undefined;
    if (this.rootService !== undefined) account = this.account(this.rootService, name);
    else {
      const reply = await this.askRootService({ op: 'account', name });
      if (reply?.kind !== 'account') return { error: NO_ROOT_SERVICE };
      account = reply.account;
    }
    return admit(
      login,
      account === undefined ? undefined : { ...account, ...sessionOf(account) },
      clusterName,
    );
  }

  private askRootService(request: RpcRequest): Promise<RpcReply | undefined> {
    const address = this.rootHint ?? this.membership?.rootService;
    if (address === undefined) return Promise.resolve(undefined);
    // Statements may take their time, above all an ADD SERVER whose answer is held back.
    return askNode(address, request, request.op === 'sql' ? 600_000 : RPC_TIMEOUT_MS).catch(() => undefined);
  }

  private async query(session: Session, sql: string): Promise<Answer> {
    if (this.rootService !== undefined) return this.answerAsRootService(session, sql);
    if (this.membership === undefined || this.membership.left === true) return this.answerAlone(sql);
    if (/^use\s+`?(\w+)`?$/i.test(bareStatement(sql)))
      return useDatabase(session, bareStatement(sql).replace(/^use\s+|`/gi, ''));
    const login: AccountCard = {
      name: session.user,
      passwordSha1: '',
      privileges: [...session.privileges].map(([level, privileges]) => [level, [...privileges]] as const),
    };
    const reply = await this.askRootService({ op: 'sql', login, database: session.database, sql });
    return reply?.kind === 'answer' ? reply.answer : { kind: 'error', error: NO_ROOT_SERVICE };
  }

  private async answerAsRootService(session: Session, sql: string): Promise<Answer> {
    return this.statements?.answer(session, sql) ?? { kind: 'error', error: NO_ROOT_SERVICE };
  }

  /** A server without a cluster: settings, version, and the bootstrap. */
  private async answerAlone(text: string): Promise<Answer> {
    const sql = bareStatement(text);
    const who = identity();
    if (/^set\b/i.test(sql)) return { kind: 'ok' };
    if (/^select\s+(ob_)?version\s*\(\s*\)/i.test(sql))
      return {
        kind: 'rows',
        columns: [/\bas\s+`?(\w+)/i.exec(sql)?.[1] ?? 'version()'],
        rows: [[/ob_version/i.test(sql) ? who.version : serverVersion(who)]],
      };
    const statement = /^alter\s+system\b/i.test(sql) ? parseAdminStatement(sql) : undefined;
    if (statement?.kind !== 'bootstrap') return { kind: 'error', error: INITIALIZING };
    try {
      await this.bootstrap(statement);
      return { kind: 'ok' };
    } catch (error) {
      if (error instanceof SqlRefusal) return { kind: 'error', error: error.error };
      const message = `bootstrap: ${error instanceof Error ? error.message : String(error)}`;
      return { kind: 'error', error: { code: 4000, message } };
    }
  }

  /**
   * Makes the cluster: every named server is asked, becomes a member, and serves before the statement returns
   * (oceanbase:src/rootserver/ob_bootstrap.cpp waits for all of them).
   */
  private async bootstrap(statement: Extract<AdminStatement, { kind: 'bootstrap' }>): Promise<void> {
    const mine = this.card();
    const cards = await Promise.all(
      statement.servers.map(async ({ address, zone }) => {
        if (address === addressOf(mine)) return mine;
        const reply = await askNode(address, { op: 'check' }, RPC_TIMEOUT_MS);
        if (reply.kind !== 'card' || !reply.card.empty || reply.card.zone !== zone)
          throw new Error(`server ${address} is not empty or of another zone`);
        return reply.card;
      }),
    );
    if (!cards.includes(mine)) throw new Error('this server is not among the servers');
    if (mine.zone !== statement.servers[cards.indexOf(mine)]?.zone) throw new Error('zone not match');
    const root = new Accounts({ root: '' }, {});
    const rootService = this.becomeRootService({
      clusterName: mine.clusterName,
      obClusterId: mine.obClusterId,
      servers: [],
      zones: statement.servers.map(({ zone, region }) => ({
        name: zone,
        status: 'ACTIVE',
        region: region ?? 'default_region',
        idc: '',
      })),
      accounts: root.stored(),
      parameters: {},
      nextServerId: 1,
    });
    for (const card of cards) rootService.insert(card, true);
    rootService.changed();
    this.remember({ rootService: addressOf(mine) });
    const deadline = Date.now() + BOOTSTRAP_DEADLINE_MS;
    while (rootService.state.servers.some(({ startServiceTime }) => startServiceTime === 0)) {
      if (Date.now() > deadline) throw new Error('servers do not come into service');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.parts.counters.count('bootstraps');
    this.parts.log.write('INFO', '[BOOTSTRAP] bootstrap done');
  }
}

function sessionOf(card: AccountCard): Session {
  return {
    user: card.name,
    privileges: new Map(card.privileges.map(([level, privileges]) => [level, new Set(privileges)])),
    database: '',
  };
}
