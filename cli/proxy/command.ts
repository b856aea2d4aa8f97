import type { Command } from 'commander';
import { declare, type OutputOptions, run } from '../access/run';
import { ACCESS_HELP } from '../apiClient';

/** Adds `obflow proxy …` to the program. */
export function addProxyCommands(program: Command): void {
  const proxy = program
    .command('proxy')
    .description('what can be done to OBProxies without a task, through the API')
    .showHelpAfterError('(obflow proxy --help lists the commands)')
    .addHelpText('after', ACCESS_HELP);

  declare(proxy, 'push-url', 'give every OBProxy in CONFIG_URL mode the present OBFLOW_PUBLIC_URL of the API')
    .option('--cluster <name>', 'only those of this OBProxy cluster')
    .addHelpText(
      'after',
      '\nEvery host is asked first whether it reaches the URL; what was set is read back. Nothing is restarted.\nExit codes: 0 every OBProxy has it; 1 some do not, and are named; 2 wrong usage.',
    )
    .action((options: OutputOptions & { readonly cluster?: string }) =>
      run(async (api) => {
        process.exitCode = await (await import('./pushUrl')).pushUrl(api, options);
      }),
    );
}
