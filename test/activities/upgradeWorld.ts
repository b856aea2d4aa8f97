/** What the tests of upgrades share: hosts with proxies in them, and what is seen of these. */
import { KEEPER_FILE } from '../../activities/obproxy/keeper';
import { KEEPER_DIR } from '../../activities/places';
import type { Host } from '../../hosts';
import { type ObproxyAdmin, openObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { upgradeObproxy } from '../../operations/upgradeObproxy';
import type { TestHost } from '../../sandbox/hosts/fleet';
import type { ObproxyRpm } from '../../sandbox/standins/rpm';
import type { ObproxyServerRow } from '../../store/types';
import { type LifeTask, request } from './lifeWorld';
import { type InstallOptions, type InstallTask, PLANTED, startWorld, type Worker, type World } from './world';

export const NEWER: ObproxyRpm = { name: 'obproxy-ce', version: '4.3.2.0', release: '9.el7' };
export const SHORT = 'obproxy-ce-4.3.2.0-9';

const PARAMETERS = [
  { name: 'proxy_hot_upgrade_check_interval', value: '1s' },
  { name: 'hot_upgrade_exit_timeout', value: '60000000' },
  { name: 'client_max_connections', value: '4321' },
];

export interface UpgradeWorld {
  readonly world: World;
  readonly worker: Worker;
  installed(index: number, options: InstallOptions): Promise<InstallTask>;
  upgrade(tasks: readonly InstallTask[], more?: object): Promise<LifeTask>;
  row(task: InstallTask): Promise<ObproxyServerRow>;
  ask<T>(task: InstallTask, question: (admin: ObproxyAdmin) => Promise<T>): Promise<T>;
  /** `4.3.2.0-9` of the process that answers. */
  version(task: InstallTask): Promise<string | undefined>;
  shown(task: InstallTask, name: string): Promise<string | undefined>;
  /** Everything that it shows but what an upgrade is to change. */
  settings(task: InstallTask): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startUpgradeWorld(hosts: number): Promise<UpgradeWorld> {
  const world = await startWorld({ hosts });
  const worker = world.newWorker();
  await world.package(NEWER);

  async function hostOf(task: InstallTask): Promise<Host> {
    const { hostId } = await row(task);
    return worker.hosts.open({
      ...{ hostId, ip: task.host.ip, sshPort: 22, username: 'root' },
      auth: { kind: 'key', privateKey: world.fleet.privateKey },
    });
  }
  const row = async (task: InstallTask) => {
    const found = await world.store.obproxy.findServer(task.serverId);
    if (found === undefined) throw new Error('the proxy is gone');
    return found;
  };
  const ask: UpgradeWorld['ask'] = async (task, question) => {
    const host = await hostOf(task);
    const admin = await openObproxyAdmin({
      ...{ where: host.ip, password: PLANTED.proxysys, open: () => host.tunnel(2883) },
    });
    try {
      return await question(admin);
    } finally {
      admin.close();
    }
  };
  return {
    world,
    worker,
    async installed(index, options) {
      const task = await world.install(index, { parameters: PARAMETERS, ...options });
      await task.chain();
      await world.store.tasks.applyStateChange({
        ...{ taskId: task.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
      });
      return task;
    },
    upgrade(tasks, more = {}) {
      const obproxyServerIds = tasks.map(({ serverId }) => serverId);
      const params = { id: String(tasks[0]?.clusterId) };
      return request(world, worker, upgradeObproxy, params, {
        ...{ obproxyServerIds, shortRpmName: SHORT },
        ...more,
      });
    },
    row,
    ask,
    version: (task) => ask(task, async (admin) => /\d+(\.\d+){2,}-\d+/.exec(await admin.binaryInfo())?.[0]),
    shown: (task, name) => ask(task, async (admin) => (await admin.showConfig(name))?.value),
    settings: (task) =>
      ask(task, async (admin) =>
        (await admin.showAll()).flatMap(({ name, value }) =>
          ['proxy_id', 'json_config_version'].includes(name) ? [] : [`${name}=${value}`],
        ),
      ),
    async stop() {
      await worker.stop();
      await world.stop();
    },
  };
}

/** Owner, mode, inode and content of what lies in the home, without what a living proxy writes all the time. */
export async function filesIn(host: TestHost, home: string): Promise<string[]> {
  const { stdout } = await host.sh(`
    cd ${home} && find . \\( -type f -o -type d -o -type l \\) ! -path './log*' ! -path './.standin*' ! -name '*server_info.json' \\
        $([ ! -e etc/proxyconfig_v1.db ] || echo ! -name obproxy_config.bin) |
      sort | while read -r name; do
        stat -c '%n %F %U %a' "$name"
        case $name in ./bin/*|./lib/*) stat -c %i "$name"; sha256sum "$name" ;; *.bin) sha256sum "$name" ;; esac
      done; ls -A /var/lib/obflow/obproxy; rpm -qa 'obproxy*' | sort; ls -d /home/admin/*`);
  return stdout.split('\n');
}

/** How often the keeper has started the proxy, and whether it is at work. */
export async function keeps({ host }: InstallTask): Promise<string> {
  const { stdout } = await host.sh(
    `grep -c 'starting it' ${KEEPER_DIR}/keeper.log; pgrep -f ${KEEPER_FILE} >/dev/null && echo kept; exit 0`,
  );
  return stdout;
}

export async function packagesOn(host: TestHost): Promise<string[]> {
  return (await host.sh(`rpm -qa 'obproxy*' | sort`)).stdout.trim().split('\n');
}

/** Whatever an upgrade may have left on a host outside of rpm. */
export async function leftOn(host: TestHost): Promise<string> {
  const { stdout } = await host.sh(
    `find / -xdev -name '*.obflow-*' -not -path '/proc/*'; ls -A /var/lib/obflow; exit 0`,
  );
  return stdout;
}
