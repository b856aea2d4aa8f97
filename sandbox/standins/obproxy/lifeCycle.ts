/**
 * How the proxy is commanded, hands over to a new process, and leaves (ob_hot_upgrade_processor.cpp,
 * ob_proxy_hot_upgrader.cpp and ob_signal_handler.cpp of OBProxy's source; 4.3.1, observed).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { environmentFor, type Inheritance } from './inheritance';
import type { Log } from './log';
import type { Settings } from './settings';
import type { Store } from './store';

/** How long it takes to go when nothing holds it. */
const EXIT_DELAY_MS = 500;
/** Where the descriptors of the ports are in the next process, behind stdin, stdout and stderr. */
const [SQL_FD, RPC_FD] = [3, 4];

type State = 'HU_STATE_WAIT_HU_CMD' | 'HU_STATE_WAIT_LOCAL_CR_FINISH';

export interface LifeParts {
  readonly settings: Settings;
  readonly store: Store;
  readonly log: Log;
  /** The command line as it was typed, the program first. */
  readonly words: readonly string[];
  readonly inheritance: Inheritance | undefined;
  /** Started with -N: it has a parent that is no proxy. */
  readonly foreground: boolean;
  /** Connections of clients. */
  connections(): number;
  /** New connections are taken and closed. */
  refuse(): void;
  /** New connections are taken and hear nothing. */
  ignore(): void;
  /** New connections wait in the kernel's queue; descriptors of the ports for the next process. */
  hold(): Promise<{ sqlFd: number; rpcFd: number | undefined }>;
  release(): Promise<void>;
  openMetrics(): Promise<void>;
  closeMetrics(): void;
  stopPolling(): void;
}

export class LifeCycle {
  /** Resolves when the process should leave. */
  readonly done: Promise<void>;
  private leave: () => void = () => undefined;
  private state: State = 'HU_STATE_WAIT_HU_CMD';
  /** A child is no parent, and takes no command, until it serves. */
  private isParent: boolean;
  private accepts = true;
  private exiting = false;
  private child: ChildProcess | undefined;
  private childEnded = false;
  /** SIGUSR1 came, or the child was killed: a rollback, or a late SIGUSR1, is no matter any more. */
  private decided = false;
  private rollbackAt = Number.POSITIVE_INFINITY;
  /** Of the orderly end. */
  private ending: { from: number; to: number; connections: number; timer: NodeJS.Timeout } | undefined;
  /** Told to be offline, and until when sessions count. */
  private offlineUntil: number | undefined;

  constructor(private readonly parts: LifeParts) {
    this.isParent = parts.inheritance === undefined;
    this.done = new Promise((resolve) => {
      this.leave = resolve;
    });
  }

  /** Once the ports are open: signals count, commands are looked for, and the process before may go. */
  begin(): void {
    process.on('SIGTERM', () => this.exit());
    process.on('SIGINT', () => this.exit());
    process.on('SIGHUP', () => undefined);
    process.on('SIGUSR1', () => this.endOrderly());
    // A process that leaves orderly tells its parent; an OBProxy forgets that child then.
    process.on('SIGUSR2', () => {
      this.child = undefined;
    });
    this.scheduleCheck();
    const parent = this.parts.inheritance?.parent;
    if (parent !== undefined && process.ppid === parent) process.kill(parent, 'SIGUSR1');
    this.isParent = true;
  }

  /** What `select proxy_status()` tells a load balancer (ob_mysql_sm.cpp): offline stops nothing. */
  status(): 'ACTIVE' | 'BE_INACTIVE' | 'INACTIVE' {
    if (this.offlineUntil === undefined) return 'ACTIVE';
    const isOver = this.offlineUntil >= 0 && Date.now() > this.offlineUntil;
    return isOver || this.parts.connections() <= 1 ? 'INACTIVE' : 'BE_INACTIVE';
  }

