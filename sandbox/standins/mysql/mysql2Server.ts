/** The server side of a mysql2 connection, which mysql2's own types leave out or call `any`. */
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

export interface LoginAttempt {
  readonly user: string;
  readonly database?: string;
  readonly authPluginData1: Buffer;
  readonly authPluginData2: Buffer;
  readonly authToken?: Uint8Array;
}

export interface ServerHandshakeArguments {
  readonly protocolVersion: number;
  readonly serverVersion: string;
  readonly connectionId: number;
  readonly statusFlags: number;
  readonly characterSet: number;
  readonly capabilityFlags: number;
  authCallback(
    attempt: LoginAttempt,
    done: (error: null, refusal?: { code: number; message: string }) => void,
  ): void;
}

export interface ServerConnection extends EventEmitter {
  readonly stream: Socket;
  /** What the client has said at its login. */
  readonly clientHelloReply?: { readonly connectAttributes?: Readonly<Record<string, string>> };
  serverHandshake(args: ServerHandshakeArguments): { serverHello?: object };
  writeOk(args: { affectedRows: number }): void;
  writeError(error: { code: number; message: string }): void;
  writeColumns(columns: readonly Record<string, unknown>[]): void;
  writeTextRow(row: readonly (string | null)[]): void;
  writeEof(): void;
  _resetSequenceId(): void;
}
