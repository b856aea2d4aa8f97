import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkStore, storedPackage } from '../../activities/host/packageStore';
import type { SubtaskScope } from '../../activities/types';
import type { PackageRow } from '../../store/types';

/** Bytes that this process has read so far, from wherever (proc(5), rchar). */
const bytesRead = () => Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);

describe('A package that goes to many hosts', () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'obflow-packages-'));
  const content = randomBytes(8 * 1024 * 1024);
  const part = {
    fileName: 'a.rpm',
    sha256: createHash('sha256').update(content).digest('hex'),
  } as PackageRow;
  const scope = { config: { dataDir }, signal: new AbortController().signal } as SubtaskScope;
  const file = storedPackage(dataDir, part.sha256);

  beforeAll(() => {
    mkdirSync(path.dirname(file));
    writeFileSync(file, content);
  });
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  test('is read and hashed once for all of them', async () => {
    const before = bytesRead();
    await Promise.all([checkStore(scope, part), checkStore(scope, part), checkStore(scope, part)]);
    for (let host = 0; host < 5; host += 1) await checkStore(scope, part);
    const read = bytesRead() - before;
    expect(read).toBeGreaterThanOrEqual(content.length);
    expect(read).toBeLessThan(1.5 * content.length);
  });

  test('is read again when its file has changed, whatever its size says', async () => {
    content[0] = (content[0] ?? 0) ^ 1;
    writeFileSync(file, content);
    await expect(checkStore(scope, part)).rejects.toMatchObject({ type: 'PackageFileDamaged' });
    content[0] ^= 1;
    writeFileSync(file, content);
    await checkStore(scope, part);
    rmSync(file);
    await expect(checkStore(scope, part)).rejects.toMatchObject({ type: 'PackageFileMissing' });
  });

  test('is waited for no longer than the subtask runs, and read on for the others', async () => {
    writeFileSync(file, content);
    const abort = new AbortController();
    const cancelled = checkStore({ ...scope, signal: abort.signal } as SubtaskScope, part);
    const other = checkStore(scope, part);
    abort.abort(new Error('cancelled'));
    await expect(cancelled).rejects.toThrow('cancelled');
    await other;
  });
});
