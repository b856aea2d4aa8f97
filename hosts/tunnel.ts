import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { PermanentError, saidOf, TransientError } from '../runtime/errors';
import { type Said, say, type Text } from '../runtime/messages/catalogue';
import type { Connection } from './connection';

const DIRECT_TIMEOUT_MS = 5_000;
/** How long the host's side of a tunnel may take to begin. */
const BEGIN_TIMEOUT_MS = 10_000;
/** RFC 4254 §5.1; sshd means "nothing listens" by it, its description is only "open failed". */
const CONNECT_FAILED = 2;
const MARK = 'obflow-tunnel';

/**
 * A stream to a port of the host's own loopback address through SSH, where OBProxy accepts its administrator
 * (OBProxy 4.3.1, observed). An sshd with `AllowTcpForwarding no`, `DisableForwarding yes` or `PermitOpen` prohibits the
 * channel: then through a shell of the host (bash, or nc), and where it can neither directly to the host's address. TransientError
 * PortClosed when nothing listens.
 */
export async function tunnel(connection: Connection, port: number): Promise<Duplex> {
  const stream = await forwarded(connection, port);
  if (stream !== undefined) return stream;
  return (await throughShell(connection, port)) ?? direct(connection.address.ip, port);
}

/** Undefined when sshd forwards no ports. TransientError PortClosed when nothing listens. */
async function forwarded(connection: Connection, port: number): Promise<Duplex | undefined> {
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new RangeError(`Not a TCP port: ${port}`);
  try {
    return await connection.forward(port);
  } catch (error) {
    if (error instanceof TransientError) throw error;
    const message = saidOf(error);
    const { reason } = error as { reason?: unknown };
    if (reason === CONNECT_FAILED || reason === undefined)
      throw portClosed(connection.address.ip, port, say('tunnel.ssh'), message);
    connection.memory.noForwarding = message;
    return undefined;
  }
}

/** Whether somebody listens on a port of the host's own loopback address; undefined when sshd forwards no ports. */
export async function listens(connection: Connection, port: number): Promise<boolean | undefined> {
  try {
    const stream = await forwarded(connection, port);
    stream?.on('error', () => {}); // whatever comes of it, it was opened
    stream?.destroy();
    return stream === undefined ? undefined : true;
  } catch (error) {
    if (error instanceof TransientError && error.type === 'PortClosed') return false;
    throw error;
  }
}

/**
 * A constant but for the port. The mark tells the bytes of the service from what a login script prints, and says how the
 * service is reached: by bash itself, or by nc where the shell cannot. nc (OpenBSD's, as Debian has it) does not tell that
 * the service has ended. Nobody but the reader of the service keeps stdout, so that its end comes through; the end of stdin,
 * also that of a lost connection, ends the whole process group, which sshd makes for each command. /proc/net/tcp has
 * ports in hexadecimal; asking it costs the service no connection.
 */
function command(port: number): string {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const listens = `grep -qE "^ *[0-9]+: [0-9A-F]+:${hex} [0-9A-F]+:0000 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null`;
  // One line: csh, which may be the login's shell, lets no quoted text go over several.
  return `exec sh -c 'PATH="\${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/bin:/bin"; export PATH;
${listens}; [ $? -ne 1 ] || { echo "${MARK} closed"; exit; };
if command -v bash >/dev/null 2>&1; then
  bash -c "exec 2>/dev/null 3<&0 4<>/dev/tcp/127.0.0.1/${port} || exit 1;
    echo ${MARK} open;
    { cat <&3 >&4; sleep 0.3 || sleep 1; kill -TERM 0; } </dev/null >/dev/null &
    exec 3<&-; exec cat <&4" && exit;
fi;
command -v nc >/dev/null 2>&1 || { echo "${MARK} no-nc"; exit; };
echo "${MARK} open";
exec 3<&0 5>&1 >/dev/null 2>&1;
( exec 5>&-; cat <&3; sleep 0.3 || sleep 1; kill -TERM 0 ) | nc 127.0.0.1 ${port} >&5 3<&- 5>&- &
exec 3<&- 5>&-;
wait'`.replaceAll(/\n\s*/g, ' ');
}

