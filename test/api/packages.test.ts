import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { buildObproxyRpm, buildOtherRpm } from '../../sandbox/standins/rpm';
import { describeIf } from '../support/skip';
import {
  basic,
  givenHost,
  givenProxyCluster,
  type Json,
  PASSWORD,
  startTestApi,
  type TestApi,
} from './harness';

const RPM = { name: 'obproxy', version: '1.9.1.1', release: '1919579.el7' } as const;
const rpmbuild = (process.env.PATH ?? '')
  .split(':')
  .some((folder) => existsSync(path.join(folder, 'rpmbuild')));

function form(content: Uint8Array, part = 'file', name = 'x.rpm'): FormData {
  const data = new FormData();
  data.append(part, new Blob([new Uint8Array(content)]), name);
  return data;
}

describeIf(rpmbuild ? undefined : 'rpmbuild is missing: apt-get install rpm', 'packages', () => {
  let api: TestApi;
  let content: Buffer;
  beforeAll(async () => {
    api = await startTestApi();
    content = await readFile(await buildObproxyRpm(RPM));
  });
  afterAll(() => api.stop());

  const upload = (data: FormData) => api.send('POST', '/api/v2/software-packages', data);

  test('an upload under an Idempotency-Key is one upload, and another file under it is refused', async () => {
    const send = (data: FormData) =>
      api.send('POST', '/api/v2/software-packages', data, { 'idempotency-key': 'upload-1' });
    const first = await send(form(content));
    expect(first.status).toBe(200);
    const again = await send(form(content));
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body.data).toEqual(first.body.data);
    const other = await readFile(await buildObproxyRpm({ ...RPM, release: '1919580.el7' }));
    const before = await api.traces();
    const refused = await send(form(other));
    expect([refused.status, refused.body.error.code]).toEqual([409, 'COM10005']);
    expect(await api.traces()).toEqual(before);
  });

  test('an upload is stored by its SHA-256 and described by its header, not by the name it came with', async () => {
    const { status, body } = await upload(form(content, 'file', '../../etc/passwd'));
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      name: 'obproxy',
      fileName: 'obproxy-1.9.1.1-1919579.el7.x86_64.rpm',
      extension: 'rpm',
      version: '1.9.1.1',
      buildNumber: '1919579',
      operatingSystem: 'el7',
      architecture: 'x86_64',
      size: content.length,
      sha1: createHash('sha1').update(content).digest('hex'),
      type: 'OBPROXY_INSTALL_PACKAGE',
    });
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(await readdir(path.join(api.dataDir, 'packages'))).toEqual([`${sha256}.rpm`]);
    const row = await api.store.packages.find(body.data.id);
    expect(row).toMatchObject({ sha256, home: '/opt/taobao/install/obproxy-1.9.1.1' });

    const again = await upload(form(content));
    expect([again.status, again.body.data.id]).toEqual([200, body.data.id]);
    expect(await readdir(path.join(api.dataDir, 'packages'))).toEqual([`${sha256}.rpm`]);

    const copy = await fetch(api.url + new URL(body.data.downloadUrl).pathname, {
      headers: { authorization: basic('admin', PASSWORD) },
    });
    expect(Buffer.from(await copy.arrayBuffer()).equals(content)).toBe(true);
  });

  test.each<[string, () => FormData, number, string]>([
    ['an empty file', () => form(new Uint8Array()), 400, 'COM10001'],
    ['a file that is no RPM', () => form(Buffer.from('#!/bin/sh\nexit 0\n'.repeat(100))), 400, 'COM10001'],
    ['a part of another name', () => form(content, 'package'), 400, 'COM10003'],
  ])('%s is refused, and nothing is kept', async (_what, data, status, code) => {
    const before = await api.traces();
    const answer = await upload(data());
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(await api.traces()).toEqual(before);
  });

  test('an upload that is no multipart answers 415', async () => {
    const answer = await api.send('POST', '/api/v2/software-packages', content);
    expect([answer.status, answer.body.error.code]).toEqual([415, 'COM10003']);
  });

  test('the same file name with other content is refused with PKG10012', async () => {
    await upload(form(content));
    const other = await readFile(await buildObproxyRpm({ ...RPM, payloadBytes: 5_000 }));
    const before = await api.traces();
    const answer = await upload(form(other));
    expect([answer.status, answer.body.error.code]).toEqual([409, 'PKG10012']);
    expect(await api.traces()).toEqual(before);
  });

  test('the list has the documented filters; a package in use cannot be deleted, an unused one goes with its file', async () => {
    const other = await upload(
      form(await readFile(await buildOtherRpm({ name: 'something', version: '1.0', release: '2.el8' }))),
    );
    expect(other.body.data.type).toBe('OTHER_INSTALL_PACKAGE');
    const ours = (await upload(form(content))).body.data;
    const listed = async (query: string) =>
      (await api.send('GET', `/api/v2/software-packages?${query}`)).body.data.contents.map(
        (row: Json) => row.fileName,
      );
    expect(await listed('operatingSystem=el7,el9')).toEqual([ours.fileName]);
    expect(await listed('keyword=someth')).toEqual([other.body.data.fileName]);
    expect(await listed('version=1.9.1.1&architecture=x86_64&type=OBPROXY_INSTALL_PACKAGE')).toEqual([
      ours.fileName,
    ]);

    const clusterId = await givenProxyCluster(api.store, 'user');
    const hostId = await givenHost(api.store, '10.4.0.1');
    const added = await api.send('POST', `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`, {
      hostIds: [hostId],
      sqlPort: 2883,
      exporterPort: 2884,
      version: ours.fileName,
    });
    expect(added.status).toBe(200);
    const used = await api.send('DELETE', `/api/v2/software-packages/${ours.id}`);
    expect([used.status, used.body.error.code]).toEqual([409, 'PKG10007']);
    const usersOf = async (id: number) => {
      const { contents } = (await api.send('GET', '/api/v2/software-packages')).body.data;
      const { deletable, usedBy } = contents.find((row: Json) => row.id === id);
      return [deletable, usedBy];
    };
    expect(await usersOf(ours.id)).toEqual([
      false,
      [{ kind: 'OBPROXY_CLUSTER', id: clusterId, name: 'user', servers: 1 }],
    ]);
    expect(await usersOf(other.body.data.id)).toEqual([true, []]);
    // As an upgrade holds the package that no row is made from yet.
    const [task] = api.started;
    await api.store.locks.take(task!.taskId, [{ shared: `package:${other.body.data.id}` }], []);
    expect(await usersOf(other.body.data.id)).toEqual([
      false,
      [{ kind: 'TASK', id: task!.taskId, name: 'Install obproxy' }],
    ]);
    const held = await api.send('DELETE', `/api/v2/software-packages/${other.body.data.id}`);
    expect([held.status, held.body.error.heldBy]).toEqual([409, task!.taskId]);
    await api.store.locks.release(task!.taskId);

    const gone = await api.send('DELETE', `/api/v2/software-packages/${other.body.data.id}`);
    expect(gone.status).toBe(200);
    expect(gone.body).not.toHaveProperty('data');
    expect((await readdir(path.join(api.dataDir, 'packages'))).length).toBe(1);
    const twice = await api.send('DELETE', `/api/v2/software-packages/${other.body.data.id}`);
    expect([twice.status, twice.body.error.code]).toEqual([404, 'PKG10014']);
  });
});
