import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeDataDir } from '../../cli/dataDir';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-data-dir-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the data folder', () => {
  it('is made with the folders above it, for its owner only', () => {
    makeDataDir(path.join(folder, 'a/b'));
    expect(statSync(path.join(folder, 'a/b')).mode & 0o777).toBe(0o700);
  });

  it('may be there already', () => {
    mkdirSync(path.join(folder, 'a'), { mode: 0o755 });
    makeDataDir(path.join(folder, 'a'));
    expect(statSync(path.join(folder, 'a')).mode & 0o777).toBe(0o755);
  });

  it.each([
    ['a file', 'file', /a part of the path is a file/],
    ['below a file', 'file/data', /a part of the path is a file/],
    ['where no folder can be made', '/proc/obflow/data', /no folder can be made there/],
  ])('%s is refused with the setting to change', (_what, place, reason) => {
    writeFileSync(path.join(folder, 'file'), '');
    const use = () => makeDataDir(path.resolve(folder, place));
    expect(use).toThrow(reason);
    expect(use).toThrow(/Set OBFLOW_DATA_DIR/);
  });
});
