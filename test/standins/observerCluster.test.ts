/** The packages of the OceanBase stand-in, and clusters of them on test hosts. */
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Fleet, fleetUnavailable, startFleet } from '../../sandbox/hosts/fleet';
import {
  installObserverRpm,
  startObserverCluster,
  startObserverProcess,
} from '../../sandbox/standins/observer/cluster';
import type { ObserverCountsFile } from '../../sandbox/standins/observer/counters';
import { buildObserverRpm, OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { CE_4_2, EE_2_2, QUICK } from './observerHome';

const run = promisify(execFile);

const missing =
  spawnSync('rpmbuild', ['--version']).error === undefined
    ? undefined
    : 'rpmbuild is missing: apt-get install -y --no-install-recommends rpm';

describeIf(missing, 'The package', () => {
  test('installs bin/observer, etc and admin for the user admin, whatever its version', async () => {
    const file = await buildObserverRpm(EE_2_2);
    expect(path.basename(file)).toBe('oceanbase-2.2.77-20210108170301.el7.x86_64.rpm');
    const format = '[%{FILENAMES} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEMODES:octal}\\n]';
    const { stdout } = await run('rpm', ['-qp', '--nosignature', '--queryformat', format, file]);
    expect(stdout.trim().split('\n')).toEqual([
      `${OBSERVER_HOME} admin:admin 40755`,
      `${OBSERVER_HOME}/admin admin:admin 40755`,
      `${OBSERVER_HOME}/bin admin:admin 40755`,
      `${OBSERVER_HOME}/bin/observer admin:admin 100755`,
      `${OBSERVER_HOME}/etc admin:admin 40755`,
    ]);
  });
});

describeIf(fleetUnavailable(), 'A cluster on test hosts', () => {
  let fleet: Fleet | undefined;
  beforeEach(async () => {
    fleet = await startFleet({ hosts: 3 });
  });
  afterEach(async () => {
    await fleet?.stop();
    fleet = undefined;
  });
  const hosts = () => {
    const [first, second, third] = fleet?.hosts ?? [];
    if (first === undefined || second === undefined || third === undefined) throw new Error('no hosts');
    return [first, second, third] as const;
  };

  test.each([CE_4_2, EE_2_2])(
    '$name $version: three zones, a fourth server by hand, and nothing as root',
    async (rpm) => {
      const [first, second, joining] = hosts();
      const cluster = await startObserverCluster([first, second], {
        version: rpm.version,
        name: 'ob_test',
        obClusterId: 22,
        rootPassword: "root'pw",
        proxyroPassword: 'propw',
        steering: QUICK,
      });
      expect(cluster.rootServers).toBe(`${first.ip}:2882:2881;${second.ip}:2882:2881`);
      expect(first.pids('observer')).toHaveLength(1);

      await installObserverRpm(joining, rpm);
      // etc/ belongs to admin: root is turned away before anything happens.
      const asRoot = await joining.sh(`cd ${OBSERVER_HOME} && ./bin/observer -z zone2`);
      expect(asRoot.exitCode).toBe(1);
      expect(asRoot.stderr).toContain('is not the same with the original one(uid=500)');
      const { rootServers } = cluster;
      await startObserverProcess(joining, {
        ...{ version: rpm.version, clusterName: 'ob_test', obClusterId: 22, zone: 'zone2', rootServers },
        ...{ sqlPort: 2881, rpcPort: 2882 },
      });
      await until('the observer listens', async () => {
        const { exitCode } = await joining.sh('nc -z 127.0.0.1 2882');
        return exitCode === 0;
      });
      await cluster.sql(`ALTER SYSTEM ADD SERVER '${joining.ip}:2882' ZONE 'zone2'`);
      const isServing =
        rpm === CE_4_2
          ? "select 1 as yes from oceanbase.DBA_OB_SERVERS where SVR_IP = '?' and STATUS = 'ACTIVE' and START_SERVICE_TIME is not null"
          : "select 1 as yes from oceanbase.__all_server where svr_ip = '?' and status = 'active' and start_service_time > 0";
      const serving = () =>
        until('serving', async () => (await cluster.sql(isServing.replace('?', joining.ip))).length === 1);
      await serving();
      const { stdout } = await joining.sh(
        `cd ${OBSERVER_HOME}; stat -c %U run/observer.pid etc/observer.config.bin etc2/observer.conf.bin; cat run/observer.pid`,
      );
      expect(stdout.split('\n').slice(0, 4)).toEqual([
        'admin',
        'admin',
        'admin',
        String(joining.pids('observer')[0]),
      ]);

      // Power loss: it comes back from what it stored.
      await joining.reboot();
      await joining.sh(`cd ${OBSERVER_HOME} && runuser -u admin -- ./bin/observer`);
      await serving();
      const counters = readFileSync(
        path.join(first.rootDir, OBSERVER_HOME, '.standin/counters.json'),
        'utf8',
      );
      expect((JSON.parse(counters) as ObserverCountsFile).addServer).toEqual({ [`${joining.ip}:2882`]: 1 });
      expect(counters).not.toContain('pw');
    },
  );
});