  /**
   * Whether a session must end now that its transaction has: in an orderly end as many may be open as there is time left
   * (ObMysqlClientSession::need_close). Not with a timeout of -1 or 0.
   */
  sheds(): boolean {
    const { ending } = this;
    if (ending === undefined || this.accepts || ending.to <= ending.from) return false;
    const left = ending.to - Date.now();
    if (left < 0) return true;
    return this.parts.connections() > Math.ceil((left * ending.connections) / (ending.to - ending.from));
  }

  /** SHOW PROXYINFO UPGRADE: one text (DEF_TO_STRING(ObHotUpgraderInfo)). */
  upgradeInfo(): string {
    const { words, inheritance } = this.parts;
    const masked = words.map((word) => word.replace(/(password=)[^,]*/g, '$1***'));
    const quoted = (text: string): string => JSON.stringify(text);
    const nanoseconds = (milliseconds: number | undefined): number => (milliseconds ?? 0) * 1e6;
    return `{info:{${[
      `is_inherited:${inheritance !== undefined}`,
      'upgrade_version:0',
      `need_conn_accept:${this.accepts}`,
      'user_rejected:0',
      `ipv4_fd:${inheritance?.sqlFd ?? SQL_FD}`,
      'ipv6_fd:-1',
      'received_sig:-1',
      `sub_pid:${this.child?.pid ?? -1}`,
      `graceful_exit_end_time:${nanoseconds(this.ending?.to)}`,
      `graceful_exit_start_time:${nanoseconds(this.ending?.from)}`,
      `active_client_vc_count:${this.ending?.connections ?? -1}`,
      'rc_status:""',
      'hu_cmd:""',
      `state:${quoted(this.state)}`,
      'hu_status:""',
      `is_parent:${this.isParent}`,
      `argc:${words.length}`,
      ...masked.map((word, index) => `argv[${index}]=${quoted(word)}`),
      `inherited_argv[0]=${quoted(words[0] ?? '')}`,
    ].join(', ')}}}`;
  }

  /** Every random half to whole proxy_hot_upgrade_check_interval, for ever: it keeps a process whose ports are held. */
  private scheduleCheck(): void {
    const interval = this.parts.settings.milliseconds('proxy_hot_upgrade_check_interval');
    setTimeout(
      async () => {
        await this.check();
        this.scheduleCheck();
      },
      interval * (0.5 + Math.random() / 2),
    );
  }

  private async check(): Promise<void> {
    const restart = this.takeCommand() === '2';
    if (this.state === 'HU_STATE_WAIT_HU_CMD') {
      if (restart) await this.handOver();
    } else if (this.childEnded) {
      await this.goOn();
    } else if (!this.decided && Date.now() > this.rollbackAt) {
      this.child?.kill('SIGKILL');
      this.decided = true;
      this.parts.log.write('INFO', 'upgrade timeout, will send SIGKILL to subprocess');
      await this.goOn();
    }
  }

  /** A command that comes at the wrong time is dropped; only the log tells. */
  private takeCommand(): string {
    const { settings, log } = this.parts;
    const command = settings.value('proxy_local_cmd');
    if (command === '0') return command;
    settings.reset('proxy_local_cmd');
    if (command === '3') {
      const timeout = Number(settings.value('hot_upgrade_exit_timeout')) / 1000;
      this.offlineUntil = timeout < 0 ? timeout : Date.now() + timeout;
    }
    if (command === '4') this.offlineUntil = undefined;
    if (command !== '1' && command !== '2') return '0';
    if (this.state !== 'HU_STATE_WAIT_HU_CMD' || !this.isParent || !this.accepts) {
      const what = command === '1' ? 'exit' : 'restart';
      log.write('WDIAG', `it is doing hot upgrading now, CAN NOT do quick ${what} from local cmd`);
      return '0';
    }
    if (command === '1') this.exit();
    return command;
  }

