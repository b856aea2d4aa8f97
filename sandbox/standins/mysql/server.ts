/**
 * The server half of the MySQL protocol for the stand-ins, on mysql2's server side. mysql2 leaves several things to its
 * user, all done here once: no delay on the socket (44 ms a query otherwise), packet numbers reset after every answer,
 * `SET`/`PREPARE` texts that arrive as another event, the check of mysql_native_password, and errors of broken clients.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { type ConnectionOptions, createConnection, Types } from 'mysql2';
import { Port, type PortAddress } from '../port';
import type { ServerConnection } from './mysql2Server';
import { join, PROXY_SCRAMBLE } from './relay';

/** One login as it arrives; `matches` and `withoutPassword` check the client's answer to the scramble. */
export interface Login {
  readonly user: string;
  readonly database: string;
  /** Address of the client, IPv4-mapped addresses in their IPv4 form. */
  readonly address: string;
  readonly port: number;
  readonly withoutPassword: boolean;
  /** Whether the client knows the password whose SHA-1 (once, 40 hex digits) is given. */
  matches(sha1Hex: string): boolean;
  /** What the client answered, and to what: for who passes the login on. */
  readonly token: Buffer;
  readonly scramble: Buffer;
}

export interface SqlError {
  readonly code: number;
  readonly message: string;
}

/**
 * What a login leads to: a session object, an error packet, a connection closed without a word, or another server, which has
 * been sent the login and answers from here on (relay.ts).
 */
export type LoginAnswer<S> = { session: S } | { error: SqlError } | 'drop' | { relay: Socket };

export type Answer = (
  | { kind: 'ok'; affectedRows?: number }
  | { kind: 'rows'; columns: readonly string[]; rows: readonly (readonly (string | number | null)[])[] }
  | { kind: 'error'; error: SqlError }
  | { kind: 'drop' }
) & {
  /** The connection ends behind it. */
  readonly last?: boolean;
};

export interface MysqlServerOptions<S> {
  readonly serverVersion: string;
  /** Descriptor of a socket that another process has listened on. */
  readonly inherited?: number | undefined;
  /** A fixed scramble of 20 bytes, asked for each connection; random when undefined. */
  scramble?(): Buffer | undefined;
  login(login: Login): LoginAnswer<S> | Promise<LoginAnswer<S>>;
  query(session: S, sql: string): Answer | Promise<Answer>;
  /** COM_INIT_DB; a stand-in that knows no databases drops. */
  useDatabase(session: S, name: string): Answer;
  /** The connection of a session has ended. */
  ended?(session: S): void;
}

export interface MysqlServer {
  readonly port: number;
  /** Connections, also those that have not logged in. */
  sessions(): number;
  /** From now on connections are taken and closed unanswered. */
  refuse(): void;
  /** From now on connections are taken and hear nothing; they do not count as sessions. */
  ignore(): void;
  /** From now on connections stay in the kernel's queue, unanswered; the listening socket's descriptor. */
  hold(): Promise<number>;
  /** Takes connections again. */
  release(): Promise<void>;
  close(): Promise<void>;
}

// LONG_PASSWORD | FOUND_ROWS | LONG_FLAG | CONNECT_WITH_DB | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION |
// MULTI_STATEMENTS | PLUGIN_AUTH | CONNECT_ATTRS. Without LONG_PASSWORD clients take the server for MariaDB.
const CAPABILITIES = 1 | 2 | 4 | 8 | 0x200 | 0x2000 | 0x8000 | 0x1_0000 | 0x8_0000 | 0x10_0000;
const UTF8MB4_GENERAL_CI = 45;

