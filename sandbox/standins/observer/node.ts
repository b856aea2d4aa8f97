/** A running observer: its ports, its heartbeats, and the SQL it answers itself or passes on to the root service. */
import { randomBytes } from 'node:crypto';
import type { Answer, Login, LoginAnswer } from '../mysql/server';
import type { Log } from '../obproxy/log';
import { allServe, answerAlone, claimServers, INITIALIZING, newCluster } from './bootstrap';
import { addressOf, type ClusterState, type ServerState } from './clusterState';
import type { ObserverCounters } from './counters';
import { buildVersion, identity, serverVersion } from './edition';
import { faults } from './faults';
import { type Config, type DataDirectories, Died, rootServers } from './home';
import { Membership } from './membership';
import { RootService } from './rootService';
import { holdAnswer, rootStatements } from './rootStatements';
import {
  type AccountCard,
  askNode,
  type NodeCard,
  RPC_TIMEOUT_MS,
  type RpcReply,
  type RpcRequest,
  serveRpc,
} from './rpc';
import { handOver, hasSeveral, Standby, spread, sysHolders } from './standby';
import {
  admit,
  type LoginAccount,
  loginName,
  type Session,
  type Statements,
  sessionStatement,
  useDatabase,
} from './statements';

/** Until a server serves, and afterwards: fifty of them must not keep a machine busy. */
const HEARTBEAT_MS = { starting: 150, serving: 500 };
const NO_ROOT_SERVICE = {
  code: 4012,
  message: 'Timeout, query has reached the maximum query timeout: 10000000(us)',
};

export interface NodeParts {
  readonly home: string;
  readonly ip: string;
  readonly config: Config;
  readonly files: DataDirectories;
  readonly log: Log;
  readonly counters: ObserverCounters;
}

interface Root {
  readonly service: RootService;
  readonly statements: Statements;
}

export class ObserverNode {
  /** Resolves when the process should leave. */
  readonly done: Promise<void>;
  private leave: () => void = () => undefined;
  private readonly instance = randomBytes(8).toString('hex');
  private readonly membership: Membership;
  /** In the server that holds the root service. */
  private root: Root | undefined;
  /** What a server of the sys tenant knows without being the root service. */
  private readonly standby: Standby;

  constructor(private readonly parts: NodeParts) {
    this.done = new Promise((resolve) => {
      this.leave = resolve;
    });
    this.membership = new Membership(parts.files.memberFile, rootServers(parts.config));
    this.standby = new Standby(parts.files.clusterFile, () => addressOf(this.card()));
    const { state } = this.standby;
    // Of several, one may have taken over meanwhile: whoever comes back listens first.
    const self = addressOf(this.card());
    const holds = state !== undefined && sysHolders(state).some((server) => addressOf(server) === self);
    if (holds && !hasSeveral(state)) this.root = this.makeRoot(state);
  }

  /** Rejects with Died when a port is taken. */
  async open(): Promise<void> {
    const { sqlPort, rpcPort } = this.card();
    const { startMysqlServer } = await import('../mysql/server');
    try {
      await startMysqlServer<Session>('0.0.0.0', sqlPort, {
        serverVersion: serverVersion(identity()),
        login: (login) => this.login(login),
        query: (session, sql) => this.query(session, sql),
        useDatabase,
      });
      await serveRpc('0.0.0.0', rpcPort, (request) => this.reply(request));
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
      empty: !this.membership.isMarked,
      clock: Date.now() + (faults(this.parts.home).clockAheadMs ?? 0),
    };
  }

  private makeRoot(state: ClusterState): Root {
    const { files, counters } = this.parts;
    const self = addressOf(this.card());
    const service = new RootService(state, { self, file: files.clusterFile }, counters, async (address) => {
      const reply = await askNode(address, { op: 'check' }, RPC_TIMEOUT_MS);
      if (reply.kind !== 'card') throw new Error(`${address} is no observer`);
      return reply.card;
    });
    return { service, statements: rootStatements(service, self) };
  }

  private beat(): void {
    void this.heartbeat()
      .catch((error: unknown) => this.parts.log.write('WARN', `heartbeat: ${String(error)}`))
      .finally(() => {
        const serves = (this.membership.own?.startServiceTime ?? 0) > 0;
        setTimeout(() => this.beat(), serves ? HEARTBEAT_MS.serving : HEARTBEAT_MS.starting);
      });
  }

