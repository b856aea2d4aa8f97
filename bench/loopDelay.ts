/**
 * Preloaded into the API and the worker (NODE_OPTIONS): how long their event loops stood still. At SIGUSR2 the longest
 * delay since the last time, in milliseconds, goes to the file `<BENCH_LOOP_DELAYS>.<pid>`.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION_MS = 1;
const file = process.env.BENCH_LOOP_DELAYS;

if (isMainThread && file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  process.on('SIGUSR2', () => {
    const told = `${file}.${process.pid}`;
    // The histogram holds the time between two ticks, the wished one included.
    const ms = [delays.max, delays.percentile(99)].map((ns) => Math.max(0, ns / 1e6 - RESOLUTION_MS));
    delays.reset();
    writeFileSync(`${told}.new`, JSON.stringify({ longest: ms[0], p99: ms[1] }));
    renameSync(`${told}.new`, told);
  });
}
