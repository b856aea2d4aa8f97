import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { repositoryRoot } from '../runtime/paths';
import { fleetUnavailable } from '../sandbox/hosts/fleet';
import { ansiblePlaybook } from './ansible';
import { benchApi } from './api';
import { benchEngine } from './engine';
import { benchInstall } from './install';
import { type BenchResult, cpuTimes, machine, printResult, stealSince } from './measure';

/** `npm run bench`: ratios of one run, back to back; see docs/performance.md. */
async function main(): Promise<void> {
  const options = new Command('bench')
    .description('Compares obflow with bare Temporal and with Ansible, and writes bench/results.json.')
    .option('--rounds <n>', 'rounds of every comparison, at least 5', '5')
    .option('--only <parts>', 'engine,api,install', 'engine,api,install')
    .parse()
    .opts<{ rounds: string; only: string }>();
  const rounds = Math.max(5, Number(options.rounds));
  const parts = options.only.split(',');
  const results: BenchResult[] = [];
  const before = cpuTimes();
  const take = (lines: readonly BenchResult[]) => {
    for (const line of lines) printResult(line);
    results.push(...lines);
  };

  console.log(`${machine()}; ${rounds} rounds; median (min - max)`);
  if (parts.includes('engine')) take(await benchEngine(rounds));
  if (parts.includes('api')) take(await benchApi(rounds));
  if (parts.includes('install')) {
    const missing = fleetUnavailable();
    if (missing === undefined)
      take(
        await benchInstall(
          rounds,
          ansiblePlaybook((line) => console.log(line)),
        ),
      );
    else console.log(`(e), (f) and (g) are left out: ${missing}`);
  }
  console.log(`CPU stolen from this machine meanwhile: ${stealSince(before).toFixed(0)} %`);
  await writeFile(
    path.join(repositoryRoot(), 'bench', 'results.json'),
    `${JSON.stringify(results, null, 2)}\n`,
  );
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exit(1);
  },
);
