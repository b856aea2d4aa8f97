import type { Socket } from 'node:net';
import { type AuthHandlerMiddleware, Client, type ConnectConfig } from 'ssh2';
import { AddressDenied, type AddressPolicy, connectTo } from '../runtime/addresses';
import { addressText } from '../runtime/addressText';
import { PermanentError, SaidError, saidOf, TransientError } from '../runtime/errors';
import { type Said, say, type Text } from '../runtime/messages/catalogue';
import { printable } from '../runtime/printable';
import { Connection, HostMemory } from './connection';
import { type HostKeyCheck, hostKeyVerifier } from './hostKey';
import type { HostAddress, PinHostKey } from './types';

/** A machine that is there answers the first packet; how long its log-in takes is a setting. */
const TCP_TIMEOUT_MS = 10_000;
/** UseDNS waits for name servers and PAM for directories, half a minute and more where those are away. */
export const DEFAULT_LOGIN_SECONDS = 60;
const KEEPALIVE_MS = 2_000;
const KEEPALIVE_MISSES = 3;
/** Between two logins that the host ended without a word: a reboot shows itself by then. */
const AGAIN_MS = 500;
/** Every name under which a host key of one kind can be negotiated (RFC 8332 for RSA). */
const RSA_NAMES = ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] as const;
/** Of what a host says while it refuses a login; legal notices are long. */
const MOST_SAID = 4_000;
/** Prompts to which the password is no answer. */
const OTHER_PROMPT = /new|retype|again|current|code|token|otp|pin\b/i;

type SshError = Error & { level?: string; code?: string | number };
type RemovableKind = (typeof RSA_NAMES)[number] | 'ssh-ed25519' | 'ecdsa-sha2-nistp256';

export interface LoginOptions {
  readonly pin: PinHostKey;
  readonly addresses: AddressPolicy;
  /** For everything between the TCP connection and an open session; default 60. */
  readonly loginSeconds?: number | undefined;
  /** What is known of the host already. */
  readonly memory?: HostMemory;
}

/** What came to light during one login. */
interface Attempt extends HostKeyCheck {
  /** Banners, and what PAM asks and tells, in their order. */
  readonly said: string[];
  /** Algorithms were agreed on and the host key counts: from here on it is about the account. */
  authenticating?: boolean;
  /** Ways to authenticate that the host still wanted when it refused the last one. */
  wanted?: readonly string[];
  /** One of the ways was right, and the host wants another besides. */
  partial?: boolean;
  closed?: boolean;
  late?: boolean;
}

/**
 * Connects and logs in. The host key must be the pinned one; without a pinned one the key shown is pinned by
 * `pin`, and the key it answers counts. Throws TransientError HostUnreachable (CMP07004), PermanentError
 * HostLoginRefused, SshHandshakeFailed or HostKeyChanged (CMP07002), AddressDenied (OBE19007). What the host said is
 * told first and whole.
 */
