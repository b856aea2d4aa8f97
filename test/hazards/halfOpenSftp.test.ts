/** A host whose SFTP goes away while it is being opened: between its VERSION and its answer about limits. */
import { Server, type ServerChannel } from 'ssh2';
import type { Connection } from '../../hosts/connection';
import { connect } from '../../hosts/login';
import { TransientError } from '../../runtime/errors';
import { sshKeyPair } from '../../sandbox/hosts/keys';
import { failureOf } from '../hosts/reach';
import { ANY_ADDRESS } from '../support/addresses';

/** SSH_FXP_VERSION 3 with the extension that makes ssh2 ask for limits before it says "ready". */
const VERSION = Buffer.concat([
  Buffer.from([0, 0, 0, 5 + 4 + 18 + 4 + 1, 2, 0, 0, 0, 3, 0, 0, 0, 18]),
  Buffer.from('limits@openssh.com'),
  Buffer.from([0, 0, 0, 1]),
  Buffer.from('1'),
]);

let open: { readonly connection: Connection; readonly server: Server };
afterEach(async () => {
  open.connection.end();
  await new Promise<void>((resolve) => open.server.close(() => resolve()));
});

/** A connection to a host that does `then` when it is asked for its limits, and answers `exec` at once. */
async function connected(then: (channel: ServerChannel, hangUp: () => void) => void): Promise<Connection> {
  const server = new Server({ hostKeys: [sshKeyPair('host').privateKey] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => context.accept());
    client.on('session', (accept) => {
      const session = accept();
      session.on('exec', (take) => void take().end());
      session.on('subsystem', (take) => {
        const channel = take();
        let packets = 0;
        channel.on('data', () => {
          packets += 1;
          if (packets === 1) channel.write(VERSION);
          else then(channel, () => client.end());
        });
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as { port: number };
  const auth = { kind: 'password', password: 'any' } as const;
  const address = { hostId: 1, ip: '127.0.0.1', sshPort: port, username: 'root', auth };
  const connection = await connect(address, { pin: async (_id, key) => key, addresses: ANY_ADDRESS });
  open = { connection, server };
  return connection;
}

test('a connection lost while SFTP is being opened is told at once, and is no session', async () => {
  const connection = await connected((_channel, hangUp) => hangUp());
  expect(await failureOf(connection.sftp())).toMatchObject({ type: 'ConnectionLost' });
});

test('an SFTP server that dies while it is being opened may be tried again, and holds no channel', async () => {
  const connection = await connected((channel) => channel.close());
  // More often than there are channels.
  for (let round = 0; round < 10; round += 1) {
    const error = await failureOf(connection.sftp());
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toContain('while it was being opened');
  }
  await connection.exec('true');
});
