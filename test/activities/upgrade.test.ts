import type { Connection } from 'mysql2/promise';
import { deleteObproxy } from '../../operations/deleteObproxy';
import { upgradeObproxy } from '../../operations/upgradeObproxy';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { failureWithout } from './failure';
import { dryRun, openSession, proxiesIn, request } from './lifeWorld';
import {
  filesIn,
  keeps,
  leftOn,
  NEWER,
  packagesOn,
  SHORT,
  startUpgradeWorld,
  type UpgradeWorld,
} from './upgradeWorld';
import { effects, OBPROXY_4_3, PLANTED } from './world';

let bed: UpgradeWorld;

describeIf(fleetUnavailable(), 'An upgrade of OBProxies', () => {
  const clients: Connection[] = [];
  beforeEach(async () => {
    bed = await startUpgradeWorld(2);
  }, 60_000);
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await bed?.stop();
  }, 60_000);

  test('goes from one to the next without losing a session, and leaves homes, settings, passwords and keepers as they were', async () => {
    const first = await bed.installed(0, { rpm: OBPROXY_4_3 });
    const second = await bed.installed(1, { rpm: OBPROXY_4_3, clusterId: first.clusterId });
    const before = [await bed.settings(first), await bed.settings(second)];
    const rows = [await bed.row(first), await bed.row(second)];
    for (const task of [first, second]) {
      const client = await openSession(task.host, task.home);
      await client.query('begin');
      clients.push(client);
    }
    expect(
      await dryRun(
        bed.world,
        bed.worker,
        upgradeObproxy,
        { id: String(first.clusterId) },
        {
          obproxyServerIds: [first.serverId],
          shortRpmName: SHORT,
        },
      ),
    ).toEqual([
      expect.stringMatching(/^INFO OBProxy 4\.3\.1\.0-4 serves and can hand over; 1 sessions/),
      expect.stringMatching(/^INFO Kept by the keeper of obflow/),
      expect.stringMatching(/^INFO .* MB free; the upgrade needs \d+ MB/),
    ]);
    const task = await bed.upgrade([first, second]);
    expect(task.plan.context.stringMap.prohibit_rollback).toBe('true');
    await task.upTo('HotRestartObproxy');
    // Until then a keeper would start what was there.
    expect((await first.host.sh(`${first.home}/bin/obproxy -V 2>&1`)).stdout).toContain('4.3.1.0');
    await task.run('HotRestartObproxy');
    expect([await bed.version(first), await bed.version(second)]).toEqual(['4.3.2.0-9', '4.3.2.0-9']);
    for (const client of clients) await client.query('select 1');
    for (const client of clients) client.destroy();
    const rest = task.chain.slice(task.chain.indexOf('HotRestartObproxy') + 1);
    for (const activity of rest) if (activity !== 'WaitNode') await task.run(activity);
    await task.end('SUCCESSFUL');
    for (const [index, one] of [first, second].entries()) {
      expect(await bed.row(one)).toMatchObject({
        ...{ status: 'RUNNING', operateStatus: 'NORMAL', version: '4.3.2.0-9', home: one.home },
        ...{ sqlPort: rows[index]!.sqlPort, exporterPort: rows[index]!.exporterPort },
      });
      expect(await bed.settings(one)).toEqual(before[index]);
      expect(await bed.shown(one, 'hot_upgrade_rollback_timeout')).toBe('24h');
      expect(await keeps(one)).toBe('0\nkept\n');
      expect(await packagesOn(one.host)).toEqual(['obproxy-ce-4.3.2.0-9.el7.x86_64']);
      expect(await proxiesIn(one.host, one.home)).toHaveLength(1);
      // The scripts of the package have not run: they would have wiped what lies in its home.
      expect((await effects(one.host, one.home)).installs).toBe(1);
      expect(await leftOn(one.host)).toBe('obproxy\n');
    }
    const ids = [await bed.shown(first, 'proxy_id'), await bed.shown(second, 'proxy_id')];
    expect(new Set(ids).size).toBe(2);
    expect(ids).not.toContain('0');
    // A start finds the new version, in the old home.
    await first.host.sh(`kill -9 ${(await proxiesIn(first.host, first.home)).join(' ')}`);
    await until('the keeper has started it', () => bed.version(first).catch(() => undefined), 20_000);
    expect(await bed.version(first)).toBe('4.3.2.0-9');
    for (const secret of Object.values(PLANTED)) expect(await task.wholeLog()).not.toContain(secret);

    const deletion = await request(
      bed.world,
      bed.worker,
      deleteObproxy,
      { id: String(first.clusterId) },
      {
        obproxyServerIds: [first.serverId],
      },
    );
    await deletion.upTo();
    const gone = await first.host.sh(
      `ls -d /u01 2>/dev/null; ls -A ${first.home} | grep -v standin; ls /home/admin; rpm -qa 'obproxy*'; exit 0`,
    );
    // What the stand-in counts is no file of OBProxy.
    expect(gone.stdout).toBe('obproxy-4.3.1.0\n');
  }, 240_000);

  test('that is undone has the former version serve again, and the hosts are as before', async () => {
    const first = await bed.installed(0, { rpm: OBPROXY_4_3 });
    const second = await bed.installed(1, { rpm: OBPROXY_4_3, clusterId: first.clusterId });
    const before = [await filesIn(first.host, first.home), await filesIn(second.host, second.home)];
    const rows = [await bed.row(first), await bed.row(second)];
    const shownBefore = await bed.settings(first);
    const client = await openSession(first.host, first.home);
    clients.push(client);
    await client.query('begin');
    const task = await bed.upgrade([first, second], { prohibitRollback: false });
    expect(task.plan.context.stringMap.prohibit_rollback).toBe('false');
    await task.upTo('WaitHotRestartObproxyFinish');
    expect(await bed.version(first)).toBe('4.3.2.0-9');
    expect(await bed.row(first)).toMatchObject({ version: '4.3.2.0-9', home: first.home });
    await client.query('commit');
    client.destroy();
    await task.undo();
    expect([await bed.version(first), await bed.version(second)]).toEqual(['4.3.1.0-4', '4.3.1.0-4']);
    expect(await bed.settings(first)).toEqual(shownBefore);
    for (const [index, one] of [first, second].entries()) {
      expect(await bed.row(one)).toEqual({ ...rows[index], lastActiveTime: expect.anything() });
      await until(
        'the process that was upgraded has left',
        async () => (await proxiesIn(one.host, one.home)).length === 1,
      );
      expect(await filesIn(one.host, one.home)).toEqual(before[index]);
      expect(await keeps(one)).toBe('0\nkept\n');
    }
  }, 240_000);

  test.each([
    ['ends', { whenInherited: 'exit' }, 'HotRestartFailed'],
    ['hangs', { whenInherited: 'hang' }, 'HotRestartFailed'],
  ])(
    'to a program that %s stops at the first proxy, which serves as before',
    async (_, fault, type) => {
      const bad = { ...NEWER, version: '4.3.3.0', ...fault };
      await bed.world.package(bad);
      const first = await bed.installed(0, { rpm: OBPROXY_4_3 });
      const second = await bed.installed(1, { rpm: OBPROXY_4_3, clusterId: first.clusterId });
      const before = await proxiesIn(first.host, first.home);
      // A child that hangs is given up after this; the product asks for no longer.
      if (type === 'HotRestartFailed')
        await bed.ask(first, (admin) => admin.alter('hot_upgrade_rollback_timeout', '2s'));
      const task = await bed.upgrade([first, second], {
        shortRpmName: 'obproxy-ce-4.3.3.0-9',
        prohibitRollback: false,
      });
      await task.upTo('HotRestartObproxy');
      const failure = await failureWithout(Object.values(PLANTED), task.run('HotRestartObproxy', { of: 0 }));
      expect(failure.type).toBe(type);
      expect(await proxiesIn(first.host, first.home)).toEqual(before);
      for (const one of [first, second]) {
        expect(await bed.version(one)).toBe('4.3.1.0-4');
        expect((await one.host.sh(`${one.home}/bin/obproxy -V 2>&1`)).stdout).toContain('4.3.1.0');
        expect(await bed.row(one)).toMatchObject({ version: '4.3.1.0-4', status: 'UPGRADING' });
      }
      await task.undo();
      expect(await packagesOn(first.host)).toEqual(['obproxy-ce-4.3.1.0-4.el7.x86_64']);
      expect(await bed.row(first)).toMatchObject({
        status: 'RUNNING',
        operateStatus: 'NORMAL',
        version: '4.3.1.0-4',
      });
    },
    240_000,
  );
});
