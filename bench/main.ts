import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Runtime } from '@temporalio/worker';
import { Command } from 'commander';
import { repositoryRoot } from '../runtime/paths';
import { fleetUnavailable } from '../sandbox/hosts/fleet';
import { chromiumUnavailable } from '../test/support/browser';
import { ansiblePlaybook } from './ansible';
import { benchApi } from './api';
import { benchClusterRestart } from './clusterRestart';
import { benchCommands } from './commands';
import { benchConsole } from './console';
import { benchEngine } from './engine';
import { benchInstall } from './install';
import { type BenchResult, cpuTimes, machine, printResult, stealSince } from './measure';
import { benchObservers } from './observers';
import { benchRolling } from './rolling';
import { benchServerDeletion } from './serverDeletion';
import { benchUp } from './up';

const PARTS = 'engine,api,commands,up,console,install,observers,rolling,cluster,deletion';

/** `npm run bench`: ratios of one run, back to back; see bench/README.md. */
async function main(): Promise<void> {
  const options = new Command('bench')
    .description('Compares obflow with bare Temporal and with Ansible, and writes bench/results.json.')
    .option('--rounds <n>', 'rounds of every comparison, at least 3', '5')
    .option('--only <parts>', PARTS, PARTS)
    .option('--hosts <n>', 'the largest of the tasks of 50, 500 and 2 000 hosts', '2000')
    .parse()
    .opts<{ rounds: string; only: string; hosts: string }>();
  // The API gives commands to live workers only, and the default is to tell of one every minute.
  Runtime.install({ workerHeartbeatInterval: '1 s' });
  const rounds = Math.max(3, Number(options.rounds));
  const parts = options.only.split(',');
  const mostHosts = Number(options.hosts);
  const results: BenchResult[] = [];
  const before = cpuTimes();
  const take = (lines: readonly BenchResult[]) => {
    for (const line of lines) printResult(line);
    results.push(...lines);
  };

  console.log(`${machine()}; ${rounds} rounds; median (min - max)`);
  if (parts.includes('engine')) take(await benchEngine(rounds, mostHosts));
  if (parts.includes('api')) take(await benchApi(rounds, mostHosts));
  if (parts.includes('commands')) take(await benchCommands(rounds));
  if (parts.includes('up')) take(await benchUp(rounds));
  if (parts.includes('console')) {
    const missing = chromiumUnavailable();
    if (missing === undefined) take(await benchConsole(rounds));
    else console.log(`console left out: ${missing}`);
  }
  const onHosts = ['install', 'observers', 'rolling', 'cluster', 'deletion'].filter((part) =>
    parts.includes(part),
  );
  const missing = onHosts.length === 0 ? undefined : fleetUnavailable();
  if (missing !== undefined) console.log(`${onHosts.join(' and ')} left out: ${missing}`);
  else {
    if (parts.includes('install')) {
      const ansible = ansiblePlaybook((line) => console.log(line));
      take(await benchInstall(rounds, ansible));
    }
    if (parts.includes('observers')) take(await benchObservers(rounds));
    if (parts.includes('rolling')) take(await benchRolling(rounds));
    if (parts.includes('cluster')) take(await benchClusterRestart(rounds));
    if (parts.includes('deletion')) take(await benchServerDeletion(rounds));
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
