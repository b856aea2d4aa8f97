import { setImmediate as breath } from 'node:timers/promises';

export type Part = 'api' | 'worker';

/** Reads the code of the parts, a few files at a time, so that others have their turn. */
export async function load(parts: readonly Part[]): Promise<void> {
  await import('../hosts');
  if (parts.includes('worker')) {
    await breath();
    await import('@temporalio/worker');
    await breath();
    await import('../worker/main');
  }
  if (parts.includes('api')) {
    await breath();
    await import('../api/tasks/service');
    await breath();
    await import('../api/server');
  }
}