  /**
   * A new process of the program's first word, without options, in this folder. This one accepts nothing from now on;
   * whoever connects waits until one of the two serves.
   */
  private async handOver(): Promise<void> {
    const { parts } = this;
    this.state = 'HU_STATE_WAIT_LOCAL_CR_FINISH';
    this.accepts = false;
    this.childEnded = false;
    this.decided = false;
    parts.closeMetrics();
    try {
      parts.store.handOver();
      const fds = await parts.hold();
      const { rpcFd } = fds;
      const child = spawn(parts.words[0] ?? '', [], {
        stdio: ['inherit', 'inherit', 'inherit', fds.sqlFd, ...(rpcFd === undefined ? [] : [rpcFd])],
        env: environmentFor({ sqlFd: SQL_FD, rpcFd: rpcFd === undefined ? undefined : RPC_FD }),
      });
      // execve fails in the child: it exits.
      child.once('error', () => this.ended(child, 'it could not be executed'));
      child.once('exit', (code, signal) => this.ended(child, `status:${code ?? signal}`));
      child.unref();
      this.child = child;
      this.rollbackAt = Date.now() + parts.settings.milliseconds('hot_upgrade_rollback_timeout');
      parts.log.write('INFO', `succ to fork new proxy, sub_pid:${child.pid ?? -1}`);
    } catch (error) {
      parts.log.write('WDIAG', `fail to spawn sub process: ${String(error)}`);
      await this.goOn();
    }
  }

  private ended(child: ChildProcess, how: string): void {
    this.parts.log.write('INFO', `sub process exit, pid:${child.pid ?? -1}, ${how}`);
    if (this.child !== child) return;
    this.child = undefined;
    this.childEnded = true;
    this.decided = false;
  }

  /** As if nothing had been: the next attempt may be made. */
  private async goOn(): Promise<void> {
    const { parts } = this;
    this.state = 'HU_STATE_WAIT_HU_CMD';
    this.childEnded = false;
    this.rollbackAt = Number.POSITIVE_INFINITY;
    clearInterval(this.ending?.timer);
    this.ending = undefined;
    parts.store.goOn();
    await parts.release();
    this.accepts = true;
    await parts.openMetrics();
  }

  /** SIGTERM, proxy_local_cmd=1: sessions work on for a moment. */
  private exit(): void {
    if (this.exiting) return;
    this.exiting = true;
    this.accepts = false;
    this.parts.log.write('INFO', 'leaving');
    this.parts.refuse();
    this.parts.stopPolling();
    setTimeout(this.leave, EXIT_DELAY_MS);
  }

  /** SIGUSR1, of a child that serves or of anybody: sessions may go on up to hot_upgrade_exit_timeout (-1: for ever). */
  private endOrderly(): void {
    const { parts } = this;
    if (this.decided) return;
    this.decided = true;
    this.accepts = false;
    parts.log.write('INFO', 'recv SIGUSR1 signal, will graceful exit');
    const from = Date.now();
    const to = from + Number(parts.settings.value('hot_upgrade_exit_timeout')) / 1000;
    const timer = setInterval(() => {
      const isOver = to >= from && Date.now() >= to;
      if (parts.connections() > 0 && !isOver) return;
      clearInterval(timer);
      setTimeout(() => this.leaveOrderly(), isOver ? 0 : EXIT_DELAY_MS);
    }, 100);
    this.ending = { from, to, connections: parts.connections(), timer };
    // Where it has handed over, connections stay in the kernel's queue; the new process takes them.
    if (this.state === 'HU_STATE_WAIT_HU_CMD') parts.ignore();
  }

  /**
   * The parent is told by SIGUSR2 unless it is process 1, which ends a shell or a supervisor without a handler for it (-N).
   * In the background nobody but another OBProxy is told here: the first process of a session manager is not ours to end.
   */
  private leaveOrderly(): void {
    if (this.ending === undefined) return;
    const { ppid } = process;
    if (ppid > 1 && (this.parts.foreground || nameOf(ppid) === 'obproxy')) process.kill(ppid, 'SIGUSR2');
    this.leave();
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
