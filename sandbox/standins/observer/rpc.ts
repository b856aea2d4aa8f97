/**
 * The private protocol among stand-ins on the RPC port: one line of JSON each way, then the connection closes. The real
 * one is another thing altogether; only what it leads to is imitated.
 */

import { createConnection, createServer, type Server } from 'node:net';
import { parseAddress } from '../../../runtime/addressText';
import type { Answer } from '../mysql/server';
import type { ClusterState, ServerState } from './clusterState';

/** How an observer introduces itself. */
export interface NodeCard {
  readonly ip: string;
  readonly rpcPort: number;
  readonly sqlPort: number;
  readonly zone: string;
  readonly clusterName: string;
  readonly obClusterId: number;
  readonly version: string;
  readonly build: string;
  /** Another value after every start of the process. */
  readonly instance: string;
  /** Whether its directories have never been part of a cluster. */
  readonly empty: boolean;
  /** Its clock, milliseconds since 1970. */
  readonly clock: number;
}

/** A login as the root service knows it. */
export interface AccountCard {
  readonly name: string;
  readonly passwordSha1: string;
  readonly privileges: readonly (readonly [string, readonly string[]])[];
}

export type RpcRequest =
  | { readonly op: 'check' }
  /** A BOOTSTRAP begins: from now on the directories are not empty. `no` when they were not empty before. */
  | { readonly op: 'prepareBootstrap'; readonly rootService: string }
  | { readonly op: 'heartbeat'; readonly from: NodeCard }
  | { readonly op: 'account'; readonly name: string }
  /** From the root service to the other servers that hold the sys tenant; `lead`: that one shall be it now. */
  | {
      readonly op: 'replicate';
      readonly state: ClusterState;
      readonly rootService: string;
      readonly lead?: true;
    }
  /** From one of them that wants to be the root service of this term; `knows` is its copy. */
  | {
      readonly op: 'vote';
      readonly term: number;
      readonly knows: Pick<ClusterState, 'term' | 'version'>;
      readonly candidate: string;
    }
  | {
      readonly op: 'sql';
      readonly login: AccountCard;
      readonly database: string;
      readonly timeZone: number;
      readonly sql: string;
    };

export type RpcReply =
  | { readonly kind: 'card'; readonly card: NodeCard }
  /** `own` is the row of the asking server; undefined when it is no member. */
  | { readonly kind: 'heartbeat'; readonly rootService: string; readonly own?: ServerState }
  | { readonly kind: 'account'; readonly account?: AccountCard }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'yes' | 'no' }
  /** Asked a server that is not the root service. */
  | { readonly kind: 'elsewhere'; readonly rootService?: string };

/** Silence after which another stand-in is unreachable. */
export const RPC_TIMEOUT_MS = 1_500;
const MAXIMUM_LINE = 4 * 1024 * 1024;

/** Asks another stand-in. Rejects when it is unreachable, silent for `timeoutMs`, or no stand-in. */
export function askNode(address: string, request: RpcRequest, timeoutMs: number): Promise<RpcReply> {
  const { host, ports } = parseAddress(address) ?? { host: '', ports: [] };
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port: ports[0] ?? 0, noDelay: true });
    const timer = setTimeout(() => socket.destroy(new Error(`${address} is silent`)), timeoutMs);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (!text.includes('\n')) return;
      try {
        resolve(JSON.parse(text) as RpcReply);
      } catch {
        reject(new Error(`${address} is no observer`));
      }
      socket.destroy();
    });
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new Error(`${address} closed the connection`));
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}

/** Listens for other stand-ins. Rejects with the system's error when the port is taken. */
export function serveRpc(
  host: string,
  port: number,
  reply: (request: RpcRequest) => Promise<RpcReply>,
): Promise<Server> {
  const server = createServer({ noDelay: true }, (socket) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAXIMUM_LINE) socket.destroy();
      if (!text.includes('\n')) return;
      void (async () => {
        try {
          socket.end(`${JSON.stringify(await reply(JSON.parse(text) as RpcRequest))}\n`);
        } catch {
          socket.destroy();
        }
      })();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve(server);
    });
  });
}
