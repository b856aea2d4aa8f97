import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Client, ClientChannel, SFTPWrapper } from 'ssh2';
import { giveUp } from '../runtime/addresses';
import { SaidError, saidOf, TransientError } from '../runtime/errors';
import { type Said, say } from '../runtime/messages/catalogue';
import { Slots } from '../runtime/slots';
import { Shells } from './shells';
import type { HostAddress } from './types';

/** OpenSSH's MaxSessions is 10 by default and frees slots late, so fewer are used (observed, OpenSSH 9.2). */
export const CHANNELS = 8;
/** Pauses between attempts when sshd says "Channel open failure" although a slot is free, in milliseconds. */
const OPEN_PAUSES = [20, 50, 100, 200, 400, 800, 1600, 3000];
/** So many refusals, while others stay open, are no late freeing: there are no more channels than those. */
const LATE_REFUSALS = 4;
/** An SFTP server says its first word at once; a shell in its place never does. */
const SFTP_START_MS = 15_000;
/** A connection that carried the last tunnel stays for the next one, in milliseconds. */
const SIDE_IDLE_MS = 30_000;
/** What a host refused is believed for so long, or until somebody asks for a new connection. */
const MEMORY_MS = 10 * 60_000;
/** A retired connection is ended when it is unused for so long, in milliseconds. */
const RETIRE_MS = 2_000;

type Closable = { once(event: 'close', listener: () => void): unknown };
/** Asks ssh2 for a channel. */
type Start<T> = (done: (error: Error | undefined, channel: T) => void) => void;

/** What earlier connections to a host have learnt; shared by all with one credential. */
export class HostMemory {
  private readonly since = Date.now();
  /** Channels that its sshd opens on one connection; fewer than CHANNELS when it refused more. */
  channels = CHANNELS;
  /** Why it serves no SFTP. */
  noSftp: Said | undefined;
  /** Why it forwards no port. */
  noForwarding: Said | undefined;

  /** Nothing was refused so far. */
  get untroubled(): boolean {
    return this.channels >= CHANNELS && this.noSftp === undefined && this.noForwarding === undefined;
  }

  get stale(): boolean {
    return Date.now() - this.since > MEMORY_MS;
  }
}

/** Thrown when the host's sshd starts no SFTP that speaks; the channel that was asked for cannot be closed. */
export class SftpMissing extends SaidError {}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Channel open failure');
}

/** One authenticated SSH connection. Every method throws TransientError once it is lost. */
export class Connection {
  /** `Date.now()` of the login. */
  readonly born = Date.now();
  /** No new work is given to it, since it keeps what sshd's configuration was at its login, or a channel that hangs. */
  retired = false;
  /** When the last channel was opened or closed, `Date.now()`. */
  private touched = Date.now();
  private open = 0;
  /** Session channels among them, which MaxSessions counts. */
  private sessions = 0;
  private lost: TransientError | undefined;
  private readonly slots: Slots;
  private readonly sides = new Set<Connection>();
  /** Root's shells, which serve one script after another. */
  readonly shells: Shells;

  constructor(
    private readonly client: Client,
    private readonly socket: Socket,
    readonly address: HostAddress,
    /** Fingerprint of the key the host showed. */
    readonly fingerprint: string,
    readonly memory: HostMemory,
    /** Logs in once more. */
    private readonly another: () => Promise<Connection>,
  ) {
    this.slots = new Slots(memory.channels);
    this.shells = new Shells(
      memory.channels,
      (command, signal) => this.exec(command, signal),
      () => this.slots.waiting > 0,
    );
    let cause: Said = say('ssh.hostClosed');
    client.on('error', (error) => {
      cause = error.message;
      // Keepalive tells that the host is silent; ssh2 would close plainly after this event.
      giveUp(socket);
    });
    client.on('close', () => {
      this.lost = connectionLost(address, cause);
      this.slots.refuseAll(this.lost);
      this.shells.refuseAll(this.lost);
    });
  }

  get alive(): boolean {
    return this.lost === undefined;
  }

  /** Milliseconds since the last use; 0 while a channel is used. */
  get idleMs(): number {
    if (this.open > this.shells.unused) return 0;
    return Date.now() - Math.max(this.touched, this.shells.touched);
  }

  /** Callers that wait for a free channel or shell. */
  get waiting(): number {
    return this.slots.waiting + this.shells.waiting;
  }

