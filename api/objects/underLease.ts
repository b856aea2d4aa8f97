import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Leases } from '../../store/types';

/** So long others wait for a process that has died with a lease. */
const LEASE_MS = 15_000;
const ASK_EVERY_MS = 200;

/**
 * Runs `work` while no other process, and no other call of this one, does so under this name.
 * @param held called while another has it, with the time since the first try; throws to give up
 */
export async function underLease<T>(
  leases: Leases,
  name: string,
  held: (waitedMs: number) => Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  const holder = randomUUID();
  const began = Date.now();
  while (!(await leases.take(name, holder, LEASE_MS))) {
    await held(Date.now() - began);
    await pause(ASK_EVERY_MS);
  }
  // One that cannot be prolonged ends; what is written under it is compared with what was seen, too.
  let prolonged: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    prolonged = leases.take(name, holder, LEASE_MS).catch(() => undefined);
  }, LEASE_MS / 3);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await prolonged;
    await leases.end(name, holder);
  }
}
