import type { Command } from 'commander';
import { addressText } from '../../runtime/addressText';
import { declare, type OutputOptions, run } from '../access/run';
import { ACCESS_HELP } from '../apiClient';
import { LOOK_HELP, lookNow } from '../look';
import { type Fact, showList, showOne } from '../show';
import { table } from '../table';
import { allObClusters, OB_CLUSTERS, type ObClusterDocument, obClusterCalled } from './inventory';
import { addObParameterCommands } from './parameters';

/** Adds `obflow ob …` to the program, but for what the catalogue gives. */
export function addObCommands(program: Command): void {
  const ob = program
    .command('ob')
    .description('OceanBase clusters, through the API')
    .showHelpAfterError('(obflow ob --help lists the commands)')
    .addHelpText('after', `\nA cluster is named by its name, name:obClusterId or id.${ACCESS_HELP}`);
  declare(ob, 'ls', 'list OceanBase clusters, each asked just now')
    .alias('list')
    .action((options: OutputOptions) =>
      run(async (api) => {
        const clusters = await allObClusters(api);
        showList(clusters, options, {
          heading: ['ID', 'NAME', 'VERSION', 'STATUS', 'TYPE', 'ZONES', 'SERVERS'],
          row: (one) => [
            String(one.id),
            `${one.name}:${one.obClusterId}`,
            one.obVersion,
            one.status,
            one.type,
            one.zones.map(({ name }) => name).join(', '),
            String(one.serverCount),
          ],
          nothing: 'There is no OceanBase cluster yet. obflow apply declares one.',
        });
      }),
    );
  declare(ob, 'show', 'show an OceanBase cluster and its servers')
    .argument('<cluster>')
    .action((word: string, options: OutputOptions) =>
      run(async (api) => show(await obClusterCalled(api, word), options)),
    );
  declare(ob, 'check', 'ask an OceanBase cluster for its servers now, instead of in the next round')
    .argument('<cluster>')
    .addHelpText('after', LOOK_HELP)
    .action((word: string, options: OutputOptions) =>
      run(async (api) => {
        const { id } = await obClusterCalled(api, word);
        await lookNow(api, `${OB_CLUSTERS}/${id}`);
        show(await obClusterCalled(api, String(id)), options);
      }),
    );
  addObParameterCommands(ob);
}

function show(cluster: ObClusterDocument, options: OutputOptions): void {
  const rows = cluster.zones.flatMap((zone) =>
    zone.servers.map((server) => [
      String(server.id),
      zone.name,
      `${zone.regionName}/${zone.idcName}`,
      addressText(server.ip, server.port),
      String(server.sqlPort),
      server.status,
      server.observed === undefined
        ? ''
        : [server.observed.state, server.observed.reason].filter(Boolean).join(': '),
      server.withRootserver ? 'yes' : '',
      server.version ?? '',
    ]),
  );
  const heading = ['ID', 'ZONE', 'REGION/IDC', 'ADDRESS', 'SQL PORT', 'STATUS', 'SEEN', 'ROOT', 'VERSION'];
  const facts: Fact[] = [
    ['id', String(cluster.id)],
    ['name', `${cluster.name}:${cluster.obClusterId}`],
    ['version', cluster.obVersion],
    ['status', cluster.status],
    ['not asked', cluster.failToQueryFromObReason],
    ['type', cluster.type],
    ['tenants', cluster.tenantCount?.toString()],
    ['declared', cluster.createTime],
  ];
  showOne(cluster, options, facts, table(heading, rows));
}
