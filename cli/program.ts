import { Command, Option } from 'commander';
import { ENVIRONMENT, FILE_VARIABLES } from '../runtime/config';
import { obflowVersion } from '../runtime/version';
import { addResetAdmin } from './access/userCommands';
import { ACCESS_HELP } from './apiClient';
import { addApiCommands } from './apiCommands';
import { addCompletionCommand } from './completion/command';
import type { MigrateDatabaseOptions } from './database';
import type { DoctorOptions } from './doctor/doctor';
import type { PruneOptions } from './prune';

/** The `obflow` command with everything but what the catalogue gives (operation/commands.ts). Wrong usage ends with 2. */
export function obflowProgram(): Command {
  const program = new Command('obflow')
    .description('OceanBase operations as durable workflows, behind the REST API that OCP documents')
    .version(obflowVersion())
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
    .addOption(
      new Option(
        '--check',
        'exit with 1 when a host or an OceanBase cluster does not let itself be used as declared',
      ).conflicts('dryRun'),
    )
    .addHelpText('after', ACCESS_HELP)
    .action(
      async (file: string, { dryRun = false, check = false }: { dryRun?: boolean; check?: boolean }) => {
        const { apply } = await import('./apply/apply');
        process.exitCode = await apply(file, { dryRun, check, env: process.env });
      },
    );

  addApiCommands(program);
  addResetAdmin(program);
  addCompletionCommand(program);

  program
    .command('doctor')
    .description(
      'look at database, Temporal, master key, data folder, clocks and hosts, and say what to do; changes nothing',
    )
    .option('--hosts <which>', 'log in to: all, none, or ids with commas', 'all')
    .addOption(
      new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table'),
    )
    .addHelpText('after', environmentHelp())
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('./doctor/doctor');
      process.exitCode = await doctor(options);
    });
  program
    .command('migrate-database')
    .description('copy the whole inventory into an empty database, from SQLite to PostgreSQL or back')
    .requiredOption('--to <url>', 'file:/path/to/file.db or postgres://user@host/database')
    .option('--from <url>', 'the database to read (default: OBFLOW_DATABASE_URL)')
    .option('--to-password-file <file>', 'file with the password of --to')
    .option('--from-password-file <file>', 'file with the password of --from')
    .action(async (options: MigrateDatabaseOptions) => (await import('./database')).migrateDatabase(options));
  program
    .command('prune')
    .description('delete tasks that ended long ago, with their documents and logs, and old audit events')
    .option('--older-than <age>', 'tasks: days since their end, as in 90d')
    .option('--audit-older-than <age>', 'audit events: days, as in 400d')
    .option('--dry-run', 'only count them', false)
    .action(async (options: PruneOptions) => (await import('./prune')).prune(options));
  return program;
}

function environmentHelp(): string {
  const width = Math.max(...ENVIRONMENT.map(({ name }) => name.length));
  const lines = ENVIRONMENT.map(({ name, byDefault, meaning }) => {
    const fallback = byDefault === '' ? '' : ` [${byDefault}]`;
    return `  ${name.padEnd(width)} ${meaning}${fallback}`;
  });
  return `\nSettings (environment variables, [default]):\n${lines.join('\n')}\nRead from a file instead: ${FILE_VARIABLES.join(', ')}`;
}
