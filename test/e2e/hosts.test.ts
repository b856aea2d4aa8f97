/** The life of a host in the inventory, on real ones: added by request, used, refused to go, gone; or never come. */
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { wholeStore } from '../../sandbox/stack/stack';
import {
  batchAdd,
  createCluster,
  describeWithStack,
  OBPROXY_4_3,
  subtaskLog,
  subtaskOf,
  uploaded,
} from './scene';

interface Added {
  readonly contents: TaskJson[];
  readonly hostIds: number[];
}

const HOSTS = '/api/v2/compute/hosts';
const CREDENTIALS = '/api/v2/profiles/me/credentials';

describeWithStack('hosts that come and go', { hosts: 2, processes: 'one' }, (stack) => {
  let idcId = 0;
  let credentialId = 0;
  const request = (index: number, credential = credentialId) => ({
    hostBasicDataList: [{ innerIpAddress: stack().fleet.hosts[index]!.ip, serialNumber: 'SN1' }],
    ...{ sshPort: 22, kind: 'DEDICATED_PHYSICAL_MACHINE', idcId, credentialId: credential },
  });
  const batchCreate = (body: unknown) => stack().api.call<Added>('POST', `${HOSTS}/batchCreate`, body);
  const statusOf = async (id: number) =>
    (await stack().api.call<{ status: string; name: string }>('GET', `${HOSTS}/${id}`)).status;
  const credential = (name: string, username: string) => ({
    ...{ targetType: 'HOST', name },
    sshCredentialProperty: { type: 'PRIVATE_KEY', username, passphrase: stack().fleet.privateKey },
    obJdbcCredentialProperty: {},
  });

  beforeAll(async () => {
    const { api } = stack();
    // The cluster alone: the hosts come by request.
    await stack().apply({ ...wholeStore(stack()), hosts: [] });
    const region = await api.call<{ id: number }>('POST', '/api/v2/compute/regions', { name: 'region1' });
    const place = { name: 'idc1', regionId: region.id };
    idcId = (await api.call<{ id: number }>('POST', '/api/v2/compute/idcs', place)).id;
    credentialId = (await api.call<{ id: number }>('POST', CREDENTIALS, credential('new_hosts', 'root'))).id;
  }, 60_000);

  it('a host is added by its task, has a proxy, cannot go with it, and is declared as the same one', async () => {
    const { api, fleet } = stack();
    const { contents, hostIds } = await batchCreate(request(0));
    const [id = 0] = hostIds;
    const [task] = await api.settled([contents[0]!.id]);
    expect(task?.status).toBe('SUCCESSFUL');
    expect(await api.call('GET', `${HOSTS}/${id}`)).toMatchObject({
      ...{
        status: 'AVAILABLE',
        name: fleet.hosts[0]!.name,
        serialNumber: 'SN1',
        idcId,
        regionName: 'region1',
      },
    });
    expect(await subtaskLog(stack(), task!, 'Pre check for create host')).toContain('a shell as root');
    expect(await subtaskLog(stack(), task!, 'Uninstall legacy ocp agent')).toContain('No OCP agent runs');

    const clusterId = await createCluster(stack(), 'onnew');
    const added = await batchAdd(stack(), clusterId, [id], await uploaded(stack(), OBPROXY_4_3));
    const [installed] = await api.settled(added.map((one) => one.id));
    expect(installed?.status).toBe('SUCCESSFUL');
    const kept = await api.send('DELETE', `${HOSTS}/${id}`);
    expect(kept.answer).toMatchObject({ status: 409, error: { code: 'CMP07006' } });

    // The file names the same address: its row stays, with the credential of the file.
    const declared = wholeStore(stack());
    const printed = await stack().apply({ ...declared, hosts: (declared.hosts as unknown[]).slice(0, 1) });
    expect(printed).toContain('0 added, 1 changed');
    expect(await statusOf(id)).toBe('AVAILABLE');
  }, 180_000);

  it('a login without sudo is refused with the host’s own words, and nothing is stored', async () => {
    const { api, fleet } = stack();
    const admin = await api.call<{ id: number }>('POST', CREDENTIALS, credential('as_admin', 'admin'));
    const answer = await api.send('POST', `${HOSTS}/batchCreate`, request(1, admin.id));
    const refused = answer.answer as { error: { code: string; message: string } };
    expect([answer.status, refused.error.code]).toEqual([400, 'CMP07026']);
    expect(refused.error.message).toContain(fleet.hosts[1]!.ip);
    expect(refused.error.message).toMatch(/sudo/);
    const { page } = await api.call<{ page: { totalElements: number } }>(
      'GET',
      `${HOSTS}?keyword=${fleet.hosts[1]!.ip}`,
    );
    expect(page.totalElements).toBe(0);
  }, 60_000);

  it('a host that is unfit is NEW until it is repaired and retried, or its task is rolled back and it is gone', async () => {
    const { api, fleet } = stack();
    const host = fleet.hosts[1]!;
    await host.sh('cp -a /var/lib/rpm /var/lib/rpm.was; rm -rf /var/lib/rpm; touch /var/lib/rpm');
    const first = await batchCreate(request(1));
    const [id = 0] = first.hostIds;
    const [failed] = await api.settled([first.contents[0]!.id]);
    expect(failed?.status).toBe('FAILED');
    const { failureMessage } = subtaskOf(failed!, 'Pre check for create host') as { failureMessage?: string };
    expect(failureMessage).toContain('rpm');
    expect(await statusOf(id)).toBe('NEW');
    const held = await api.send('DELETE', `${HOSTS}/${id}`);
    expect(held.answer).toMatchObject({ status: 409, error: { code: 'CMP07004' } });
    await api.call('POST', `/api/v2/tasks/instances/${failed!.id}/rollback`);
    await api.settled([failed!.id], { statuses: ['SUCCESSFUL'] });
    expect((await api.send('GET', `${HOSTS}/${id}`)).status).toBe(404);

    const second = await batchCreate(request(1));
    await api.settled([second.contents[0]!.id], { statuses: ['FAILED'] });
    await host.sh('rm -rf /var/lib/rpm; mv /var/lib/rpm.was /var/lib/rpm');
    await api.call('POST', `/api/v2/tasks/instances/${second.contents[0]!.id}/retry`);
    await api.settled([second.contents[0]!.id], { statuses: ['SUCCESSFUL'] });
    expect(await statusOf(second.hostIds[0] ?? 0)).toBe('AVAILABLE');
    const gone = await api.send('POST', `${HOSTS}/batchDelete`, { hostIdList: second.hostIds });
    expect(gone.status).toBe(200);
  }, 180_000);
});