  private async heartbeat(): Promise<void> {
    if (this.root === undefined) {
      if (await this.membership.heartbeat(this.card())) this.standby.heard();
      const state = await this.standby.stand();
      if (state !== undefined) await this.lead(state);
    } else {
      const { service } = this.root;
      const self = addressOf(this.card());
      this.membership.own = service.heartbeat(this.card());
      await spread(service.state, self);
      if (service.isLeaving(self)) await this.leaveLead(service);
    }
  }

  /** Becomes the root service. */
  private async lead(state: ClusterState): Promise<void> {
    this.root = this.makeRoot(state);
    this.root.service.changed();
    this.membership.follow(addressOf(this.card()));
    this.parts.log.write('INFO', `[RS] root service of term ${state.term}`);
    await spread(state, addressOf(this.card()));
  }

  /** Makes another server the root service, if there is one that can be it. */
  private async leaveLead({ state }: RootService): Promise<void> {
    const next = await handOver(state, addressOf(this.card()));
    if (next === undefined) return;
    this.standby.take({ ...state, term: state.term + 1 });
    this.root = undefined;
    this.membership.follow(next);
  }

  /** A newer copy of the cluster: whoever was the root service until now is it no more. */
  private async follow({
    state,
    rootService,
    lead,
  }: Extract<RpcRequest, { op: 'replicate' }>): Promise<boolean> {
    if (this.root !== undefined && state.term <= this.root.service.state.term) return false;
    if (!this.standby.take(state)) return false;
    this.root = undefined;
    if (lead === true) await this.lead(state);
    else this.membership.follow(rootService);
    return true;
  }

  /** A statement is done when a majority knows of it; one that stops this server moves the root service away first. */
  private async asRoot({ service, statements }: Root, session: Session, sql: string): Promise<Answer> {
    if (!service.isHeard()) return { kind: 'error', error: NO_ROOT_SERVICE };
    const before = service.revision;
    const answer = await statements.answer(session, sql);
    if (service.revision === before) return answer;
    const self = addressOf(this.card());
    if (!(await spread(service.state, self))) return { kind: 'error', error: NO_ROOT_SERVICE };
    if (answer.kind === 'ok' && (service.shouldMove(self) || service.isLeaving(self)))
      await this.leaveLead(service);
    if (answer.kind === 'ok') await holdAnswer(service, sql);
    return answer;
  }

  /** Answers another stand-in. */
  private async reply(request: RpcRequest): Promise<RpcReply> {
    if (request.op === 'check') return { kind: 'card', card: this.card() };
    if (request.op === 'prepareBootstrap')
      return { kind: this.membership.beginBootstrap(request.rootService) ? 'yes' : 'no' };
    if (request.op === 'replicate') return { kind: (await this.follow(request)) ? 'yes' : 'no' };
    if (request.op === 'vote')
      return { kind: this.root === undefined && this.standby.votes(request) ? 'yes' : 'no' };
    const { root } = this;
    if (root === undefined) {
      const { rootService } = this.membership;
      return { kind: 'elsewhere', ...(rootService === undefined ? {} : { rootService }) };
    }
    switch (request.op) {
      case 'heartbeat': {
        const own = this.heardBy(root.service, request.from);
        const rootService = addressOf(this.card());
        return { kind: 'heartbeat', rootService, ...(own === undefined ? {} : { own }) };
      }
      case 'account': {
        const account = accountCard(root.service, request.name);
        return { kind: 'account', ...(account === undefined ? {} : { account }) };
      }
      case 'sql': {
        const { login, database, timeZone, sql } = request;
        const session = { user: login.name, privileges: accountOf(login).privileges, database, timeZone };
        return { kind: 'answer', answer: await this.asRoot(root, session, sql) };
      }
    }
  }

  /** A server that was started for another cluster is not heard. */
  private heardBy(service: RootService, from: NodeCard): ServerState | undefined {
    const { clusterName, obClusterId } = service.state;
    return from.clusterName === clusterName && from.obClusterId === obClusterId
      ? service.heartbeat(from)
      : undefined;
  }

