import type { Command } from 'commander';
import { declare, type OutputOptions, run } from '../access/run';
import { ACCESS_HELP } from '../apiClient';

export interface ForgetOptions extends OutputOptions {
  readonly force: boolean;
  readonly dryRun: boolean;
}

/** Adds `obflow proxy …` to the program. */
export function addProxyCommands(program: Command): void {
  const proxy = program
    .command('proxy')
    .description('what can be done to OBProxies without a task, through the API')
    .showHelpAfterError('(obflow proxy --help lists the commands)')
    .addHelpText('after', ACCESS_HELP);

  declare(
    proxy,
    'forget',
    'take OBProxies that are gone for good out of the inventory; their hosts are not touched, what stays there is listed',
  )
    .argument('<cluster>', 'name or id of the OBProxy cluster')
    .argument('<proxies...>', 'ids of OBProxies, or addresses as ip or ip:port')
    .option('--force', 'also one that is seen alive: it runs on, unknown to obflow', false)
    .option('--dry-run', 'only look and say what would be forgotten', false)
    .action((cluster: string, proxies: string[], options: ForgetOptions) =>
      run(async (api) => (await import('./forget')).forgetProxies(api, cluster, proxies, options)),
    );

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