  /** The host opens fewer channels than are wanted at times, so nobody may keep one for long. */
  get narrow(): boolean {
    return this.slots.count < CHANNELS;
  }

  /** Why the connection ended, as the error to throw; also when ssh2 has not told it yet. */
  lostError(): TransientError {
    return this.lost ?? connectionLost(this.address, say('ssh.noExitCode'));
  }

  /**
   * Runs `command` (a constant: it stands in the argv of a remote shell) and resolves to its channel. Waits for a free one.
   * @throws TransientError ChannelRefused when sshd opens not even one; the connection is retired then.
   */
  exec(command: string, signal?: AbortSignal): Promise<ClientChannel> {
    return this.session<ClientChannel>((done) => this.client.exec(command, done), signal);
  }

  /** @throws SftpMissing when it does not speak; the connection is retired then. */
  async sftp(signal?: AbortSignal): Promise<SFTPWrapper> {
    const known = this.memory.noSftp;
    if (known !== undefined) throw new SftpMissing(known);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await this.session<SFTPWrapper>((done) => {
        timer = setTimeout(
          () =>
            done(
              new SftpMissing(say('ssh.sftpSilent', { seconds: SFTP_START_MS / 1000 })),
              undefined as never,
            ),
          SFTP_START_MS,
        );
        this.client.sftp((error, sftp) => {
          clearTimeout(timer);
          done(error === undefined || isRefusal(error) ? error : new SftpMissing(error.message), sftp);
        });
      }, signal);
    } catch (error) {
      if (error instanceof SftpMissing) {
        this.memory.noSftp = error.said;
        // ssh2 leaves the channel open and hands it to nobody.
        this.retire();
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A stream to 127.0.0.1:port as the host sees it; rejects with ssh2's own error. Needs no session slot. */
  async forward(port: number): Promise<Duplex> {
    const channel = await this.channel<ClientChannel>((done) =>
      this.client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, done),
    );
    this.count(channel);
    return channel;
  }

  /**
   * As `exec`, on a connection of its own that others of this kind share: what lasts as long as its user likes (a tunnel
   * through a command) must not keep a channel from scripts.
   */
  async execAside(command: string): Promise<ClientChannel> {
    let channel: ClientChannel | undefined;
    for (const side of this.sides) {
      if (side.alive) channel ??= await side.execAtOnce(command);
    }
    if (channel === undefined) {
      const side = await this.another();
      this.sides.add(side);
      channel = await side.exec(command);
    }
    this.count(channel, () => setTimeout(() => this.dropSides(SIDE_IDLE_MS), SIDE_IDLE_MS).unref());
    return channel;
  }

  /** As `exec`, without waiting for others: on a new connection when this one has no channel left. */
  async execUrgently(command: string): Promise<ClientChannel> {
    const channel = await this.execAtOnce(command);
    if (channel !== undefined) return channel;
    const side = await this.another();
    try {
      const own = await side.exec(command);
      own.once('close', () => side.end());
      return own;
    } catch (error) {
      side.end();
      throw error;
    }
  }

  /** Whether sshd opens `wanted` channels at once, or how many fewer, which this connection shares from then on. */
  async countChannels(wanted: number): Promise<number> {
    const opened: ClientChannel[] = [];
    try {
      for (let refusals = 0; this.sessions < wanted && refusals <= LATE_REFUSALS; ) {
        const channel = await this.execAtOnce('cat');
        if (channel === undefined) {
          await delay(OPEN_PAUSES[refusals] ?? 0);
          refusals += 1;
        } else {
          channel.resume();
          channel.stderr.resume();
          opened.push(channel);
        }
      }
      if (this.sessions < wanted) this.share(Math.max(1, this.sessions));
      return Math.min(this.sessions, wanted);
    } finally {
      for (const channel of opened) channel.close();
    }
  }

  /** New work goes to another connection; this one is closed when what runs has ended. */
  retire(): void {
    if (this.retired) return;
    this.retired = true;
    this.endWhenIdle();
  }

  /** Says goodbye and closes. A host that is gone never answers the FIN, so the socket is not left to wait for it. */
  end(): void {
    for (const side of this.sides) side.end();
    this.client.end();
    this.socket.destroySoon();
    setTimeout(() => this.socket.destroy(), 1_000).unref();
  }

  private endWhenIdle(): void {
    // Who was given it a moment ago may not have asked for a channel yet.
    setTimeout(() => {
      if (!this.alive) return;
      // Looked at again and again: the last script only gives its shell back, and closes no channel.
      if (this.idleMs >= RETIRE_MS && this.waiting === 0) this.end();
      else this.endWhenIdle();
    }, RETIRE_MS).unref();
  }

  private dropSides(idleMs: number): void {
    for (const side of this.sides) {
      if (side.alive && side.idleMs < idleMs) continue;
      side.end();
      this.sides.delete(side);
    }
  }

  /** A channel if one can be had now. */
  private async execAtOnce(command: string): Promise<ClientChannel | undefined> {
    try {
      const channel = await this.opened<ClientChannel>((done) => this.client.exec(command, done));
      this.countSession(channel);
      return channel;
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw error;
    }
  }

  private async session<T extends Closable>(start: Start<T>, signal: AbortSignal | undefined): Promise<T> {
    let release = await this.slot(signal);
    try {
      for (let attempt = 0; ; attempt += 1) {
        try {
          const channel = await this.opened(start);
          this.countSession(channel, release);
          return channel;
        } catch (error) {
          if (this.lost !== undefined) throw this.lost;
          if (error instanceof SftpMissing) throw error;
          const pause = OPEN_PAUSES[attempt];
          if (pause === undefined || !isRefusal(error)) throw this.refused(error);
          if (attempt >= LATE_REFUSALS && this.sessions > 0) {
            this.share(this.sessions);
            release();
            release = await this.slot(signal);
            attempt = 0;
          }
          await delay(pause, signal);
        }
      }
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Waits for a slot; shells that lie unused make room. */
  private slot(signal: AbortSignal | undefined): Promise<() => void> {
    const taking = this.slots.take(signal);
    if (this.slots.waiting > 0) this.shells.yieldIdle();
    return taking;
  }

  /** sshd opens no more than so many at once: all of them share those from now on. */
  private share(channels: number): void {
    if (channels >= this.slots.count) return;
    this.memory.channels = channels;
    this.slots.resize(channels);
    this.shells.share(channels);
  }

  private refused(error: unknown): TransientError {
    // Whatever sshd's configuration says by now, this connection keeps what it said.
    this.retire();
    return new TransientError({
      type: 'ChannelRefused',
      code: 'CMP07002',
      tried: say('ssh.openChannel'),
      where: this.address.ip,
      cameBack: saidOf(error),
      next: isRefusal(error) ? say('next.setMaxSessions') : say('next.lookAtSshLog'),
    });
  }

  /**
   * A channel that is open. ssh2 hands out an SFTP session as ready when it ends during its last question to the server
   * (limits@openssh.com); its 'close' has come and gone by then, and nothing asked of it is ever answered.
   */
  private async opened<T extends Closable>(start: Start<T>): Promise<T> {
    let closed = false;
    const channel = await this.channel<T>((done) =>
      start((error, opened) => {
        if (!error) {
          opened.once('close', () => {
            closed = true;
          });
        }
        done(error, opened);
      }),
    );
    if (closed) throw new Error('the host closed the channel while it was being opened');
    return channel;
  }

  private channel<T>(start: Start<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.lost !== undefined) reject(this.lost);
      else start((error, channel) => (error ? reject(error) : resolve(channel)));
    }).catch((error: unknown) => {
      // ssh2 says "Not connected" or "No response from server" a moment before its 'close' event.
      if (error instanceof Error && /^(Not connected|No response from server)/.test(error.message)) {
        throw this.lostError();
      }
      throw error;
    }) as Promise<T>;
  }

  private countSession(channel: Closable, onClosed: () => void = () => {}): void {
    this.sessions += 1;
    this.count(channel, () => {
      this.sessions -= 1;
      onClosed();
    });
  }

  private count(channel: Closable, onClosed: () => void = () => {}): void {
    this.open += 1;
    this.touched = Date.now();
    channel.once('close', () => {
      this.open -= 1;
      this.touched = Date.now();
      onClosed();
    });
  }
}

function connectionLost(address: HostAddress, cause: Said): TransientError {
  return new TransientError({
    type: 'ConnectionLost',
    code: 'CMP07004',
    tried: say('ssh.keep'),
    where: address.ip,
    cameBack: cause,
    next: say('next.checkHostAndNetwork'),
  });
}

function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
