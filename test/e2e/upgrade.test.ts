import type { Connection } from 'mysql2/promise';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { openSession } from '../activities/lifeWorld';
import { until } from '../support/until';
import {
  batchAdd,
  createCluster,
  describeWithStack,
  hostIds,
  OBPROXY_4_3,
  subtaskLog,
  uploaded,
} from './scene';

const NEWER = { ...OBPROXY_4_3, version: '4.3.2.0', release: '9.el7' } as const;
const BROKEN = { ...OBPROXY_4_3, version: '4.3.3.0', release: '1.el7', whenInherited: 'exit' } as const;
const HOME = `/opt/taobao/install/obproxy-${OBPROXY_4_3.version}`;

interface ClusterJson {
  readonly obproxies: { id: number; ip: string; status: string; version: string }[];
}

describeWithStack('upgrades of OBProxies', { hosts: 2, processes: 'one' }, (stack) => {
  const clients: Connection[] = [];
  afterAll(() => {
    for (const client of clients) client.destroy();
  });

  it('two are upgraded one after the other while a client of each goes on; a broken package leaves both as they are; what may be rolled back is', async () => {
    const { api, fleet } = stack();
    await stack().apply();
    const version = await uploaded(stack(), OBPROXY_4_3);
    for (const rpm of [NEWER, BROKEN]) await uploaded(stack(), rpm);
    const clusterId = await createCluster(stack(), 'upgraded', {
      parameters: [
        { name: 'proxy_hot_upgrade_check_interval', value: '1s' },
        { name: 'hot_upgrade_exit_timeout', value: '60000000' },
      ],
    });
    const added = await batchAdd(stack(), clusterId, await hostIds(stack()), version);
    await api.settled(
      added.map(({ id }) => id),
      { statuses: ['SUCCESSFUL'] },
    );
    const proxies = async () =>
      (await api.call<ClusterJson>('GET', `/api/v2/obproxy/clusters/${clusterId}`)).obproxies;
    const ids = (await proxies()).map(({ id }) => id);
    const upgrade = (shortRpmName: string, more: object = {}) =>
      until('the locks are released', async () => {
        const { answer } = await api.send('POST', `/api/v2/obproxy/clusters/${clusterId}/servers/upgrade`, {
          ...{ obproxyServerIds: ids, shortRpmName },
          ...more,
        });
        const body = answer as { data?: TaskJson; error?: { code: string } };
        if (['ODP21010', 'CMP07004'].includes(body.error?.code ?? '')) return undefined;
        if (body.data === undefined) throw new Error(JSON.stringify(body.error));
        return body.data;
      });

    const broken = await upgrade('obproxy-4.3.3.0-1', { prohibitRollback: false });
    const [failed] = await api.settled([broken.id], { statuses: ['FAILED'] });
    expect(failed!.subtasks.filter(({ status }) => status === 'FAILED').map(({ name }) => name)).toEqual([
      'Hot restart obproxy',
    ]);
    expect(await subtaskLog(stack(), failed!, 'Hot restart obproxy')).toContain('is back in place');
    await api.call('POST', `/api/v2/tasks/instances/${broken.id}/rollback`);
    await until('it is rolled back', async () => {
      const [task] = await api.settled([broken.id]);
      return task?.status === 'SUCCESSFUL' && (task as { operation?: string }).operation === 'ROLLBACK';
    });
    for (const host of fleet.hosts) {
      expect((await host.sh("rpm -qa 'obproxy*'")).stdout).toBe('obproxy-4.3.1.0-4.el7.x86_64\n');
    }

    for (const host of fleet.hosts) {
      const client = await openSession(host, HOME);
      await client.query('begin');
      clients.push(client);
    }
    const task = await upgrade('obproxy-4.3.2.0-9');
    await until('both are of the new version', async () =>
      (await proxies()).every((proxy) => proxy.version.startsWith('4.3.2.0')),
    );
    // They are in the former processes, which are waited for.
    for (const client of clients) await client.query('select 1');
    for (const client of clients) {
      await client.query('commit');
      client.destroy();
    }
    const [ended] = await api.settled([task.id]);
    expect(ended!.status).toBe('SUCCESSFUL');
    // As published: nobody rolls it back.
    const refused = await api.send('POST', `/api/v2/tasks/instances/${task.id}/rollback`);
    expect(refused.status).toBe(400);
    expect(await proxies()).toEqual([
      expect.objectContaining({ status: 'RUNNING', version: '4.3.2.0-9' }),
      expect.objectContaining({ status: 'RUNNING', version: '4.3.2.0-9' }),
    ]);
    for (const host of fleet.hosts) {
      const { stdout } = await host.sh(
        `${HOME}/bin/obproxy -V 2>&1; find / -xdev -name '*.obflow-*' -not -path '/proc/*'`,
      );
      expect(stdout).toContain('4.3.2.0');
      expect(stdout).not.toContain('.obflow-');
    }
  }, 240_000);
});
