import { condition, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow';

export * from '../workflows';

const { noOp } = proxyActivities<{ noOp(input: unknown): Promise<null> }>({
  scheduleToCloseTimeout: '1 minute',
});

/** What the interpreter is compared with: the same number of no-op activities, one after the other. */
export async function bareChain(steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) await noOp({ step });
}

/** The same for a task of many hosts: layer after layer, in each of them at most `atOnce` together. */
export async function bareLayers(widths: readonly number[], atOnce: number): Promise<void> {
  for (const width of widths) {
    let left = width;
    const lane = async () => {
      while (left > 0) await noOp({ step: left-- });
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, width) }, lane));
  }
}

export const bareUpdate = defineUpdate<void, [unknown]>('bareUpdate');

/** What a command is compared with: an update that does nothing. */
export async function bareUpdates(): Promise<void> {
  setHandler(bareUpdate, () => undefined);
  await condition(() => false);
}