  private async login(login: Login): Promise<LoginAnswer<Session>> {
    const { name } = loginName(login.user);
    const answer = await this.answerLogin(login, name);
    this.parts.counters.countOf('session' in answer ? 'logins' : 'failedLogins', name);
    return answer;
  }

  private async answerLogin(login: Login, name: string): Promise<LoginAnswer<Session> & object> {
    const clusterName = this.item('cluster');
    // Before it belongs to a cluster, a server lets root in without a password, to be bootstrapped (obd does so).
    if (this.root === undefined && !this.membership.isMember) {
      const root = { passwordSha1: '', privileges: new Map([['*.*', new Set(['ALL'])]]) };
      return admit(login, name === 'root' ? root : undefined, clusterName);
    }
    if ((this.membership.own?.startServiceTime ?? 0) === 0) return { error: INITIALIZING };
    if (this.root !== undefined)
      return admit(login, accountOf(accountCard(this.root.service, name)), clusterName);
    const reply = await this.askRootService({ op: 'account', name });
    if (reply?.kind !== 'account') return { error: NO_ROOT_SERVICE };
    return admit(login, accountOf(reply.account), clusterName);
  }

  private askRootService(request: RpcRequest): Promise<RpcReply | undefined> {
    const { rootService } = this.membership;
    if (rootService === undefined) return Promise.resolve(undefined);
    // Statements may take their time, above all an ADD SERVER whose answer is held back.
    const timeout = request.op === 'sql' ? 600_000 : RPC_TIMEOUT_MS;
    return askNode(rootService, request, timeout).catch(() => undefined);
  }

  private async query(session: Session, sql: string): Promise<Answer> {
    if (this.root !== undefined) return this.asRoot(this.root, session, sql);
    if (!this.membership.isMember) return answerAlone(sql, (statement) => this.bootstrap(statement));
    const own = sessionStatement(session, sql);
    if (own !== undefined) return own;
    const login: AccountCard = {
      name: session.user,
      passwordSha1: '',
      privileges: [...session.privileges].map(([level, privileges]) => [level, [...privileges]] as const),
    };
    const { database, timeZone } = session;
    const reply = await this.askRootService({ op: 'sql', login, database, timeZone, sql });
    return reply?.kind === 'answer' ? reply.answer : { kind: 'error', error: NO_ROOT_SERVICE };
  }

  /** Killed before it has made the cluster, its servers are of none, and not empty any more. */
  private async bootstrap(statement: Parameters<typeof claimServers>[0]): Promise<void> {
    const { counters, home } = this.parts;
    counters.count('bootstrapAttempts');
    const mine = this.card();
    const cards = await claimServers(statement, mine, () => this.membership.beginBootstrap(addressOf(mine)));
    const { bootstrapMs = 0, bootstrapAnswerMs = 0 } = faults(home);
    if (bootstrapMs > 0) await new Promise((resolve) => setTimeout(resolve, bootstrapMs));
    const root = this.makeRoot(newCluster(statement, mine));
    for (const card of cards) root.service.insert(card, true);
    root.service.changed();
    this.root = root;
    this.membership.remember(addressOf(mine));
    await spread(root.service.state, addressOf(mine));
    await allServe(root.service);
    root.service.state.bootstrapped = true;
    root.service.changed();
    counters.count('bootstraps');
    this.parts.log.write('INFO', '[BOOTSTRAP] bootstrap done');
    if (bootstrapAnswerMs > 0) await new Promise((resolve) => setTimeout(resolve, bootstrapAnswerMs));
  }
}

function accountCard(service: RootService, name: string): AccountCard | undefined {
  const account = service.accounts.find(name);
  if (account === undefined) return undefined;
  const privileges = [...account.grants].map(([level, granted]) => [level, [...granted]] as const);
  return { name, passwordSha1: account.passwordSha1, privileges };
}

function accountOf(card: AccountCard): LoginAccount;
function accountOf(card: AccountCard | undefined): LoginAccount | undefined;
function accountOf(card: AccountCard | undefined): LoginAccount | undefined {
  return (
    card && {
      passwordSha1: card.passwordSha1,
      privileges: new Map(card.privileges.map(([level, granted]) => [level, new Set(granted)])),
    }
  );
}
