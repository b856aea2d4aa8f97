/** What the process of a hot restart gets from the one before it, in its environment (OBProxy's source: 3.1 to 4.3). */
export interface Inheritance {
  /** Descriptors of listening sockets. */
  readonly sqlFd: number;
  /** From 4.3 on. */
  readonly rpcFd: number | undefined;
  /** The process before it. */
  readonly parent: number;
}

const SQL = 'OBPROXY_INHERITED_FD';
const RPC = 'OBPROXY_INHERITED_RPC_FD';

/** Undefined for a process that somebody else started. The variables go, so that nobody inherits them again. */
export function takeInheritance(): Inheritance | undefined {
  const [sql, rpc] = [process.env[SQL], process.env[RPC]];
  delete process.env[SQL];
  delete process.env[RPC];
  if (sql === undefined) return undefined;
  return { sqlFd: Number(sql), rpcFd: rpc === undefined ? undefined : Number(rpc), parent: process.ppid };
}

/** The whole environment of the next process: nothing else of ours, LD_LIBRARY_PATH neither (OBProxy 4.3.1, observed). */
export function environmentFor(fds: { sqlFd: number; rpcFd: number | undefined }): NodeJS.ProcessEnv {
  const root = process.env.OBPROXY_ROOT;
  return {
    [SQL]: String(fds.sqlFd),
    ...(fds.rpcFd === undefined ? {} : { [RPC]: String(fds.rpcFd) }),
    ...(root === undefined ? {} : { OBPROXY_ROOT: root }),
  };
}
