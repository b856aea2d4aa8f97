import type { Command } from 'commander';
import { declare, type OutputOptions, run } from '../access/run';
import { ACCESS_HELP } from '../apiClient';
import { say } from '../output';
import { showList } from '../show';
import { allPackages, PACKAGES, type PackageDocument, packageCalled } from './inventory';

/** Adds `obflow package …` to the program. */
export function addPackageCommands(program: Command): void {
  const commands = program
    .command('package')
    .description('packages (RPMs) that operations install, through the API')
    .showHelpAfterError('(obflow package --help lists the commands)')
    .addHelpText('after', `\nA package is named by its file name or id.${ACCESS_HELP}`);

  declare(commands, 'ls', 'list packages')
    .alias('list')
    .option('--keyword <text>', 'part of the name')
    .action((options: OutputOptions & { readonly keyword?: string }) =>
      run(async (api) => {
        const { keyword } = options;
        const query = keyword === undefined ? '' : `&keyword=${encodeURIComponent(keyword)}`;
        showList(await allPackages(api, query), options, {
          heading: ['ID', 'FILE', 'TYPE', 'MIB', 'UPLOADED', 'USED BY'],
          row: (one) => [
            String(one.id),
            one.fileName,
            one.type,
            (one.size / 1024 ** 2).toFixed(1),
            one.createTime,
            usersOf(one),
          ],
          nothing: 'There is no package. obflow package upload <file> brings one.',
        });
      }),
    );

  declare(commands, 'upload', 'upload packages')
    .argument('<file...>', 'RPM files')
    .action((files: string[], options: OutputOptions) =>
      run(async (api) => (await import('./upload')).uploadPackages(api, files, options)),
    );

  declare(commands, 'rm', 'delete packages that nothing uses')
    .argument('<package...>')
    .action((words: string[]) =>
      run(async (api) => {
        const found = [];
        for (const word of words) found.push(await packageCalled(api, word));
        for (const { id, fileName } of found) {
          await api.command(`${PACKAGES}/${id}`, undefined, 'DELETE');
          say(`Package ${fileName} is deleted.`);
        }
      }),
    );
}

/** Several are named, more are counted: `-o json` has them all. */
const USERS_SHOWN = 3;

/** `orders (3 OBProxies), task 33001`. */
function usersOf({ usedBy }: PackageDocument): string {
  const shown = usedBy.slice(0, USERS_SHOWN).map(({ kind, id, name, servers = 0 }) => {
    if (kind === 'TASK') return `task ${id}`;
    const what = kind === 'OB_CLUSTER' ? ['OBServer', 'OBServers'] : ['OBProxy', 'OBProxies'];
    return `${name} (${servers} ${servers === 1 ? what[0] : what[1]})`;
  });
  const more = usedBy.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
