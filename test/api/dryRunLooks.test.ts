/** A dry run of an installation tries on every host what the task will need there, so that a host is repaired before. */
import { type Fleet, fleetUnavailable, startFleet } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { givenObCluster, givenPackage, type Json, startTestApi, type TestApi } from './harness';

const HOME = '/home/admin/obproxy-4.3.1.0';
const LINK = { clusterName: 'obcluster', obClusterId: 1, username: 'proxyro' };

describeIf(fleetUnavailable(), 'A dry run of an installation', () => {
  let fleet: Fleet;
  let api: TestApi;
  let version: string;
  let cluster: number;
  const ids: number[] = [];
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 2 });
    api = await startTestApi();
    const { id: credentialId } = await api.store.credentials.put({
      ...{ name: 'ssh', kind: 'SSH_KEY', username: 'root', secret: fleet.privateKey },
    });
    const addresses = [...fleet.hosts, { ip: '127.0.0.1', sshPort: 1 }];
    for (const { ip, sshPort } of addresses) {
      const host = { ip, sshPort, name: null, credentialId, hostKey: null, idcName: 'i', regionName: 'r' };
      ids.push((await api.store.hosts.put(host)).id);
    }
    const part = await givenPackage(api.store, {
      ...{ name: 'obproxy-ce', version: '4.3.1.0', release: '1.el7', home: HOME },
    });
    version = part.fileName;
    const clusterId = await givenObCluster(api.store, 'obcluster');
    cluster = await api.store.obproxy.addCluster({
      ...{ name: 'proxies', address: null, port: null, workMode: 'RS_LIST', runUser: 'admin' },
      ...{ startupParameters: [], parameters: [], proxysysPassword: 'Planted.AA11++xx' },
      creator: { id: 100, name: 'admin' },
      links: [{ clusterId, username: 'proxyro' }],
    });
    await fleet.hosts[1]!.sh('mkdir -p /home/admin; mount -t tmpfs -o noexec tmpfs /home');
  }, 120_000);
  afterAll(async () => {
    await api?.stop();
    await fleet?.stop();
  });

  const install = () => ({ hostIds: ids, sqlPort: 2883, exporterPort: 2884, version });

  test.each([
    ['batchAdd', () => `/api/v2/obproxy/clusters/${cluster}/obproxies/batchAdd`, () => install()],
    [
      'a new cluster',
      () => '/api/v2/obproxy/clusters',
      () => ({ name: 'new', workMode: 'RS_LIST', obLinks: [LINK], obproxyInstallParam: install() }),
    ],
  ])(
    'by %s says of each host what is short there, and stores nothing',
    async (_what, path, body) => {
      const before = await api.traces();
      const { status, body: answer } = await api.send('POST', `${path()}?dryRun=true`, body());
      expect([status, answer.error]).toEqual([200, undefined]);
      const of = (index: number) => answer.data.findings.filter(({ hostId }: Json) => hostId === ids[index]);
      // Of the config URL of this API no host hears anything.
      const errors = of(0).filter(({ level, code }: Json) => level === 'ERROR' && code !== 'ODP21011');
      expect(errors).toEqual([]);
      expect(of(0).length).toBeGreaterThan(0);
      expect(of(1)).toContainEqual({
        hostId: ids[1],
        level: 'ERROR',
        message: expect.stringMatching(
          /^\/home is mounted noexec: no program in .*obproxy-4\.3\.1\.0 can run\. .*fstab/,
        ),
      });
      expect(of(2)).toEqual([
        { hostId: ids[2], level: 'ERROR', code: 'CMP07004', message: expect.stringContaining('127.0.0.1') },
      ]);
      expect(await api.traces()).toEqual(before);
    },
    60_000,
  );

  test('leaves the hosts alone when it is told so', async () => {
    const path = `/api/v2/obproxy/clusters/${cluster}/obproxies/batchAdd?dryRun=true&look=false`;
    const { status, body } = await api.send('POST', path, install());
    expect([status, body.data.findings]).toEqual([200, undefined]);
  });
});
