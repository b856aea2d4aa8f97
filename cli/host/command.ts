import type { Command } from 'commander';
import { z } from 'zod';
import { declare, type OutputOptions, parsed, run } from '../access/run';
import { ACCESS_HELP, type ApiClient } from '../apiClient';
import { complain, say } from '../output';
import type { ForgetOptions } from '../proxy/command';
import {
  allHosts,
  CREDENTIALS,
  credentialCalled,
  HOSTS,
  type HostTry,
  hostsCalled,
  hostTypeCalled,
  idcCalled,
  validated,
} from './inventory';
import { showHost, showHosts, showTries } from './show';

interface AddOptions extends OutputOptions {
  readonly credential: string;
  readonly idc: string;
  readonly region?: string;
  readonly type?: string;
  readonly sshPort: string;
  readonly kind: string;
  readonly alias?: string;
  readonly description?: string;
  readonly publishPorts?: string;
  readonly dryRun?: true;
}

const NAMED = '\nA host is named by its id, address, name or alias.';

/** Adds `obflow host …` to the program. */
export function addHostCommands(program: Command): void {
  const host = program
    .command('host')
    .description('hosts of the inventory, through the API')
    .showHelpAfterError('(obflow host --help lists the commands)')
    .addHelpText('after', `${NAMED}${ACCESS_HELP}`);

  declare(host, 'ls', 'list hosts')
    .alias('list')
    .option('--status <words>', 'NEW, AVAILABLE, ONLINE, OFFLINE, DELETING; with commas')
    .option('--keyword <text>', 'part of a name, an address or a service')
    .action((options: OutputOptions & { readonly status?: string; readonly keyword?: string }) =>
      run(async (api) => showHosts(await allHosts(api, queryOf(options)), options)),
    );

  declare(host, 'show', 'show a host')
    .argument('<host>')
    .action((word: string, options: OutputOptions) =>
      run(async (api) => {
        const [found] = await hostsCalled(api, [word]);
        if (found === undefined) return;
        showHost(found, await credentialName(api, found.credentialId), options);
      }),
    );

  declare(host, 'add', 'add hosts: each is logged in to, then a task looks at it')
    .argument('<address...>', 'IP addresses')
    .requiredOption('--credential <credential>', 'credential that logs in to them, by name or id')
    .requiredOption('--idc <idc>', 'IDC in which they stand, by name or id')
    .option('--region <name>', 'region of the IDC, where several have one of that name')
    .option('--type <type>', 'host type, by name or id')
    .option('--ssh-port <port>', 'SSH port of all of them', '22')
    .option(
      '--kind <kind>',
      'DEDICATED_PHYSICAL_MACHINE, DEDICATED_CONTAINER or DEDICATED_ECS',
      'DEDICATED_PHYSICAL_MACHINE',
    )
    .option('--alias <text>', 'with one host')
    .option('--description <text>')
    .option('--publish-ports <ports>', 'of containers: 8080:80,8090')
    .option('--dry-run', 'log in to them and say what is found; add none')
    .addHelpText('after', '\nobflow task watch <id> shows how the task of a host goes on.')
    .action((addresses: string[], options: AddOptions) => run((api) => addHosts(api, addresses, options)));

  declare(host, 'rm', 'delete hosts without services from the inventory, all of them or none')
    .argument('<host...>')
    .action((words: string[], options: OutputOptions) =>
      run(async (api) => {
        const hosts = await hostsCalled(api, words);
        const hostIdList = [...new Set(hosts.map(({ id }) => id))];
        await api.command(`${HOSTS}/batchDelete`, { hostIdList });
        if (options.output === 'json') return say(JSON.stringify({ deleted: hostIdList }, null, 2));
        return hosts.forEach(({ id, innerIpAddress }) => {
          say(`Host ${innerIpAddress} (id ${id}) is deleted.`);
        });
      }),
    );

  declare(
    host,
    'forget',
    'take a host that is gone for good out of the inventory, with the OBProxy on it; it is not touched, what stays is listed',
  )
    .argument('<host>')
    .option('--force', 'also one that answers: what is on it runs on, unknown to obflow', false)
    .option('--dry-run', 'only look and say what would be forgotten', false)
    .action((word: string, options: ForgetOptions) =>
      run(async (api) => (await import('./forget')).forgetHost(api, word, options)),
    );

  declare(host, 'check', 'log in to hosts and try what tasks need there; without names to all of them')
    .argument('[host...]')
    .addHelpText('after', '\nExit codes: 0 all can be used; 1 some cannot, and are named.')
    .action((words: string[], options: OutputOptions) =>
      run(async (api) => {
        const hosts = words.length === 0 ? await allHosts(api) : await hostsCalled(api, words);
        const byCredential = new Map<number, number[]>();
        for (const { id, credentialId } of hosts)
          byCredential.set(credentialId, [...(byCredential.get(credentialId) ?? []), id]);
        const tries: HostTry[] = [];
        for (const [credentialId, ids] of byCredential)
          for (let at = 0; at < ids.length; at += MOST_TRIED)
            tries.push(...(await validated(api, credentialId, ids.slice(at, at + MOST_TRIED))));
        if (!showTries(tries, options)) process.exitCode = 1;
      }),
    );
}

/** The API takes so many at a time. */
const MOST_TRIED = 200;

function queryOf({ status, keyword }: { readonly status?: string; readonly keyword?: string }): string {
  return [
    ...(status === undefined ? [] : [`&status=${encodeURIComponent(status)}`]),
    ...(keyword === undefined ? [] : [`&keyword=${encodeURIComponent(keyword)}`]),
  ].join('');
}

async function credentialName(api: ApiClient, id: number): Promise<string> {
  const answer = await api.call('GET', `${CREDENTIALS}/${id}`);
  return parsed(z.object({ name: z.string() }), answer).name;
}

const addedSchema = z.object({
  contents: z.array(z.object({ id: z.number(), hostId: z.number() })),
  findings: z.array(z.object({ level: z.string(), message: z.string() })).optional(),
});

async function addHosts(api: ApiClient, addresses: readonly string[], options: AddOptions): Promise<void> {
  const { alias, description, publishPorts } = options;
  const [credential, idc, type] = [
    await credentialCalled(api, options.credential),
    await idcCalled(api, options.idc, options.region),
    options.type === undefined ? undefined : await hostTypeCalled(api, options.type),
  ];
  const body = {
    hostBasicDataList: addresses.map((innerIpAddress) => ({ innerIpAddress })),
    sshPort: Number(options.sshPort),
    kind: options.kind,
    idcId: idc.id,
    credentialId: credential.id,
    ...(type === undefined ? {} : { typeId: type.id }),
    ...(alias === undefined ? {} : { alias }),
    ...(description === undefined ? {} : { description }),
    ...(publishPorts === undefined ? {} : { publishPorts }),
  };
  const path = `${HOSTS}/batchCreate`;
  const answer =
    options.dryRun === true
      ? await api.call('POST', `${path}?dryRun=true`, { body })
      : await api.command(path, body);
  if (options.output === 'json') return say(JSON.stringify(answer, null, 2));
  const { contents, findings = [] } = parsed(addedSchema, answer);
  for (const { level, message } of findings) complain(`${level}  ${message}`);
  if (options.dryRun === true) return say('All of them can be logged in to; none was added.');
  return contents.forEach(({ id, hostId }, index) => {
    say(`Host ${addresses[index]} is added (id ${hostId}); task ${id} prepares it: obflow task watch ${id}`);
  });
}
