import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { WITHOUT_KEY } from '../../api/http/idempotency';
import { deletePackage, packageFile } from '../../api/objects/packageUpload';
import type { PackageRow, Store } from '../../store/types';
import { emptyStore } from '../support/store';

const NEW: Omit<PackageRow, 'id' | 'createTime'> = {
  fileName: 'obproxy-1.9.1.1-1.el7.x86_64.rpm',
  name: 'obproxy',
  version: '1.9.1.1',
  release: '1.el7',
  architecture: 'x86_64',
  operatingSystem: 'el7',
  size: 3,
  sha256: 'a'.repeat(64),
  sha1: 'b'.repeat(40),
  type: 'OBPROXY_INSTALL_PACKAGE',
  home: null,
};

describe('Deleting a package', () => {
  let store: Store;
  let remove: () => Promise<void>;
  let dataDir: string;
  let file: string;
  let row: PackageRow;
  beforeEach(async () => {
    ({ store, remove } = await emptyStore());
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'obflow-packages-'));
    file = packageFile(dataDir, NEW.sha256);
    mkdirSync(path.dirname(file));
    row = await upload();
  });
  afterEach(async () => {
    await remove();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function upload(): Promise<PackageRow> {
    writeFileSync(file, 'rpm');
    return store.packages.add(NEW);
  }

  test('leaves its file when the row is not gone', async () => {
    const dying: Store = {
      ...store,
      transaction: (work) =>
        store.transaction(async (inside) => {
          await work(inside);
          throw new Error('died before the commit');
        }),
    };
    await expect(deletePackage(dying, dataDir, row.id, WITHOUT_KEY)).rejects.toThrow('died');
    expect(await store.packages.find(row.id)).toBeDefined();
    expect(existsSync(file)).toBe(true);
  });

  test('leaves the file of the same package that has been uploaded again meanwhile', async () => {
    let transactions = 0;
    const meanwhile: Store = {
      ...store,
      transaction: async (work) => {
        const result = await store.transaction(work);
        transactions += 1;
        if (transactions === 1) await upload();
        return result;
      },
    };
    await deletePackage(meanwhile, dataDir, row.id, WITHOUT_KEY);
    expect(await store.packages.findByFileName(NEW.fileName)).toBeDefined();
    expect(existsSync(file)).toBe(true);
  });

  test('removes its file', async () => {
    await deletePackage(store, dataDir, row.id, WITHOUT_KEY);
    expect(existsSync(file)).toBe(false);
  });
});