function sha1(...parts: Buffer[]): Buffer {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function knowsPassword(scramble: Buffer, token: Buffer, sha1Hex: string): boolean {
  const stage1 = Buffer.from(sha1Hex, 'hex');
  if (token.length !== 20 || stage1.length !== 20) return false;
  const mask = sha1(scramble, sha1(stage1));
  return timingSafeEqual(token, Buffer.from(stage1.map((byte, index) => byte ^ (mask[index] ?? 0))));
}

function column(name: string): Record<string, unknown> {
  return {
    catalog: 'def',
    schema: '',
    table: '',
    orgTable: '',
    name,
    orgName: name,
    characterSet: UTF8MB4_GENERAL_CI,
    columnLength: 4096,
    columnType: Types.VAR_STRING,
    flags: 0,
    decimals: 0,
  };
}

function write(connection: ServerConnection, answer: Answer): void {
  switch (answer.kind) {
    case 'ok':
      connection.writeOk({ affectedRows: answer.affectedRows ?? 0 });
      break;
    case 'rows':
      connection.writeColumns(answer.columns.map(column));
      for (const row of answer.rows)
        connection.writeTextRow(row.map((cell) => (cell === null ? null : String(cell))));
      connection.writeEof();
      break;
    case 'error':
      connection.writeError(answer.error);
      break;
    case 'drop':
      connection.stream.destroy();
      return;
  }
  connection._resetSequenceId();
}

let connectionIds = 0;

function serve<S>(socket: Socket, options: MysqlServerOptions<S>): void {
  socket.setNoDelay(true);
  const asServer: ConnectionOptions & { isServer: boolean } = { stream: socket, isServer: true };
  const connection = createConnection(asServer) as unknown as ServerConnection;
  connection.on('error', () => socket.destroy());
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  let session: S | undefined;

  // Clients send one command at a time, but a slow answer must not overtake the next one.
  let previous: Promise<void> = Promise.resolve();
  const reply = (make: (current: S) => Answer | Promise<Answer>): void => {
    previous = previous.then(async () => {
      if (session === undefined || socket.destroyed) return;
      const answer = await make(session);
      if (socket.destroyed) return;
      write(connection, answer);
      if (answer.last === true) socket.end();
    });
    previous.catch(() => socket.destroy());
  };
  const query = (sql: string): void => reply((current) => options.query(current, sql));
  connection.on('query', query);
  connection.on('stmt_prepare', query);
  connection.on('stmt_execute', (_id, _flags, _count, _values, sql?: string) => query(sql ?? ''));
  connection.on('ping', () => reply(() => ({ kind: 'ok' })));
  connection.on('init_db', (name: string) => reply((current) => options.useDatabase(current, name)));
  connection.on('quit', () => socket.end());
  // COM_STATISTICS, COM_CHANGE_USER …: mysql2 leaves them unanswered, and the client waits for ever.
  connection.on('packet', (_packet: unknown, known: boolean) => {
    if (!known) reply(() => ({ kind: 'error', error: { code: 1047, message: 'Unknown command' } }));
  });

  const handshake = connection.serverHandshake({
    protocolVersion: 10,
    serverVersion: options.serverVersion,
    connectionId: ++connectionIds,
    statusFlags: 2,
    characterSet: UTF8MB4_GENERAL_CI,
    capabilityFlags: CAPABILITIES,
    authCallback: (attempt, done) => {
      const own = Buffer.concat([attempt.authPluginData1, attempt.authPluginData2]).subarray(0, 20);
      const passedOn = connection.clientHelloReply?.connectAttributes?.[PROXY_SCRAMBLE];
      const scramble = passedOn === undefined ? own : Buffer.from(passedOn, 'hex');
      const token = Buffer.from(attempt.authToken ?? []);
      const login: Login = {
        user: attempt.user,
        database: attempt.database ?? '',
        address,
        port: socket.remotePort ?? 0,
        withoutPassword: token.length === 0,
        matches: (hash) => knowsPassword(scramble, token, hash),
        ...{ token, scramble },
      };
      void Promise.resolve(options.login(login)).then((answer) => {
        if (socket.destroyed) {
          if (answer !== 'drop' && 'relay' in answer) answer.relay.destroy();
          return;
        }
        if (answer === 'drop') socket.destroy();
        else if ('relay' in answer) join(socket, answer.relay);
        else if ('error' in answer) {
          done(null, answer.error);
          // As MySQL does; mysql2's client keeps its half open for ever otherwise.
          socket.end();
        } else {
          const begun = answer.session;
          session = begun;
          socket.once('close', () => options.ended?.(begun));
          done(null);
          connection._resetSequenceId();
        }
      });
    },
  });
  const scramble = options.scramble?.();
  if (scramble !== undefined) fixScramble(handshake, scramble);
}

/** mysql2 fills the greeting with random bytes on a later tick; fixed values that ignore the assignment stay. */
function fixScramble(handshake: { serverHello?: object }, scramble: Buffer): void {
  const ignore = (): void => undefined;
  Object.defineProperties(handshake.serverHello ?? {}, {
    authPluginData1: { get: () => scramble.subarray(0, 8), set: ignore },
    authPluginData2: { get: () => scramble.subarray(8, 20), set: ignore },
  });
}

/**
 * Listens on host:port (0 = any free port), or on an inherited descriptor. Rejects with the system's error
 * (EADDRINUSE …) when it cannot.
 */
export async function startMysqlServer<S>(
  host: string,
  port: number,
  options: MysqlServerOptions<S>,
): Promise<MysqlServer> {
  const { inherited: fd } = options;
  const address: PortAddress = fd === undefined ? { host, port } : { fd };
  const sockets = new Set<Socket>();
  let takes: 'all' | 'none' | 'in silence' = 'all';
  const listening = new Port((socket) => {
    if (takes !== 'all') {
      if (takes === 'none') socket.destroy();
      socket.on('error', () => undefined);
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, options);
  });
  return {
    port: await listening.listen(address),
    sessions: () => sockets.size,
    refuse: () => {
      takes = 'none';
    },
    ignore: () => {
      takes = 'in silence';
    },
    hold: () => listening.hold(),
    release: () => listening.release(),
    close: () => {
      for (const socket of sockets) socket.destroy();
      return listening.close();
    },
  };
}
