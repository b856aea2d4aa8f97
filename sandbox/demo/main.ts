import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { fleetUnavailable, publishPort } from '../hosts/fleet';
import { startStack } from '../stack/stack';
import { OB_HOSTS } from './lifeOfCluster';
import { createTaskProgress } from './progress';
import { runScenario } from './scenario';

const say = (text: string) => console.log(text);

/**
 * `npm run demo`: test hosts, everything up, OBProxies installed, a running one taken over, one upgraded hot, one
 * stopped and deleted with its host by the documented requests, and an OceanBase cluster of stand-ins created, linked,
 * restarted under a client, mended and deleted.
 * Stays up until Ctrl-C; `--exit` ends at once, `--report FILE` writes what was asked and answered.
 */
async function main(): Promise<number> {
  const options = new Command('demo')
    .description(
      'Installs OBProxies on test hosts of this machine, takes over one that runs, upgrades one hot, ends the life of one, and leads an OceanBase cluster through its life, by the documented requests.',
    )
    .option('--exit', 'take everything down when done and exit 0, or 1 when anything failed', false)
    .option('--report <file>', 'write {requests, tasks} as JSON')
    .option('--hosts <n>', 'number of test hosts for new OBProxies', '3')
    .option(
      '--break',
      'hide nc on the second host: its task fails, and waits to be repaired in the console',
      false,
    )
    .parse()
    .opts<{ exit: boolean; report?: string; hosts: string; break: boolean }>();

  if (options.break && Number(options.hosts) < 3) {
    console.error(
      '--break needs three hosts at least: what the demo shows after it, it shows on the others.',
    );
    return 2;
  }
  const missing = fleetUnavailable();
  if (missing !== undefined) {
    console.error(`The demo needs test hosts: ${missing}`);
    return 1;
  }

  const interrupted = new Promise<void>((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      console.log(
        `\n${signal}: taking everything down; a second ${signal} stops at once and the next start cleans up.`,
      );
      resolve();
      process.once('SIGINT', () => process.exit(130));
      process.once('SIGTERM', () => process.exit(143));
    };
    process.once('SIGINT', onSignal);
    process.once('SIGTERM', onSignal);
  });

  console.log('Bringing up test hosts, Temporal, API and worker (the first start fetches the Temporal CLI).');
  const stack = await startStack({
    // One more, where an OBProxy runs already, and those of OceanBase.
    hosts: Number(options.hosts) + 1 + OB_HOSTS,
    processes: 'one',
    apiPort: 8080,
    uiPort: 8233,
    onStep: (text) => console.log(`- ${text}`),
  });
  try {
    const apiUrl = await reachable(stack.api.url);
    console.log(
      `\nConsole        ${apiUrl} (user admin, password ${stack.secrets.admin}): follow it all there\n`,
    );
    // The first one ends its life later, the one before the last is upgraded.
    const broken = options.break ? stack.fleet.hosts[1] : undefined;
    if (broken !== undefined) {
      await broken.hideCommand('nc');
      console.log(
        `nc is hidden on ${broken.ip}: its task will wait in the console, and say so. Enter puts nc back, at any time; then retry there.`,
      );
      process.stdin.once('data', () => {
        void broken
          .restoreCommand('nc')
          .then(() => say(`nc is on ${broken.ip} again; retry its task in the console.`));
      });
    }
    const addresses = new Map<number, string>();
    const hostOf = (task: { id: number }) => addresses.get(task.id) ?? `task ${task.id}`;
    const progress = createTaskProgress(hostOf);
    const say = (text: string) => console.log(text);
    const work = runScenario(stack, { progress, addresses, say }, broken?.ip);
    const outcome = await Promise.race([work, interrupted]);
    progress.stop();
    if (outcome === undefined) return 130;
    if (options.report !== undefined) {
      await writeFile(
        options.report,
        `${JSON.stringify({ requests: stack.api.requests, tasks: outcome.tasks }, null, 2)}\n`,
      );
      console.log(`Report: ${options.report}`);
    }
    console.log(`\nConsole        ${apiUrl} (user admin, password ${stack.secrets.admin})`);
    console.log(`Documentation  ${apiUrl}/api-docs`);
    console.log(`Temporal UI    ${await reachable(stack.uiUrl)}`);
    if (!options.exit) {
      console.log('\nEverything stays up. Ctrl-C takes it down.');
      await interrupted;
    }
    return outcome.failed ? 1 : 0;
  } finally {
    await stack.stop();
    console.log('Everything is down.');
  }
}

/** The address by which people on this machine reach it; another one only where the demo runs in a user namespace. */
async function reachable(address: string): Promise<string> {
  const url = new URL(address);
  url.port = String(await publishPort(Number(url.port)));
  return url.origin;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
