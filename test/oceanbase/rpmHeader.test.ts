import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRpmHeader } from '../../oceanbase/rpmHeader';
import { rpm } from '../support/rpmFile';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obflow-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: Buffer) {
  const path = join(folder, 'some.rpm');
  await writeFile(path, content);
  return readRpmHeader(path);
}

describe('an uploaded package', () => {
  test('says its name, version, release, architecture and home', async () => {
    const content = rpm();
    expect(await read(content)).toEqual({
      name: 'obproxy',
      version: '1.9.1.1',
      release: '1919579.el7',
      arch: 'x86_64',
      fileSize: content.length,
      installedSize: 4096,
      home: '/opt/taobao/install/obproxy-1.9.1.1',
    });
  });

  test('without bin/obproxy, or with it at an odd place, has no home', async () => {
    expect((await read(rpm({ home: '/opt/../etc' }))).home).toBeUndefined();
    expect((await read(rpm({ home: '/opt/$(id)' }))).home).toBeUndefined();
  });
});
