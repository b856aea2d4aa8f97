import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { startDevServer } from '../runtime/devServer';
import { fleetUnavailable } from '../sandbox/hosts/fleet';
import { postgresUnavailable, startPostgres } from '../sandbox/postgres/server';
import { cpuTimes, machine, stealSince } from './measure';
import { benchCost } from './scaleCost';
import { benchLists } from './scaleLists';
import { benchOpen } from './scaleOpen';

/** `npm run bench:scale`: what docs/scaling.md tells, measured. */
async function main(): Promise<void> {
  const options = new Command('scale')
    .description('Measures lists of many tasks, many open tasks, and what one task costs.')
    .option('--only <parts>', 'lists,open,cost', 'lists,open,cost')
    .option('--tasks <n>', 'tasks in the database', '100000')
    .option('--open <n>', 'tasks open at once', '1000')
    .parse()
    .opts<{ only: string; tasks: string; open: string }>();
  const parts = options.only.split(',');
  const say = (text: string) => console.log(`  ${text}`);
  const before = cpuTimes();
  console.log(
    `${machine()}; load average before: ${os
      .loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}`,
  );

  if (parts.includes('lists')) await lists(Number(options.tasks), say);
  if (parts.includes('open')) {
    console.log('Open tasks on one worker');
    await benchOpen(Number(options.open), say);
  }
  if (parts.includes('cost')) {
    console.log('Cost of one task');
    const missing = fleetUnavailable();
    if (missing === undefined) await benchCost(say);
    else say(`left out: ${missing}`);
  }
  console.log(
    `load average after: ${os
      .loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}; ${stealSince(before).toFixed(1)} % of the CPU went to others`,
  );
}

async function lists(tasks: number, say: (text: string) => void): Promise<void> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'obflow-scale-'));
  const temporal = await startDevServer({ dataDir, port: 0, uiPort: 0, persistent: false });
  try {
    for (const kind of ['SQLite', 'PostgreSQL'] as const) {
      console.log(`Lists on ${kind}`);
      const missing = kind === 'PostgreSQL' ? postgresUnavailable() : undefined;
      if (missing !== undefined) {
        say(`left out: ${missing}`);
        continue;
      }
      const server = kind === 'PostgreSQL' ? await startPostgres() : undefined;
      try {
        for (const line of await benchLists(await server?.createDatabase(), tasks, temporal, say)) {
          say(
            `${line.what.padEnd(24)} p50 ${line.p50.toFixed(1).padStart(7)} ms   p99 ${line.p99.toFixed(1).padStart(7)} ms`,
          );
        }
      } finally {
        await server?.stop();
      }
    }
  } finally {
    await temporal.stop();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
