import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  KEEPER_FILE,
  KEEPER_SCRIPT,
  KEEPER_UNIT,
  KEEPER_UNIT_FILE,
  KEEPER_UNIT_TEXT,
  startKeeperScript,
  stopKeeperScript,
} from '../../activities/obproxy/keeper';
import { describeIf } from '../support/skip';

/** `[Section] Key=value` of a unit, in order. */
function entries(unit: string): string[] {
  let section = '';
  return unit.split('\n').flatMap((line) => {
    if (line.startsWith('[')) section = line;
    return line.includes('=') ? [`${section} ${line}`] : [];
  });
}

describe("the keeper's systemd unit", () => {
  it('runs the keeper again whenever it ends and after a reboot, and leaves the proxy alone when it stops', () => {
    expect(entries(KEEPER_UNIT_TEXT)).toEqual(
      expect.arrayContaining([
        `[Service] ExecStart=/bin/sh ${KEEPER_FILE}`,
        '[Service] Restart=always',
        '[Service] KillMode=process',
        '[Install] WantedBy=multi-user.target',
      ]),
    );
  });

  it('gives the proxy that it starts as many open files as it needs', () => {
    expect(entries(KEEPER_UNIT_TEXT)).toContain('[Service] LimitNOFILE=655350');
  });

  it('is put in place whole, then loaded and enabled; gone before the keeper is', () => {
    const start = startKeeperScript('/opt/taobao/install/obproxy', 'admin', true);
    expect(start).toContain(KEEPER_UNIT_TEXT);
    expect(start).toMatch(
      new RegExp(
        `mv -f ${KEEPER_UNIT_FILE}.new ${KEEPER_UNIT_FILE}[^]*daemon-reload && systemctl enable --now ${KEEPER_UNIT}$`,
      ),
    );
    const stop = stopKeeperScript(true);
    expect(stop.indexOf(`systemctl disable --now ${KEEPER_UNIT}`)).toBeLessThan(stop.indexOf('kill -TERM'));
    expect(startKeeperScript('/opt/taobao/install/obproxy', 'admin', false)).not.toContain('systemctl');
  });

  it('and its scripts are what /bin/sh understands', () => {
    for (const script of [KEEPER_SCRIPT, startKeeperScript("/a'b", 'admin', true), stopKeeperScript(true)]) {
      expect(spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({
        status: 0,
        stderr: '',
      });
    }
  });
});

const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;
describeIf(
  analyze ? undefined : 'systemd-analyze is missing; install it: apt-get install systemd',
  "the keeper's systemd unit before systemd itself",
  () => {
    it('has nothing that systemd-analyze verify complains about', () => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-unit-'));
      try {
        const file = path.join(folder, KEEPER_UNIT);
        writeFileSync(file, KEEPER_UNIT_TEXT);
        const found = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
        const ours = found.stderr.split('\n').filter((line) => line.includes(KEEPER_UNIT));
        expect(ours).toEqual([]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  },
);
