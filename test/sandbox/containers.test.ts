import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../runtime/paths';
import { admitDemo } from '../../sandbox/containers/hosts';
import { describeWithStack, effects } from '../e2e/scene';

const run = promisify(execFile);

describeWithStack(
  "the compose file's demo, on a test host in place of a container",
  { hosts: 1, processes: 'one' },
  (stack) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-demo-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('admits the demo, announces the host, and ends with an OBProxy on it', async () => {
      const { fleet, secrets, api, env } = stack();
      const [host] = fleet.hosts;
      if (host === undefined) throw new Error('one host was asked for');
      // The start of a host's container, up to sshd, which runs here already.
      admitDemo(folder);
      const script = readFileSync(path.join(repositoryRoot(), 'docker/testhost/start.sh'), 'utf8');
      const publicKey = readFileSync(path.join(folder, 'id_ed25519.pub'), 'utf8');
      const started = await host.sh(
        `mkdir /demo && printf '%s' '${publicKey}' >/demo/id_ed25519.pub && cat >/tmp/start.sh <<'END'\n${script}\nEND\n` +
          'sh /tmp/start.sh; cat /demo/hosts/*',
      );
      expect(started.stdout).toBe(`${host.ip} 22 ${host.hostKey}\n`);
      mkdirSync(path.join(folder, 'hosts'));
      writeFileSync(path.join(folder, 'hosts', host.ip), started.stdout);

      const password = path.join(folder, 'admin-password');
      writeFileSync(password, `${secrets.admin}\n`);
      const { stdout } = await run(
        process.execPath,
        [path.join(repositoryRoot(), 'dist/sandbox/containers/main.js')],
        {
          env: {
            PATH: env.PATH,
            OBFLOW_URL: api.url,
            OBFLOW_PASSWORD_FILE: password,
            DEMO_FOLDER: folder,
            DEMO_HOSTS: '1',
            DEMO_ADDRESS: fleet.gateway,
            DEMO_EXIT: '1',
          },
        },
      );
      expect(stdout).toMatch(new RegExp(`^${host.ip} +\\d+ +SUCCESSFUL`, 'm'));
      expect(stdout).not.toContain(secrets.admin);
      expect(await effects(host)).toEqual({ installs: 1, starts: 1, processes: 1 });
    }, 120_000);
  },
);
