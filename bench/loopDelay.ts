/**
 * Preloaded into the API and the worker (NODE_OPTIONS): how long their event loops stood still. At SIGUSR2 the longest
 * delay since the last time, in milliseconds, goes to the file `<BENCH_LOOP_DELAYS>.<pid>`.
 */
import { openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { createHistogram } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/**
 * A delay may be longer by so much than it is told. Every look wakes the process up: at 1 ms, with the counter of the kernel
 * opened anew each time, they took 0.05 CPU-seconds a second of each process, a part of what an installation seemed to cost.
 */
const RESOLUTION_MS = 5;
const file = process.env.BENCH_LOOP_DELAYS;

/** Milliseconds that this thread has waited for a core so far, as the kernel counts (Documentation/scheduler/sched-stats). */
function waitedForCore(): number {
  stat ??= openSync('/proc/thread-self/schedstat', 'r');
  const length = readSync(stat, buffer, 0, buffer.length, 0);
  return Number(buffer.toString('latin1', 0, length).split(' ')[1]) / 1e6;
}
let stat: number | undefined;
const buffer = Buffer.alloc(128);

/** Whole delays, and what of them was not waiting for a core: work without a pause, and waiting for a disk. */
function watchDelays() {
  const delays = createHistogram();
  let own = 0;
  let last = performance.now();
  let waited = waitedForCore();
  const look = () => {
    const now = performance.now();
    const waitedNow = waitedForCore();
    const late = Math.max(0, now - last - RESOLUTION_MS);
    // A histogram takes whole numbers from 1 on.
    delays.record(Math.max(1, Math.round(late * 1e6)));
    own = Math.max(own, late - (waitedNow - waited));
    last = now;
    waited = waitedNow;
  };
  setInterval(look, RESOLUTION_MS).unref();
  return () => {
    const told = { longest: delays.max / 1e6, p99: delays.percentile(99) / 1e6, own };
    delays.reset();
    own = 0;
    return told;
  };
}

if (isMainThread && file !== undefined) {
  const delaysSoFar = watchDelays();
  process.on('SIGUSR2', () => {
    const told = `${file}.${process.pid}`;
    writeFileSync(`${told}.new`, JSON.stringify(delaysSoFar()));
    renameSync(`${told}.new`, told);
  });
}