export async function connect(address: HostAddress, options: LoginOptions): Promise<Connection> {
  const refused: RemovableKind[] = [];
  let first: HostKeyCheck | undefined;
  let hungUp = false;
  for (;;) {
    const check: Attempt = { said: [] };
    try {
      return await logIn(address, options, check, refused);
    } catch (error) {
      // PAM ends the connection to refuse an account, and so does an sshd that is stopped: the second time tells.
      if (check.closed === true && check.authenticating === true && !hungUp) {
        hungUp = true;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        continue;
      }
      if (check.failure !== undefined) throw check.failure;
      if (error instanceof AddressDenied) throw error;
      if (check.expected === undefined) {
        // No other kind of key is left to ask for: the one shown first is the news.
        if (first !== undefined && isHandshake(error)) throw hostKeyChanged(address, first);
        throw asTrouble(address, error as SshError, check, options);
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
  options: LoginOptions,
  check: Attempt,
  refused: readonly RemovableKind[],
): Promise<Connection> {
  const memory = options.memory ?? new HostMemory();
  return new Promise((resolve, reject) => {
    // ssh2's own socket has Nagle on (44 ms a command instead of 4), and cannot be destroyed once it was ended.
    const socket = gathering(
      connectTo({ ip: address.ip, port: address.sshPort, addresses: options.addresses }),
    );
    const client = new Client();
    const loginMs = 1000 * (options.loginSeconds ?? DEFAULT_LOGIN_SECONDS);
    const timers: NodeJS.Timeout[] = [];
    const fail = (error: Error) => {
      for (const timer of timers) clearTimeout(timer);
      reject(error);
      socket.destroy();
    };
    timers.push(
      setTimeout(() => {
        if (socket.connecting) fail(new SaidError(say('ssh.noTcp', { seconds: TCP_TIMEOUT_MS / 1000 })));
      }, TCP_TIMEOUT_MS),
      setTimeout(() => {
        check.late = true;
        const silent = check.authenticating === true ? say('ssh.loginUnfinished') : say('ssh.noGreeting');
        fail(new SaidError(say('ssh.within', { silent, seconds: loginMs / 1000 })));
      }, loginMs),
    );
    let rounds = 0;
    client.on('keyboard-interactive', (_name, instructions, _language, prompts, finish) => {
      const asked = prompts.map(({ prompt }) => prompt);
      check.said.push(instructions, ...(rounds > 0 ? asked : []));
      const [only] = asked;
      const fits = rounds === 0 && (only === undefined || (asked.length === 1 && !OTHER_PROMPT.test(only)));
      if (only !== undefined) rounds += 1;
      // PAM may ask for a new password, or a code: the password is not for them.
      if (!fits) {
        check.said.push(...(rounds === 1 ? asked : []));
        fail(
          Object.assign(new Error('it asks for more than a password'), { level: 'client-authentication' }),
        );
        return;
      }
      finish(asked.map(() => (address.auth.kind === 'password' ? address.auth.password : '')));
    });
    client.on('banner', (text) => check.said.push(text));
    client.on('handshake', () => {
      check.authenticating = true;
    });
    client.on('error', fail);
    client.on('close', () => {
      check.closed = true;
      fail(new Error('the host closed the connection during login'));
    });
    client.on('ready', () => {
      for (const timer of timers) clearTimeout(timer);
      client.off('error', fail);
      client.removeAllListeners('close');
      const fingerprint = check.shown?.fingerprint ?? '';
      const another = () => connect({ ...address, hostKey: fingerprint }, { ...options, memory });
      resolve(new Connection(client, socket, address, fingerprint, memory, another));
    });
    const config: ConnectConfig = {
      sock: socket,
      username: address.username,
      readyTimeout: 0, // the timers above do it
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVE_MISSES,
      hostVerifier: hostKeyVerifier(address.hostId, address.hostKey, address.pin ?? options.pin, check),
      algorithms: { serverHostKey: { remove: [...refused], append: [], prepend: [] } },
      ...credential(address),
      authHandler: inTurn(address.auth.kind, check),
    };
    try {
      client.connect(config);
    } catch (error) {
      fail(error as Error); // an unreadable private key is thrown at once
    }
  });
}

/**
 * ssh2 writes every packet by itself, and a write costs 0.05 ms and more, since on this machine the kernel hands it to its
 * reader at once: what is written in one turn of the event loop goes in one system call.
 */
function gathering(socket: Socket): Socket {
  const write = socket.write.bind(socket);
  let corked = false;
  const gathered = (...args: Parameters<typeof write>) => {
    if (!corked) {
      corked = true;
      socket.cork();
      process.nextTick(() => {
        corked = false;
        socket.uncork();
      });
    }
    return write(...args);
  };
  socket.write = gathered as typeof socket.write;
  return socket;
}

function credential({ auth }: HostAddress): ConnectConfig {
  if (auth.kind === 'password') return { password: auth.password, tryKeyboard: true };
  const passphrase = auth.passphrase === undefined ? {} : { passphrase: auth.passphrase };
  return { privateKey: auth.privateKey, ...passphrase };
}

/** One way to authenticate after another, noting what the host would take. */
function inTurn(kind: HostAddress['auth']['kind'], check: Attempt): AuthHandlerMiddleware {
  // sshd behind PAM may offer keyboard-interactive instead of password.
  const ways = kind === 'password' ? ['password', 'keyboard-interactive'] : ['publickey'];
  return (wanted, partial, next) => {
    if (wanted !== null) check.wanted = wanted;
    if (partial === true) check.partial = true;
    next((ways.shift() ?? false) as Parameters<typeof next>[0]);
  };
}

/** What the host said, as it is shown: the first words of an error about it. */
export function hostSaid(text: string): string {
  const lines = text
    .split(/\r?\n/)
    .map((line) => printable(line).trim())
    .filter((line, index, all) => line !== '' && line !== all[index - 1]);
  return lines.join(' | ').slice(0, MOST_SAID);
}

/** What to do about an account that a host does not let in, from the host's own words. */
function loginNext(address: HostAddress, said: string, check: Attempt): Text {
  const user = address.username;
  if (/expired|new password|password change|change your password|current password/i.test(said)) {
    return say('next.setNewPassword', { user });
  }
  if (check.partial === true || /code|token|otp/i.test(said)) {
    return say('next.takeSecondFactorOff');
  }
  if (check.closed === true) {
    return say('next.lookAtPam', { user });
  }
  const kind = address.auth.kind === 'key' ? 'publickey' : 'password';
  if (check.wanted !== undefined && !check.wanted.includes(kind)) {
    const setting = kind === 'publickey' ? 'PubkeyAuthentication' : 'PasswordAuthentication';
    return say('next.allowSetting', { setting });
  }
  return say('next.correctLogin');
}

function loginRefused(address: HostAddress, check: Attempt, cameBack: Said): PermanentError {
  // ssh2 takes packets of 35 000 bytes, as RFC 4253 asks for; OpenSSH sends a banner of any length in one.
  const tooLong = typeof cameBack === 'string' && cameBack.startsWith('Bad packet length');
  const kind = say(address.auth.kind === 'key' ? 'ssh.key' : 'ssh.password');
  const said = hostSaid(check.said.join('\n'));
  return new PermanentError({
    type: 'HostLoginRefused',
    code: 'CMP07002',
    tried: say('ssh.logIn', { username: address.username, kind }),
    where: addressText(address.ip, address.sshPort),
    cameBack: [
      ...(said === '' ? [] : [say('ssh.hostSays', { said })]),
      cameBack,
      ...(check.wanted === undefined ? [] : [say('ssh.takes', { kinds: check.wanted.join(', ') })]),
    ],
    next: tooLong ? say('next.shortenBanner') : loginNext(address, said, check),
  });
}

function isHandshake(error: unknown): boolean {
  return (error as SshError).level === 'handshake';
}

function asTrouble(
  address: HostAddress,
  error: SshError,
  check: Attempt,
  { loginSeconds = DEFAULT_LOGIN_SECONDS }: LoginOptions,
): Error {
  const where = addressText(address.ip, address.sshPort);
  if (error.level === 'client-authentication') {
    const refusal = error.message.startsWith('All configured') ? say('ssh.refused') : error.message;
    return loginRefused(address, check, refusal);
  }
  if (/privateKey|passphrase/.test(error.message)) return loginRefused(address, check, error.message);
  // systemd's words until the host is up; they pass by themselves.
  const booting = /system is (booting|going down)/i.test(check.said.join(' '));
  if (check.authenticating === true && check.late !== true && !booting) {
    return loginRefused(address, check, saidOf(error));
  }
  if (isHandshake(error)) {
    return new PermanentError({
      type: 'SshHandshakeFailed',
      code: 'CMP07002',
      tried: say('ssh.agree'),
      where,
      cameBack: error.message,
      next: say('next.allowAlgorithms'),
    });
  }
  return new TransientError(
    {
      type: 'HostUnreachable',
      code: 'CMP07004',
      tried: say('ssh.connect'),
      where,
      cameBack: booting ? say('ssh.hostSays', { said: hostSaid(check.said.join('\n')) }) : saidOf(error),
      next:
        check.late === true && check.authenticating === true
          ? say('next.raiseLoginSeconds', { seconds: loginSeconds })
          : say('next.checkSshServer'),
    },
    { cause: error },
  );
}

function hostKeyChanged(address: HostAddress, check: HostKeyCheck): PermanentError {
  const shown = check.shown?.fingerprint ?? say('ssh.otherKey');
  return new PermanentError({
    type: 'HostKeyChanged',
    code: 'CMP07002',
    tried: say('ssh.trust'),
    where: addressText(address.ip, address.sshPort),
    cameBack: say('ssh.keyDiffers', { shown, expected: check.expected ?? '?' }),
    next: say('next.pinKey', { shown }),
  });
}
