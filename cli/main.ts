import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { ConfigError, ENVIRONMENT } from '../runtime/config';
import { repositoryRoot } from '../runtime/paths';
import { ACCESS_HELP } from './apiClient';
import { complain, textOf } from './output';
import { addTaskCommands } from './task/command';

/** Exit codes: 0 done, 1 failed, 2 wrong usage or setting, 128 + n ended by a second signal n. */
async function main(): Promise<void> {
  const program = new Command('obflow')
    .description('OceanBase operations as durable workflows, behind the REST API that OCP documents')
    .version(version())
    .showHelpAfterError('(obflow --help lists the commands)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

  program
    .command('up')
    .description(
      'run everything in the foreground: Temporal dev server (unless TEMPORAL_ADDRESS is set), API, worker',
    )
    .addHelpText('after', environmentHelp())
    .action(async () => (await import('./serve')).serve(['api', 'worker'], { ownTemporal: true }));
  program
    .command('api')
    .description('run an API server alone; any number of them share one database and one Temporal')
    .addHelpText('after', environmentHelp())
    .action(async () => (await import('./serve')).serve(['api'], { ownTemporal: false }));
  program
    .command('worker')
    .description('run a worker alone; any number of them share one database and one Temporal')
    .addHelpText('after', environmentHelp())
    .action(async () => (await import('./serve')).serve(['worker'], { ownTemporal: false }));
  program
    .command('apply')
    .description('declare credentials, hosts and OceanBase clusters from a YAML file, through the API')
    .argument('<file>', 'inventory file; docs/inventory.example.yaml shows one')
    .option('--dry-run', 'only say what would change')
    .addHelpText('after', ACCESS_HELP)
    .action(async (file: string, options: { dryRun?: boolean }) => {
      const { apply } = await import('./apply/apply');
      process.exitCode = await apply(file, { dryRun: options.dryRun === true, env: process.env });
    });

  addTaskCommands(program);

  await program.parseAsync();
}

function version(): string {
  const text = readFileSync(path.join(repositoryRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function environmentHelp(): string {
  const lines = ENVIRONMENT.map(({ name, byDefault, meaning }) => {
    const fallback = byDefault === '' ? '' : ` [${byDefault}]`;
    return `  ${name.padEnd(24)} ${meaning}${fallback}`;
  });
  return `\nSettings (environment variables, [default]):\n${lines.join('\n')}`;
}

main().catch((error: unknown) => {
  complain(`obflow: ${textOf(error)}`);
  process.exit(error instanceof ConfigError ? 2 : 1);
});
