import { createHash } from 'node:crypto';
import type { Logger } from '../runtime/logger';
import { sshLoginSeconds } from '../runtime/metrics';
import { type Connection, HostMemory } from './connection';
import { sameFingerprint } from './hostKey';
import { connect, type LoginOptions } from './login';
import type { HostAddress } from './types';

const IDLE_MS = 5 * 60_000;
/** A connection younger than this knows the host's sshd as it is now. */
const FRESH_MS = 3_000;

/** One connection per host address and credential: shared while it lives, dropped when dead, closed when idle for 5 minutes. */
export class ConnectionPool {
  private readonly connections = new Map<string, Promise<Connection>>();
  private sweeper: NodeJS.Timeout | undefined;
  private closed = false;

  private readonly memories = new Map<string, HostMemory>();
  /** Every connection that lives, retired ones too. */
  private readonly living = new Set<Connection>();

  constructor(
    private readonly login: Omit<LoginOptions, 'memory'>,
    private readonly logger?: Logger,
  ) {}

  /**
   * For somebody who may have repaired the host (a person's retry): the next `open` logs in anew, unless that was done a
   * moment ago, since a connection keeps sshd's configuration and the account as they were when it was made.
   */
  async renew(address: HostAddress): Promise<void> {
    const key = keyOf(address);
    const connection = await this.connections.get(key)?.catch(() => undefined);
    const memory = this.memories.get(key);
    if (connection === undefined || (memory?.untroubled !== false && Date.now() - connection.born < FRESH_MS))
      return;
    this.memories.delete(key);
    connection.retire();
  }

  /** A living connection; concurrent callers share one login. Throws as `connect` does. */
  async open(address: HostAddress): Promise<Connection> {
    if (this.closed) throw new Error('The connections to the hosts are closed already.');
    const key = keyOf(address);
    const pooled = this.connections.get(key);
    if (pooled !== undefined) {
      const connection = await pooled;
      // A key pinned after this connection was made counts for it too.
      const trusted =
        address.hostKey === undefined || sameFingerprint(address.hostKey, connection.fingerprint);
      if (connection.alive && !connection.retired && trusted) return connection;
      if (this.connections.get(key) === pooled) this.connections.delete(key);
      return this.open(address);
    }
    const connecting = measured(connect(address, { ...this.login, memory: this.memoryOf(key) }));
    this.connections.set(key, connecting);
    this.sweeper ??= setInterval(() => void this.sweep(), IDLE_MS / 5).unref();
    try {
      const connection = await connecting;
      const { ip, sshPort, username } = address;
      this.logger?.info({ host: ip, sshPort, username, hostKey: connection.fingerprint }, 'SSH connected');
      this.living.add(connection);
      if (this.closed) connection.end();
      return connection;
    } catch (error) {
      if (this.connections.get(key) === connecting) this.connections.delete(key);
      throw error;
    }
  }

  /** How many live. */
  async count(): Promise<number> {
    const settled = await Promise.allSettled(this.connections.values());
    return settled.filter((result) => result.status === 'fulfilled' && result.value.alive).length;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.sweeper);
    const open = await Promise.allSettled(this.connections.values());
    this.connections.clear();
    for (const result of open) if (result.status === 'fulfilled') result.value.end();
    for (const connection of this.living) connection.end();
    this.living.clear();
  }

  private memoryOf(key: string): HostMemory {
    const known = this.memories.get(key);
    if (known !== undefined && !known.stale) return known;
    const memory = new HostMemory();
    this.memories.set(key, memory);
    return memory;
  }

  private async sweep(): Promise<void> {
    for (const connection of this.living) if (!connection.alive) this.living.delete(connection);
    for (const [key, pooled] of this.connections) {
      const connection = await pooled.catch(() => undefined);
      if (connection === undefined || (connection.alive && connection.idleMs < IDLE_MS)) continue;
      if (this.connections.get(key) === pooled) this.connections.delete(key);
      connection.end();
    }
  }
}

async function measured(login: Promise<Connection>): Promise<Connection> {
  const took = sshLoginSeconds.startTimer();
  try {
    const connection = await login;
    took({ outcome: 'connected' });
    return connection;
  } catch (error) {
    took({ outcome: 'refused' });
    throw error;
  }
}

/** Digest, so that no credential lies about as a map key. */
function keyOf({ ip, sshPort, username, auth, hostId }: HostAddress): string {
  return createHash('sha256')
    .update(JSON.stringify([hostId, ip, sshPort, username, auth]))
    .digest('hex');
}