/** Undefined when the host has neither a bash that can nor nc. */
async function throughShell(connection: Connection, port: number): Promise<Duplex | undefined> {
  const where = connection.address.ip;
  const channel = await connection.execAside(command(port));
  channel.on('error', () => {}); // 'close' follows and decides
  let said = '';
  channel.stderr.on('data', (text: Buffer) => {
    said = `${said}${text}`.slice(-500);
  });
  const begun = await beginning(channel, () => said, where, port);
  if (begun.word === 'open') return bytesOf(channel, begun.rest);
  giveUp(channel);
  if (begun.word === 'no-nc') return undefined;
  throw portClosed(where, port, say('tunnel.shell'), say('tunnel.nothingListens'));
}

/** What the command says of itself, and the service's first bytes. */
function beginning(
  channel: ClientChannel,
  said: () => string,
  where: string,
  port: number,
): Promise<{ word: string; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let held = Buffer.alloc(0);
    const failed = (cameBack: Said) => {
      settle();
      channel.close();
      reject(
        new PermanentError({
          type: 'TunnelRefused',
          tried: say('tunnel.reachByShell', { port }),
          where,
          cameBack,
          next: say('next.allowTunnels'),
        }),
      );
    };
    const onData = (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      const match = new RegExp(`${MARK} (open|closed|no-nc)\n`).exec(held.toString('latin1'));
      if (match?.[1] === undefined) {
        if (held.length > 1024 * 1024) failed(say('tunnel.printsWithoutEnd'));
        return;
      }
      settle();
      channel.pause();
      resolve({ word: match[1], rest: held.subarray(match.index + match[0].length) });
    };
    const onClose = () => failed(`${held.toString()}${said()}`.trim().slice(0, 500) || say('shell.silent'));
    const timer = setTimeout(
      () => failed(say('tunnel.noShell', { seconds: BEGIN_TIMEOUT_MS / 1000 })),
      BEGIN_TIMEOUT_MS,
    );
    const settle = () => {
      clearTimeout(timer);
      channel.off('data', onData);
      channel.off('close', onClose);
    };
    channel.on('data', onData);
    channel.once('close', onClose);
  });
}

/** Its 'close' event, by which its connection counts it, waits until everything is read that has come. */
function giveUp(channel: ClientChannel): void {
  channel.close();
  channel.resume();
}

/** The channel as a plain stream whose first bytes have been read already; it ends when nc does. */
function bytesOf(channel: ClientChannel, first: Buffer): Duplex {
  const stream = new Duplex({
    allowHalfOpen: false,
    read: () => void channel.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      channel.write(chunk, done);
    },
    final: (done) => {
      channel.end();
      done();
    },
    destroy: (error, done) => {
      giveUp(channel);
      done(error);
    },
  });
  if (first.length > 0) stream.push(first);
  channel.on('data', (chunk: Buffer) => {
    if (!stream.destroyed && !stream.push(chunk)) channel.pause();
  });
  let over = false;
  // What was read so far is still to be taken; when that is done the stream ends its other half and closes.
  const end = () => {
    if (!over && !stream.destroyed) stream.push(null);
    over = true;
  };
  channel.once('end', end);
  channel.once('close', end);
  return stream;
}

function direct(ip: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: ip, port, noDelay: true, timeout: DIRECT_TIMEOUT_MS });
    const fail = (message: Said) => {
      socket.destroy();
      reject(portClosed(ip, port, say('tunnel.direct'), message));
    };
    const failed = (error: Error) => fail(error.message);
    // Until somebody uses it and after they have: an error that nobody hears would end the process.
    socket.on('error', () => {});
    socket.once('error', failed);
    socket.once('timeout', () => fail(say('text.noAnswerWithin', { ms: DIRECT_TIMEOUT_MS })));
    socket.once('connect', () => {
      socket.off('error', failed);
      socket.removeAllListeners('timeout');
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}

function portClosed(ip: string, port: number, way: Text, cameBack: Said): TransientError {
  return new TransientError({
    type: 'PortClosed',
    tried: say('tunnel.reach', { port, way }),
    where: ip,
    cameBack,
    next: say('next.checkService'),
  });
}
