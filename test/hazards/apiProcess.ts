/** What measuredApi.ts runs as a process of its own: an API, and what it costs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startTestApi } from '../api/harness';

/** MiB of a line of /proc/self/status. */
function mebibytes(name: string): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
}

async function main(): Promise<void> {
  const api = await startTestApi({ unreachableHosts: true, http: JSON.parse(process.env.HTTP ?? '{}') });
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  process.on('message', async (asked) => {
    if (asked === 'stop') {
      await api.stop();
      process.disconnect();
      return;
    }
    global.gc?.();
    process.send?.({ peak: mebibytes('VmHWM'), now: mebibytes('VmRSS'), stalled: delays.max / 1e6 });
    // The kernel forgets the peak (proc(5)).
    writeFileSync('/proc/self/clear_refs', '5');
    delays.reset();
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ url: api.url, dataDir: api.dataDir });
}

void main();
