/** What stand-ins count is not lost while their disk takes nothing. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CountsFile } from '../../sandbox/standins/countsFile';
import { until } from '../support/until';

describe('The counters of a stand-in', () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'obflow-counts-'));
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('are written when the disk takes them again, each once, beside those of another process', async () => {
    const folder = path.join(home, '.standin');
    const file = path.join(folder, 'counters.json');
    const counted = () => JSON.parse(readFileSync(file, 'utf8')) as { starts: number };
    const one = new CountsFile(home, { starts: 0 });
    const other = new CountsFile(home, { starts: 0 });
    const count = (counts: CountsFile<{ starts: number }>) =>
      counts.update((now) => {
        now.starts += 1;
      });
    // No folder can be made where a file is.
    writeFileSync(folder, '');
    count(one);
    count(one);
    rmSync(folder);
    count(other);
    await until('all are there', () => counted().starts === 3);
    count(one);
    expect(counted()).toEqual({ starts: 4 });
  });
});
