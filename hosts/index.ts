import type { AddressPolicy } from '../runtime/addresses';
import type { Logger } from '../runtime/logger';
import { CommandLog } from './commandLog';
import { facts } from './facts';
import { readFile, uploadFile, writeFile } from './files';
import { forgetTask, runOnce, stopOnce, stopSubtask } from './once';
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
 * Addresses that `addresses` refuses are not connected to. `logger` is told what is done where (see hosts/commandLog.ts).
 */
export function createHosts(options: {
  readonly pinHostKey: PinHostKey;
  readonly addresses: AddressPolicy;
  readonly logger?: Logger;
}): Hosts & { connections(): Promise<number> } {
  const pool = new ConnectionPool(options.pinHostKey, options.addresses, options.logger);
  return {
    open: async (address) => {
      await pool.open(address);
      return hostAt(pool, address, new CommandLog(options.logger, address));
    },
    connections: () => pool.count(),
    close: () => pool.close(),
  };
}

function hostAt(pool: ConnectionPool, address: HostAddress, log: CommandLog): Host {
  const connection = () => pool.open(address);
  return {
    id: address.hostId,
    ip: address.ip,
    sh: async (script, options) => {
      const run = async () => runScript(await connection(), script, options);
      const result = await log.look('script', run, ({ exitCode }) => ({ exitCode }));
      return {
        exitCode: result.exitCode,
        stdout: result.stdout.toString(),
        stderr: result.stderr.toString(),
      };
    },
    once: (id, script, options) =>
      log.command(
        id,
        () => runOnce(connection, id, script, options),
        (result) => ({
          outcome: result.outcome,
          ...(result.outcome === 'exited' ? { exitCode: result.exitCode } : {}),
        }),
      ),
    stopOnce: (id) =>
      log.command(
        id,
        async () => stopOnce(await connection(), id),
        () => ({ outcome: 'stopped' }),
      ),
    stopSubtask: (commands) =>
      log.change('stop commands', commands, async () => stopSubtask(await connection(), commands)),
    forgetTask: (taskId) =>
      log.change('forget task', { taskId }, async () => forgetTask(await connection(), taskId)),
    uploadFile: (localPath, sha256, path, options) =>
      log.change(
        'upload',
        { path },
        async () => uploadFile(await connection(), localPath, sha256, path, options),
        (result) => result,
      ),
    writeFile: (path, content, options) =>
      log.change('write file', { path }, async () => writeFile(await connection(), path, content, options)),
    readFile: (path) => log.look('read file', async () => readFile(await connection(), path)),
    facts: () => log.look('facts', async () => facts(await connection())),
    processes: () => log.look('processes', async () => processes(await connection())),
    listeners: () => log.look('listeners', async () => listeners(await connection())),
    observe: (path) => log.look('observe', async () => observe(await connection(), path)),
    rpmQuery: (name) => log.look('rpm query', async () => rpmQuery(await connection(), name)),
    tunnel: (port) => log.look(`tunnel to port ${port}`, async () => tunnel(await connection(), port)),
  };
}
