import { createHash } from 'node:crypto';
import type { AddressPolicy } from '../runtime/addresses';
import type { Logger } from '../runtime/logger';
import { sshLoginSeconds } from '../runtime/metrics';
import { type Connection, connect } from './connection';
import { sameFingerprint } from './hostKey';
import type { HostAddress, PinHostKey } from './types';

const IDLE_MS = 5 * 60_000;

/** One connection per host address and credential: shared while it lives, dropped when dead, closed when idle for 5 minutes. */
export class ConnectionPool {
  private readonly connections = new Map<string, Promise<Connection>>();
  private sweeper: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly pin: PinHostKey,
    private readonly addresses: AddressPolicy,
    private readonly logger?: Logger,
  ) {}

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
      if (connection.alive && trusted) return connection;
      if (this.connections.get(key) === pooled) this.connections.delete(key);
      return this.open(address);
    }
    const connecting = measured(connect(address, this.pin, this.addresses));
    this.connections.set(key, connecting);
    this.sweeper ??= setInterval(() => void this.sweep(), IDLE_MS / 5).unref();
    try {
      const connection = await connecting;
      const { ip, sshPort, username } = address;
      this.logger?.info({ host: ip, sshPort, username, hostKey: connection.fingerprint }, 'SSH connected');
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
  }

  private async sweep(): Promise<void> {
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
