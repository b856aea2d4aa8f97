import { facts } from './facts';
import { readFile, uploadFile, writeFile } from './files';
import { forgetTask, runOnce, stopOnce } from './once';
import { ConnectionPool } from './pool';
import { listeners, observe, processes } from './processes';
import { rpmQuery } from './rpm';
import { runScript } from './script';
import { tunnel } from './tunnel';
import type { Host, HostAddress, Hosts, PinHostKey } from './types';

export { quote } from './quote';
export type * from './types';

/**
 * Hosts reached by SSH. `pinHostKey` records the key of a host at first contact. A `Host` stays usable when
 * its connection is lost: the next call connects again. Call `close` at the end; open connections keep the process alive.
 */
export function createHosts(options: {
  readonly pinHostKey: PinHostKey;
}): Hosts & { connections(): Promise<number> } {
  const pool = new ConnectionPool(options.pinHostKey);
  return {
    open: async (address) => {
      await pool.open(address);
      return hostAt(pool, address);
    },
    connections: () => pool.count(),
    close: () => pool.close(),
  };
}

function hostAt(pool: ConnectionPool, address: HostAddress): Host {
  const connection = () => pool.open(address);
  return {
    id: address.hostId,
    ip: address.ip,
    sh: async (script, options) => {
      const result = await runScript(await connection(), script, options);
      return {
        exitCode: result.exitCode,
        stdout: result.stdout.toString(),
        stderr: result.stderr.toString(),
      };
    },
    once: (id, script, options) => runOnce(connection, id, script, options),
    stopOnce: async (id) => stopOnce(await connection(), id),
    forgetTask: async (taskId) => forgetTask(await connection(), taskId),
    uploadFile: async (localPath, sha256, path, options) =>
      uploadFile(await connection(), localPath, sha256, path, options),
    writeFile: async (path, content, options) => writeFile(await connection(), path, content, options),
    readFile: async (path) => readFile(await connection(), path),
    facts: async () => facts(await connection()),
    processes: async () => processes(await connection()),
    listeners: async () => listeners(await connection()),
    observe: async (path) => observe(await connection(), path),
    rpmQuery: async (name) => rpmQuery(await connection(), name),
    tunnel: async (port) => tunnel(await connection(), port),
  };
}
