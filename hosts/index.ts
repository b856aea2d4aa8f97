import type { AddressPolicy } from '../runtime/addresses';
import { unlessAborted } from '../runtime/deadline';
import type { Logger } from '../runtime/logger';
import { CommandLog } from './commandLog';
import { facts } from './facts';
import { readFile, uploadFile, writeFile } from './files';
import { firstContact } from './firstContact';
import { mountOf } from './mounts';
import { forgetTask, runOnce, stopOnce, stopSubtask } from './once';
import { ConnectionPool } from './pool';
import { listeners, observe, processes, signalProcess } from './processes';
import { rpmOwner, rpmQuery } from './rpm';
import { runScript } from './script';
import { listens, tunnel } from './tunnel';
import type { Host, HostAddress, Hosts, PinHostKey } from './types';

export type { ContactFinding, ContactNeeds } from './firstContact';
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
  /** Seconds for a login, from the TCP connection to an open session (OBFLOW_SSH_LOGIN_SECONDS); default 60. */
  readonly loginSeconds?: number;
}): Hosts & { connections(): Promise<number> } {
  const { pinHostKey: pin, addresses, loginSeconds, logger } = options;
  const pool = new ConnectionPool({ pin, addresses, loginSeconds }, logger);
  return {
    open: async (address, { signal, renew = false } = {}) => {
      if (renew) await pool.renew(address);
      await unlessAborted(pool.open(address), signal);
      return hostAt(pool, address, new CommandLog(logger, address));
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
      const run = async () => runScript(await unlessAborted(connection(), options?.signal), script, options);
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
        () => uploadFile(connection, localPath, sha256, path, options),
        (result) => result,
      ),
    writeFile: (path, content, options) =>
      log.change('write file', { path }, async () => writeFile(await connection(), path, content, options)),
    readFile: (path) => log.look('read file', async () => readFile(await connection(), path)),
    facts: () => log.look('facts', async () => facts(await connection())),
    processes: () => log.look('processes', async () => processes(await connection())),
    listeners: () => log.look('listeners', async () => listeners(await connection())),
    signal: (process, signal) =>
      log.change(
        'signal',
        { pid: process.pid, comm: process.comm, signal },
        async () => signalProcess(await connection(), process, signal),
        (outcome) => ({ outcome }),
      ),
    observe: (path) => log.look('observe', async () => observe(await connection(), path)),
    rpmQuery: (name) => log.look('rpm query', async () => rpmQuery(await connection(), name)),
    rpmOwner: (file) => log.look('rpm owner', async () => rpmOwner(await connection(), file)),
    mountOf: (path) => log.look('mounts', async () => mountOf(await connection(), path)),
    firstContact: (needs) => log.look('first contact', async () => firstContact(await connection(), needs)),
    listens: (port) => log.look(`knock at port ${port}`, async () => listens(await connection(), port)),
    tunnel: (port) => log.look(`tunnel to port ${port}`, async () => tunnel(await connection(), port)),
  };
}
