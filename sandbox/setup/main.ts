import { spawn } from 'node:child_process';
import os from 'node:os';
import { runWhereFleetsAre } from '../hosts/userNamespace';
import { ensureBrowser, ensureHostTools } from './packages';
import { ensureTemporalCli } from './temporal';

/**
 * `node dist/sandbox/setup/main.js [command …]`: brings what test hosts need, the Temporal CLI and (for jest) a browser, then
 * runs the command where test hosts are possible: as it is for root, in a user namespace for others. A command is run in any
 * case: it says itself what it had to leave out.
 */
async function main(command: readonly string[]): Promise<number> {
  ensureHostTools((line) => console.error(line));
  if (command.includes('jest')) ensureBrowser((line) => console.error(line));
  await ensureTemporalCli((line) => console.error(line));
  const [program, ...args] = command;
  if (program === undefined) {
    return 0;
  }
  const inside = await runWhereFleetsAre(command);
  if (inside !== undefined) {
    return inside;
  }
  const child = spawn(program, args, { stdio: 'inherit' });
  // The terminal sends Ctrl-C to the command too; what comes to this process alone is passed on.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', (signal) => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : os.constants.signals[signal]));
    });
  });
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
