import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Client, type ClientChannel, type ConnectConfig, type SFTPWrapper } from 'ssh2';
import { AddressDenied, type AddressPolicy, connectTo, giveUp } from '../runtime/addresses';
import { addressText } from '../runtime/addressText';
import { PermanentError, TransientError } from '../runtime/errors';
import { type HostKeyCheck, hostKeyVerifier } from './hostKey';
import { Shells } from './shells';
import { Slots } from './slots';
import type { HostAddress, PinHostKey } from './types';

/** OpenSSH's MaxSessions is 10 by default and frees slots late, so fewer are used (observed, OpenSSH 9.2). */
const CHANNELS = 8;
/** Pauses between attempts when sshd says "Channel open failure" although a slot is free, in milliseconds. */
const OPEN_PAUSES = [20, 50, 100, 200, 400, 800, 1600, 3000];
const READY_TIMEOUT_MS = 10_000;
const KEEPALIVE_MS = 2_000;
const KEEPALIVE_MISSES = 3;
/** Every name under which a host key of one kind can be negotiated (RFC 8332 for RSA). */
const RSA_NAMES = ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] as const;

type SshError = Error & { level?: string; code?: string | number; reason?: string | number };
type Closable = { once(event: 'close', listener: () => void): unknown };
/** Asks ssh2 for a channel. */
type Start<T> = (done: (error: Error | undefined, channel: T) => void) => void;
type RemovableKind = (typeof RSA_NAMES)[number] | 'ssh-ed25519' | 'ecdsa-sha2-nistp256';

/** One authenticated SSH connection. Every method throws TransientError once it is lost. */
export class Connection {
  /** When the last channel was opened or closed, `Date.now()`. */
  private touched = Date.now();
  private open = 0;
  private lost: TransientError | undefined;
  private readonly slots = new Slots(CHANNELS);
  /** Root's shells, which serve one script after another. */
  readonly shells = new Shells((command, signal) => this.exec(command, signal));

  constructor(
    private readonly client: Client,
    private readonly socket: Socket,
    readonly address: HostAddress,
    /** Fingerprint of the key the host showed. */
    readonly fingerprint: string,
  ) {
    let cause = 'the host closed the connection';
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

  /** Why the connection ended, as the error to throw; also when ssh2 has not told it yet. */
  lostError(): TransientError {
    return this.lost ?? connectionLost(this.address, 'the channel ended without an exit code');
  }

  /** Runs `command` (a constant: it stands in the argv of a remote shell) and resolves to its channel. */
  exec(command: string, signal?: AbortSignal): Promise<ClientChannel> {
    return this.session((done) => this.client.exec(command, done), `open an SSH channel`, signal);
  }

  sftp(signal?: AbortSignal): Promise<SFTPWrapper> {
    return this.session((done) => this.client.sftp(done), 'start SFTP', signal);
  }

  /** A stream to 127.0.0.1:port as the host sees it; rejects with ssh2's own error. Needs no session slot. */
  async forward(port: number): Promise<Duplex> {
    const channel = await this.channel<ClientChannel>((done) =>
      this.client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, done),
    );
    this.count(channel);
    return channel;
  }

  /** Says goodbye and closes. A host that is gone never answers the FIN, so the socket is not left to wait for it. */
  end(): void {
    this.client.end();
    this.socket.destroySoon();
    setTimeout(() => this.socket.destroy(), 1_000).unref();
  }

