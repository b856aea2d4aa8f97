import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BadRpmError, readRpmHeader } from '../../oceanbase/rpmHeader';
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

  test('cut short anywhere is refused', async () => {
    const whole = rpm();
    for (let length = 0; length < whole.length; length += 37) {
      await expect(read(whole.subarray(0, length))).rejects.toThrow(BadRpmError);
    }
    await expect(read(whole.subarray(0, whole.length - 1))).rejects.toThrow(/cut short/);
    await expect(read(rpm({ size: false }).subarray(0, -1))).rejects.toThrow(/damaged/);
  });

  test('with one changed byte in its payload, or something appended, is refused', async () => {
    const changed = rpm();
    changed[changed.length - 5] = (changed[changed.length - 5] ?? 0) ^ 1;
    await expect(read(changed)).rejects.toThrow(/damaged/);
    await expect(read(Buffer.concat([rpm(), Buffer.from('x')]))).rejects.toThrow(/too many/);
  });

  test('that is no RPM, or a source package, is refused', async () => {
    await expect(read(Buffer.from('PK\x03\x04 not an rpm'.repeat(20)))).rejects.toThrow(/no RPM/);
    await expect(read(rpm({ source: true }))).rejects.toThrow(/source package/);
  });

  test('that claims absurd sizes is refused without taking the memory', async () => {
    const bomb = rpm();
    bomb.writeUInt32BE(0xffffffff, 96 + 8);
    await expect(read(bomb)).rejects.toThrow(/absurd/);
    const store = rpm();
    store.writeUInt32BE(0x7fffffff, 96 + 12);
    await expect(read(store)).rejects.toThrow(/absurd/);
    const entries = rpm();
    const header = entries.indexOf(Buffer.from([0x8e, 0xad, 0xe8, 0x01]), 100);
    for (let i = 0; i < 10; i += 1) entries.writeUInt32BE(0xfffffff0, header + 16 + i * 16 + 12);
    await expect(read(entries)).rejects.toThrow(/absurd/);
    const offsets = rpm();
    for (let i = 0; i < 10; i += 1) offsets.writeUInt32BE(0xfffffff0, header + 16 + i * 16 + 8);
    await expect(read(offsets)).rejects.toThrow(BadRpmError);
  });
});
