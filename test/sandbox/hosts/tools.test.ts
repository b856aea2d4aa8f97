import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { run } from '../../../sandbox/hosts/command';
import { fleetUnavailable } from '../../../sandbox/hosts/fleet';
import { findTool } from '../../../sandbox/setup/packages';
import { describeIf } from '../../support/skip';

const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-tools-'));
const program = path.join(folder, 'tools.js');
const calls = path.join(folder, 'calls');

beforeAll(() => {
  buildSync({
    stdin: {
      contents: `
        import { ensureHostTools, missingHostTools } from './packages';
        ensureHostTools((line) => console.log(line));
        console.log('missing: ' + missingHostTools().join(' '));`,
      resolveDir: path.join(__dirname, '../../../sandbox/setup'),
      loader: 'ts',
    },
    outfile: program,
    bundle: true,
    platform: 'node',
    target: 'node20.3',
    logLevel: 'warning',
  });
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the program where nc and rpm are covered, in mounts of its own; `install` is what apt-get does there. */
async function without(install: string, user = ''): Promise<string[]> {
  rmSync(calls, { force: true });
  const stub = path.join(folder, 'apt-get');
  writeFileSync(stub, `#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\necho "$@" >>${calls}\n${install}\n`);
  chmodSync(stub, 0o755);
  const covers = ['nc', 'rpm'].map((name) => `mount --bind /dev/null ${findTool(name)}`).join('\n');
  const answer = await run('unshare', [
    ...['--mount', '--', 'sh', '-c'],
    `set -e\n${covers}\nPATH=${folder}:$PATH exec ${user} ${process.execPath} ${program}`,
  ]);
  expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
  return answer.stdout.trim().split('\n');
}

const cannotCover =
  fleetUnavailable() ??
  (findTool('newuidmap') === undefined
    ? 'newuidmap is missing; to install: apt-get install -y uidmap'
    : undefined);

describeIf(cannotCover, 'what test hosts need of the machine', () => {
  test('is installed by root in one call, without questions', async () => {
    const lines = await without(`
      case "$*" in *install*) umount $(readlink -f /usr/bin/nc) /usr/bin/rpm ;; esac
      [ "$DEBIAN_FRONTEND" = noninteractive ] && [ -e /usr/sbin/policy-rc.d ]`);
    expect(lines).toEqual([
      'installing rpm netcat-openbsd for the test hosts (apt-get, once, about half a minute)',
      'missing:',
    ]);
    const made = readFileSync(calls, 'utf8').trim().split('\n');
    expect(made).toHaveLength(2);
    expect(made[0]).toMatch(/ update$/);
    expect(made[1]).toMatch(/ -y .*install --no-install-recommends rpm netcat-openbsd$/);
  });

  test('is named with the command that installs it when installing fails', async () => {
    const lines = await without('echo "E: Unable to locate package rpm" >&2; exit 100');
    expect(lines.slice(1)).toEqual([
      'could not install rpm, nc (E: Unable to locate package rpm); try: apt-get update && apt-get install -y --no-install-recommends rpm netcat-openbsd',
      'missing: rpm nc',
    ]);
  });

  test('is named with the command, and nothing is tried, for an ordinary user', async () => {
    const lines = await without('exit 0', 'setpriv --reuid 54321 --regid 54321 --clear-groups');
    expect(lines).toEqual([
      'test hosts need rpm, nc, which this machine lacks; to install: sudo apt-get update && sudo apt-get install -y --no-install-recommends rpm netcat-openbsd',
      'missing: rpm nc',
    ]);
    expect(existsSync(calls)).toBe(false);
  });
});