  private async session<T extends Closable>(
    start: Start<T>,
    tried: string,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const release = await this.slots.take(signal);
    try {
      for (let attempt = 0; ; attempt += 1) {
        try {
          const channel = await this.opened(start);
          channel.once('close', release);
          this.count(channel);
          return channel;
        } catch (error) {
          const pause = OPEN_PAUSES[attempt];
          if (this.lost !== undefined) throw this.lost;
          const message = error instanceof Error ? error.message : String(error);
          if (pause === undefined || !message.includes('Channel open failure')) {
            throw new TransientError({
              type: 'ChannelRefused',
              code: 'CMP07002',
              tried,
              where: this.address.ip,
              cameBack: message,
              next: 'Look into the SSH server’s log on the host (MaxSessions, subsystem sftp).',
            });
          }
          await delay(pause, signal);
        }
      }
    } catch (error) {
      release();
      throw error;
    }
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

  private count(channel: Closable): void {
    this.open += 1;
    this.touched = Date.now();
    channel.once('close', () => {
      this.open -= 1;
      this.touched = Date.now();
    });
  }
}

/**
 * Connects and logs in. The host key must be the pinned one; without a pinned one the key shown is pinned by
 * `pin`, and the key it answers counts. Throws TransientError HostUnreachable (CMP07004), PermanentError
 * HostLoginRefused or HostKeyChanged (CMP07002), AddressDenied (OBE19007).
 */
export async function connect(
  address: HostAddress,
  pin: PinHostKey,
  addresses: AddressPolicy,
): Promise<Connection> {
  const refused: RemovableKind[] = [];
  let first: HostKeyCheck | undefined;
  for (;;) {
    const check: HostKeyCheck = {};
    try {
      return await logIn(address, pin, addresses, check, refused);
    } catch (error) {
      if (check.failure !== undefined) throw check.failure;
      if (error instanceof AddressDenied) throw error;
      if (check.expected === undefined) {
        // No other kind of key is left to ask for: the one shown first is the news.
        if (first !== undefined && isHandshake(error)) throw hostKeyChanged(address, first);
        throw asTrouble(address, error as SshError);
      }
      // A host has one key of each kind and the negotiated kind may differ from the pinned one's: ask for the others.
      first ??= check;
      const kind = check.shown?.kind as RemovableKind;
      if (refused.includes(kind)) throw hostKeyChanged(address, first);
      refused.push(...(kind === 'ssh-rsa' ? RSA_NAMES : [kind]));
    }
  }
}

function logIn(
  address: HostAddress,
  pin: PinHostKey,
  addresses: AddressPolicy,
  check: HostKeyCheck,
  refused: readonly RemovableKind[],
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    // ssh2's own socket has Nagle on (44 ms a command instead of 4), and cannot be destroyed once it was ended.
    const socket = connectTo({ ip: address.ip, port: address.sshPort, addresses });
    const client = new Client();
    const fail = (error: Error) => {
      reject(error);
      socket.destroy();
    };
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) => {
      finish(prompts.map(() => (address.auth.kind === 'password' ? address.auth.password : '')));
    });
    client.on('error', fail);
    client.on('close', () => fail(new Error('the host closed the connection during login')));
    client.on('ready', () => {
      client.off('error', fail);
      client.removeAllListeners('close');
      resolve(new Connection(client, socket, address, check.shown?.fingerprint ?? ''));
    });
    const config: ConnectConfig = {
      sock: socket,
      username: address.username,
      readyTimeout: READY_TIMEOUT_MS,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVE_MISSES,
      hostVerifier: hostKeyVerifier(address.hostId, address.hostKey, pin, check),
      algorithms: { serverHostKey: { remove: [...refused], append: [], prepend: [] } },
      ...credential(address),
    };
    try {
      client.connect(config);
    } catch (error) {
      fail(error as Error); // an unreadable private key is thrown at once
    }
  });
}

function credential({ auth }: HostAddress): ConnectConfig {
  if (auth.kind === 'password') {
    // sshd behind PAM may offer keyboard-interactive instead of password.
    return {
      password: auth.password,
      tryKeyboard: true,
      authHandler: ['password', 'keyboard-interactive'],
    };
  }
  return {
    privateKey: auth.privateKey,
    ...(auth.passphrase === undefined ? {} : { passphrase: auth.passphrase }),
    authHandler: ['publickey'],
  };
}

function isHandshake(error: unknown): boolean {
  return (error as SshError).level === 'handshake';
}

function asTrouble(address: HostAddress, error: SshError): Error {
  const where = addressText(address.ip, address.sshPort);
  if (error.level === 'client-authentication' || /privateKey|passphrase/.test(error.message)) {
    const kind = address.auth.kind === 'key' ? 'private key' : 'password';
    return new PermanentError({
      type: 'HostLoginRefused',
      code: 'CMP07002',
      tried: `log in by SSH as ${address.username} with the ${kind} of its credential`,
      where,
      cameBack: error.level === 'client-authentication' ? 'the host refused it' : error.message,
      next: `Correct the credential, or the host's authorized keys, apply the inventory file again, then retry.`,
    });
  }
  if (isHandshake(error)) {
    return new PermanentError({
      type: 'SshHandshakeFailed',
      code: 'CMP07002',
      tried: 'agree with the SSH server on algorithms',
      where,
      cameBack: error.message,
      next: 'Allow current key exchange, cipher and host key algorithms in the host’s sshd_config.',
    });
  }
  return new TransientError(
    {
      type: 'HostUnreachable',
      code: 'CMP07004',
      tried: 'connect by SSH',
      where,
      cameBack: error.message,
      next: 'Check that the host runs, that its SSH server listens on this port, and the network between.',
    },
    { cause: error },
  );
}

function hostKeyChanged(address: HostAddress, check: HostKeyCheck): PermanentError {
  const shown = check.shown?.fingerprint ?? 'another key';
  return new PermanentError({
    type: 'HostKeyChanged',
    code: 'CMP07002',
    tried: 'trust the SSH host key',
    where: addressText(address.ip, address.sshPort),
    cameBack: `the host shows ${shown}, pinned is ${check.expected}`,
    next: `If the host was reinstalled on purpose, set its hostKey to ${shown} in the inventory file and run \`obflow apply\`; otherwise somebody stands between.`,
  });
}

function connectionLost(address: HostAddress, cause: string): TransientError {
  return new TransientError({
    type: 'ConnectionLost',
    code: 'CMP07004',
    tried: 'keep the SSH connection',
    where: address.ip,
    cameBack: cause,
    next: 'Check that the host runs and the network between; what was started there goes on and is looked for at the next attempt.',
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
