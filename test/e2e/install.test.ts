import { OB_CLUSTER } from '../../sandbox/stack/stack';
import {
  batchAdd,
  createCluster,
  describeWithStack,
  effects,
  hostIds,
  OBPROXY_1_9,
  OBPROXY_4_3,
  subtaskLog,
  uploaded,
} from './scene';

describeWithStack(
  'from the documented request to running proxies',
  { hosts: 3, processes: 'one' },
  (stack) => {
    let ids: number[];

    beforeAll(async () => {
      await stack().apply();
      ids = await hostIds(stack());
    }, 60_000);

    it('declaring the same inventory again changes nothing', async () => {
      const printed = await stack().apply();
      expect(printed).toContain('0 added, 0 changed, 7 unchanged.');
    }, 60_000);

    it('batchAdd of two hosts installs OBProxy 1.9.1.1 on both, each host changed exactly once', async () => {
      const { api, fleet } = stack();
      const version = await uploaded(stack(), OBPROXY_1_9);
      const clusterId = await createCluster(stack(), 'old');
      const tasks = await batchAdd(stack(), clusterId, ids.slice(0, 2), version);
      expect(tasks.map((task) => task.hostId)).toEqual(ids.slice(0, 2));
      const settled = await api.settled(tasks.map((task) => task.id));
      expect(settled.map((task) => task.status)).toEqual(['SUCCESSFUL', 'SUCCESSFUL']);
      for (const host of fleet.hosts.slice(0, 2))
        expect(await effects(host)).toEqual({ installs: 1, starts: 1, processes: 1 });

      const cluster = await api.call<Record<string, unknown> & { obproxies: Record<string, unknown>[] }>(
        'GET',
        `/api/v2/obproxy/clusters/${clusterId}`,
      );
      expect(cluster.versions).toEqual([{ version: '1.9.1.1-1919579', count: 2 }]);
      for (const proxy of cluster.obproxies)
        expect(proxy).toMatchObject({
          status: 'RUNNING',
          operateStatus: 'NORMAL',
          sqlPort: 2883,
          exporterPort: 2884,
        });
    }, 120_000);

    it('every subtask has a log whose run begins with the documented separator', async () => {
      const list = await stack().api.call<{ contents: { id: number; name: string }[] }>(
        'GET',
        `/api/v2/tasks/instances?hostId=${ids[0]}`,
      );
      const task = await stack().api.task(list.contents[0]?.id ?? 0);
      for (const subtask of task.subtasks) {
        const log = await subtaskLog(stack(), task, subtask.name);
        expect(log).toMatch(/^#{12}\{EXECUTE\}\{\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d\}#{12}\n/);
        expect(log).toContain(`Set state for subtask: ${subtask.id}, operation:EXECUTE, state: SUCCESSFUL`);
      }
    });

    it('a new cluster with hosts installs OBProxy 4.3.1 in RS_LIST mode with its parameters in effect', async () => {
      const { api, fleet } = stack();
      const version = await uploaded(stack(), OBPROXY_4_3);
      const host = fleet.hosts[2];
      if (host === undefined) throw new Error('three hosts were asked for');
      const task = await api.call<{ id: number; obproxyClusterId: number }>(
        'POST',
        '/api/v2/obproxy/clusters',
        {
          name: 'new',
          address: 'proxy.example',
          port: 3883,
          workMode: 'RS_LIST',
          obLinks: [
            { clusterName: OB_CLUSTER.name, obClusterId: OB_CLUSTER.obClusterId, username: 'proxyro' },
          ],
          obproxyInstallParam: { hostIds: [ids[2]], sqlPort: 3883, exportPort: 3884, version },
          startupParameters: [{ name: 'work_thread_num', value: '8' }],
          parameters: [{ name: 'proxy_mem_limited', value: '1G' }],
        },
      );
      const [settled] = await api.settled([task.id]);
      expect(settled?.status).toBe('SUCCESSFUL');
      expect(await effects(host)).toEqual({ installs: 1, starts: 1, processes: 1 });
      const arguments_ = await host.sh('tr "\\0" " " < /proc/$(pgrep -x obproxy)/cmdline');
      expect(arguments_.stdout).not.toMatch(/-o|password/);
      const cluster = await api.call<Record<string, unknown>>(
        'GET',
        `/api/v2/obproxy/clusters/${task.obproxyClusterId}`,
      );
      expect(cluster).toMatchObject({ workMode: 'RS_LIST', address: 'proxy.example', port: 3883 });
    }, 120_000);

    it('Prometheus finds every exporter by HTTP service discovery', async () => {
      const { answer } = await stack().api.send('GET', '/api/v2/prometheus/targets');
      const targets = (answer as { targets: string[] }[]).flatMap((group) => group.targets).sort();
      expect(targets).toEqual(
        stack()
          .fleet.hosts.map((host, index) => `${host.ip}:${index === 2 ? 3884 : 2884}`)
          .sort(),
      );
    });

    it('a planted password stands nowhere: answers, data folder, history, hosts', async () => {
      const { api, dataDir, fleet, secrets, observer } = stack();
      expect(observer).toBeDefined();
      const { execFileSync } = await import('node:child_process');
      for (const secret of Object.values(secrets)) {
        expect(JSON.stringify(api.requests)).not.toContain(secret);
        const found = execFileSync('sh', ['-c', 'grep -rlaF -- "$1" "$2" || true', 'sh', secret, dataDir], {
          encoding: 'utf8',
        });
        expect(found).toBe('');
        for (const host of fleet.hosts) {
          // The pattern goes by stdin: in an argument it would find itself.
          const onHost = await host.sh(
            `grep -rlaF -f - /opt /home /var/lib/obflow /var/log /tmp /root 2>/dev/null <<'END'\n${secret}\nEND\necho ---\ncat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'`,
          );
          expect(onHost.stdout).toContain('sshd');
          expect(onHost.stdout).not.toContain(secret);
          expect(onHost.stdout.split('---')[0]).toBe('');
        }
      }
    });
  },
);
