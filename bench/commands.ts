import { createParser } from 'eventsource-parser';
import { taskWorkflowId } from '../workflows/ids';
import { type BenchResult, median, result, timed } from './measure';
import { createCluster, declareHosts, onStand, type Stand, uploadPackage } from './stand';

const PER_ROUND = 10;
const BARE = 'bare-updates';

interface Document {
  readonly status: string;
  readonly subtasks: readonly {
    readonly id: number;
    readonly status: string;
    readonly runTime: number;
    readonly finishTime?: string;
  }[];
}

/**
 * (j) POST "retry subtask" until its activity is scheduled, by Temporal's own clock, against a bare executeUpdate; and
 * (k) how long after a change a watcher of the task's events has it.
 */
export async function benchCommands(rounds: number): Promise<BenchResult[]> {
  return onStand(async (stand) => {
    const { api, temporal } = stand;
    const version = await uploadPackage(api);
    const [hostId] = await declareHosts(api, 1);
    const clusterId = await createCluster(api, 'bench');
    const path = `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`;
    const request = { hostIds: [hostId], sqlPort: 2883, exporterPort: 2884, version };
    const added = await api.call<{ contents: { id: number }[] }>('POST', path, request);
    const taskId = added.contents[0]?.id ?? 0;
    await api.settled([taskId]);
    const watcher = await Watcher.open(stand, taskId);
    await temporal.client.workflow.start('bareUpdates', { taskQueue: 'obflow', workflowId: BARE });
    const bare = temporal.client.workflow.getHandle(BARE);
    await bare.executeUpdate('bareUpdate', { args: [{}] });

    const ratios: number[] = [];
    const lateness: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const ours: number[] = [];
      const theirs: number[] = [];
      const late: number[] = [];
      for (let i = 0; i < PER_ROUND; i++) {
        theirs.push(await timed(() => bare.executeUpdate('bareUpdate', { args: [{}] })));
        const run = 2 + round * PER_ROUND + i;
        const failed = (await watcher.until(({ status }) => status === 'FAILED')).document.subtasks.find(
          ({ status }) => status === 'FAILED',
        );
        const subtaskId = failed?.id ?? 0;
        const begun = Date.now();
        await api.call('POST', `/api/v2/tasks/instances/${taskId}/subtasks/${subtaskId}/retry`);
        const again = await watcher.until(
          ({ status, subtasks }) =>
            status === 'FAILED' && subtasks.some(({ id, runTime }) => id === subtaskId && runTime === run),
        );
        const { finishTime } = again.document.subtasks.find(({ id }) => id === subtaskId) ?? {};
        late.push(again.at - Date.parse(finishTime ?? ''));
        ours.push((await scheduledAt(stand, taskId, `${subtaskId}/${run}`)) - begun);
      }
      ratios.push(median(ours) / median(theirs));
      lateness.push(median(late));
    }
    watcher.close();
    await bare.terminate('end of the benchmark');
    return [
      result(
        '(j) POST retry until the activity is scheduled / bare executeUpdate, p50',
        'ratio',
        ratios,
        '<= 4',
      ),
      result('(k) a change until a watcher of the events has it, p50', 'ms', lateness, '<= 1000'),
    ];
  });
}

/** When Temporal wrote that the activity is scheduled, in milliseconds since 1970. */
async function scheduledAt({ temporal }: Stand, taskId: number, activityId: string): Promise<number> {
  const { events } = await temporal.client.workflow.getHandle(taskWorkflowId(taskId)).fetchHistory();
  const event = events?.find((one) => one.activityTaskScheduledEventAttributes?.activityId === activityId);
  const { seconds, nanos } = event?.eventTime ?? {};
  return Number(seconds ?? Number.NaN) * 1000 + (nanos ?? 0) / 1e6;
}

/** A client of the task's events that remembers when each document came. */
class Watcher {
  readonly #abort = new AbortController();
  #latest: { readonly document: Document; readonly at: number } | undefined;
  #wake: () => void = () => undefined;

  static async open({ url, authorization }: Stand, taskId: number): Promise<Watcher> {
    const watcher = new Watcher();
    const response = await fetch(`${url}/api/v2/tasks/instances/${taskId}/events`, {
      headers: { authorization },
      signal: watcher.#abort.signal,
    });
    watcher.#read(response).catch(() => undefined);
    return watcher;
  }

  async until(fits: (document: Document) => boolean): Promise<{ document: Document; at: number }> {
    for (;;) {
      if (this.#latest !== undefined && fits(this.#latest.document)) return this.#latest;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(response: Response): Promise<void> {
    const parser = createParser({
      onEvent: ({ data }) => {
        this.#latest = { document: JSON.parse(data) as Document, at: Date.now() };
        this.#wake();
      },
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
  }
}
