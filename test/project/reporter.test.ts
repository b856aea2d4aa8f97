import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../runtime/paths';

const run = promisify(execFile);

/** Runs Jest on files of its own in a folder of its own; resolves to its output, interleaved as on a terminal. */
async function jestOn(files: Record<string, string>, args: readonly string[] = []): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-reporter-'));
  try {
    symlinkSync(path.join(repositoryRoot(), 'node_modules'), path.join(folder, 'node_modules'));
    const reporter = path.join(repositoryRoot(), 'test/support/reporter.js');
    const config = { reporters: ['default', reporter], testMatch: ['**/*.check.js'], cache: false };
    writeFileSync(path.join(folder, 'jest.config.json'), JSON.stringify(config));
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
    const jest = path.join(repositoryRoot(), 'node_modules/jest/bin/jest.js');
    const command = `exec "$0" "$@" 2>&1`;
    const { stdout } = await run('sh', ['-c', command, process.execPath, jest, '--ci', ...args], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('The end of a test run', () => {
  it('is one line of counts, after the skipped tests and their reasons', async () => {
    const output = await jestOn({
      'a.check.js': `test('passes', () => undefined);
        test('fails', () => { throw new Error('x'); });
        describe.skip('OBProxy [skipped: no rpm; to install: apt-get install rpm]', () => {
          test('one', () => undefined);
          describe('deeper', () => test('two', () => undefined));
        });`,
      'b.check.js': `throw new Error('cannot load');`,
    });
    const lines = output.trimEnd().split('\n');
    expect(lines.at(-1)).toBe('1 passed, 2 failed, 2 skipped');
    expect(lines).toContain('  2 of OBProxy: no rpm; to install: apt-get install rpm');
  });

  it('lists no tests that were only not asked for', async () => {
    const output = await jestOn(
      { 'a.check.js': `test('one', () => undefined); test('two', () => undefined);` },
      ['-t', 'one'],
    );
    expect(output).not.toContain('Skipped:');
    expect(output.trimEnd().split('\n').at(-1)).toBe('1 passed, 0 failed, 1 skipped');
  });
});
