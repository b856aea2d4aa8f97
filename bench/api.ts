import { taskWorkflowId } from '../workflows/ids';
import { documentOfManyHosts, postOfManyHosts } from './manyHosts';
import { type BenchResult, median, result, timed } from './measure';
import { createCluster, declareHosts, onStand, uploadPackage } from './stand';

const PER_ROUND = 10;

/**
 * (c) POST batchAdd against a bare workflow.start, (d) GET of a task's document against a bare
 * fetchHistory + describe. The API is the real one in its own process; the worker runs no-op activities, the
 * last but one of which fails, so that (d) reads an open task of eleven steps, as an operator's screen would;
 * (i) does the same with tasks of 50, 500 and 2 000 hosts.
 */
export async function benchApi(rounds: number, mostHosts: number): Promise<BenchResult[]> {
  return onStand(async ({ api, temporal, store }) => {
    const version = await uploadPackage(api);
    const used = rounds * PER_ROUND + 1;
    const hosts = await declareHosts(api, Math.max(used, mostHosts));
    // Before tasks hold these hosts.
    const plannings = await postOfManyHosts(api, { hostIds: hosts, version }, rounds, mostHosts);
    const clusters: number[] = [];
    for (let index = 0; index < used; index++) clusters.push(await createCluster(api, `bench${index}`));

    const posts: number[] = [];
    let first: number | undefined;
    for (let round = 0; round < rounds; round++) {
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let i = 0; i < PER_ROUND; i++) {
        const index = round * PER_ROUND + i;
        ours.push(
          await timed(async () => {
            const added = await api.call<{ contents: { id: number }[] }>(
              'POST',
              `/api/v2/obproxy/clusters/${clusters[index]}/obproxies/batchAdd`,
              { hostIds: [hosts[index]], sqlPort: 2883, exporterPort: 2884, version },
            );
            first ??= added.contents[0]?.id;
          }),
        );
        theirs.push(
          await timed(() =>
            temporal.client.workflow.start('bareChain', {
              taskQueue: 'obflow',
              workflowId: `bare-${round}-${i}`,
              args: [12],
            }),
          ),
        );
      }
      posts.push(median(ours) / median(theirs));
    }

    const taskId = first ?? 0;
    await api.settled([taskId]);
    const handle = temporal.client.workflow.getHandle(taskWorkflowId(taskId));
    const gets: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let i = 0; i < PER_ROUND * 3; i++) {
        ours.push(await timed(() => api.task(taskId)));
        theirs.push(
          await timed(async () => {
            await handle.describe();
            await handle.fetchHistory();
          }),
        );
      }
      gets.push(median(ours) / median(theirs));
    }
    return [
      result('(c) POST batchAdd of one host / bare workflow.start, p50', 'ratio', posts, '<= 3'),
      result('(d) GET task document / bare fetchHistory + describe, p50', 'ratio', gets, '<= 1.3'),
      ...plannings,
      ...(await documentOfManyHosts({ api, store, temporal }, rounds, mostHosts)),
    ];
  });
}
