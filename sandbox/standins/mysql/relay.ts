/**
 * A login that a proxy passes on: the client's answer to the proxy's scramble goes to the server as it is, with the scramble
 * beside it, because the proxy knows no password. From then on bytes go both ways unread.
 */
import { connect, type Socket } from 'node:net';
import { parseAddress } from '../../../runtime/addressText';

/** Connection attribute of the stand-ins: the scramble that the client answered, in hex. */
export const PROXY_SCRAMBLE = '__standin_proxy_scramble';

const TIMEOUT_MS = 2_000;
// LONG_PASSWORD | LONG_FLAG | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | PLUGIN_AUTH | CONNECT_ATTRS
const CAPABILITIES = 1 | 4 | 0x200 | 0x2000 | 0x8000 | 0x8_0000 | 0x10_0000;
const UTF8MB4_GENERAL_CI = 45;
const HEADER_BYTES = 4;

export interface PassedLogin {
  readonly user: string;
  readonly token: Buffer;
  readonly scramble: Buffer;
}

/** Texts here are all shorter than 251 bytes. */
function counted(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function handshakeResponse({ user, token, scramble }: PassedLogin): Buffer {
  const fixed = Buffer.alloc(32);
  fixed.writeUInt32LE(CAPABILITIES, 0);
  fixed.writeUInt32LE(0x100_0000, 4);
  fixed[8] = UTF8MB4_GENERAL_CI;
  const attributes = Buffer.concat([counted(PROXY_SCRAMBLE), counted(scramble.toString('hex'))]);
  const payload = Buffer.concat([
    fixed,
    Buffer.from(`${user}\0`),
    counted(token),
    Buffer.from('mysql_native_password\0'),
    counted(attributes),
  ]);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntLE(payload.length, 0, 3);
  header[3] = 1;
  return Buffer.concat([header, payload]);
}

/**
 * Connects to a server (`ip:port`), reads its greeting and sends the login. Undefined when it does not greet. The answer to
 * the login is the next thing to be read; it has the number that the client waits for.
 */
export function passOn(server: string, login: PassedLogin): Promise<Socket | undefined> {
  const address = parseAddress(server);
  if (address === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const socket = connect({ host: address.host, port: address.ports[0] ?? 0, noDelay: true });
    const give = (result: Socket | undefined): void => {
      clearTimeout(timer);
      socket.removeAllListeners('readable').removeAllListeners('close');
      if (result === undefined) socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => give(undefined), TIMEOUT_MS);
    socket.on('error', () => undefined);
    socket.on('close', () => give(undefined));
    let greeting: Buffer = Buffer.alloc(0);
    socket.on('readable', () => {
      const more = socket.read() as Buffer | null;
      if (more === null) return;
      greeting = Buffer.concat([greeting, more]);
      // The server says nothing more until it is answered.
      if (greeting.length < HEADER_BYTES || greeting.length < HEADER_BYTES + greeting.readUIntLE(0, 3))
        return;
      socket.write(handshakeResponse(login));
      give(socket);
    });
  });
}

/** Bytes of each go to the other; the end of one is the end of both. */
export function join(client: Socket, server: Socket): void {
  // The protocol of this side is over for the client: what it says is not read here any more.
  client.removeAllListeners('data');
  client.on('error', () => server.destroy()).on('close', () => server.destroy());
  server.on('error', () => client.destroy()).on('close', () => client.end());
  client.pipe(server);
  server.pipe(client);
}
