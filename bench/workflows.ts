import {
  condition,
  continueAsNew,
  defineUpdate,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';

export * from '../workflows';

const { noOp } = proxyActivities<{ noOp(input: unknown): Promise<null> }>({
  scheduleToCloseTimeout: '1 minute',
});

/** What the interpreter is compared with: the same number of no-op activities, one after the other. */
export async function bareChain(steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) await noOp({ step });
}

/** As the interpreter's: beyond 51 200 events Temporal ends a workflow. */
const CONTINUE_AFTER = 10_000;

/**
 * The same for a task of many hosts: layer after layer, in each of them at most `atOnce` together. A long one continues
 * as new, as it must.
 */
export async function bareLayers(widths: readonly number[], atOnce: number): Promise<void> {
  for (const [index, width] of widths.entries()) {
    let left = width;
    const lane = async () => {
      while (left > 0 && workflowInfo().historyLength < CONTINUE_AFTER) await noOp({ step: left-- });
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, width) }, lane));
    const rest = [...(left > 0 ? [left] : []), ...widths.slice(index + 1)];
    if (workflowInfo().historyLength >= CONTINUE_AFTER && rest.length > 0) {
      await continueAsNew<typeof bareLayers>(rest, atOnce);
    }
  }
}

export const bareUpdate = defineUpdate<void, [unknown]>('bareUpdate');

/** What a command is compared with: an update that does nothing. */
export async function bareUpdates(): Promise<void> {
  setHandler(bareUpdate, () => undefined);
  await condition(() => false);
}
