import type { Command } from 'commander';
import { declare, type OutputOptions, run } from '../access/run';
import { ACCESS_HELP } from '../apiClient';
import { LOOK_HELP, lookNow } from '../look';
import { allProxyClusters, CLUSTERS, proxyCalled, proxyClusterCalled } from './inventory';
import { showProxies, showProxy, showProxyCluster, showProxyClusters } from './show';

export interface ForgetOptions extends OutputOptions {
  readonly force: boolean;
  readonly dryRun: boolean;
}

const NAMED = '\nA cluster is named by its name or id, an OBProxy by its id, ip:port or ip.';

/** Adds `obflow proxy …` to the program, but for what the catalogue gives. */
export function addProxyCommands(program: Command): void {
  const proxy = program
    .command('proxy')
    .description('OBProxies and their clusters, through the API')
    .showHelpAfterError('(obflow proxy --help lists the commands)')
    .addHelpText('after', `${NAMED}${ACCESS_HELP}`);
  addClusterCommands(proxy);

  declare(proxy, 'ls', 'list OBProxies')
    .alias('list')
    .argument('[cluster]', 'only those of this OBProxy cluster')
    .action((word: string | undefined, options: OutputOptions) =>
      run(async (api) => {
        const clusters =
          word === undefined ? await allProxyClusters(api) : [await proxyClusterCalled(api, word)];
        const proxies = clusters.flatMap(({ name, obproxies }) =>
          obproxies.map((one) => ({ ...one, cluster: name })),
        );
        showProxies(proxies, options);
      }),
    );

  declare(proxy, 'show', 'show an OBProxy')
    .argument('<cluster>')
    .argument('<proxy>')
    .action((word: string, proxyWord: string, options: OutputOptions) =>
      run(async (api) => {
        const cluster = await proxyClusterCalled(api, word);
        showProxy({ ...proxyCalled(cluster, proxyWord), cluster: cluster.name }, options);
      }),
    );

  declare(proxy, 'check', 'look at the OBProxies of a cluster now, instead of in the next round')
    .argument('<cluster>')
    .addHelpText('after', LOOK_HELP)
    .action((word: string, options: OutputOptions) =>
      run(async (api) => {
        const { id, name } = await proxyClusterCalled(api, word);
        await lookNow(api, `${CLUSTERS}/${id}`);
        const { obproxies } = await proxyClusterCalled(api, String(id));
        showProxies(
          obproxies.map((one) => ({ ...one, cluster: name })),
          options,
        );
      }),
    );

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

function addClusterCommands(proxy: Command): void {
  const cluster = proxy
    .command('cluster')
    .description('OBProxy clusters')
    .showHelpAfterError('(obflow proxy cluster --help lists the commands)')
    .addHelpText('after', `${NAMED}${ACCESS_HELP}`);
  declare(cluster, 'ls', 'list OBProxy clusters')
    .alias('list')
    .action((options: OutputOptions) =>
      run(async (api) => showProxyClusters(await allProxyClusters(api), options)),
    );
  declare(cluster, 'show', 'show an OBProxy cluster and its OBProxies')
    .argument('<cluster>')
    .action((word: string, options: OutputOptions) =>
      run(async (api) => showProxyCluster(await proxyClusterCalled(api, word), options)),
    );
}
