import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { TestHost } from '../sandbox/hosts/fleet';
import { timed } from './measure';

const run = promisify(execFile);

/**
 * The `ansible-playbook` of a private virtual environment (ansible-core from PyPI, kept in the user's cache),
 * or undefined with one line said when it cannot be had.
 */
export function ansiblePlaybook(say: (line: string) => void): string | undefined {
  const folder = path.join(
    process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'),
    'obflow',
    'ansible',
  );
  const program = path.join(folder, 'bin', 'ansible-playbook');
  if (existsSync(program)) return program;
  try {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'pipe' });
    execFileSync(path.join(folder, 'bin', 'pip'), ['install', '--quiet', 'ansible-core'], { stdio: 'pipe' });
    return program;
  } catch (error) {
    say(
      `(g) is left out: ansible-core could not be installed (${error instanceof Error ? error.message.split('\n')[0] : error})`,
    );
    return undefined;
  }
}

/**
 * The documented twelve steps as plain commands. Where a step speaks SQL to the proxy (parameters, proxyro's
 * password) Ansible only runs `true`, which is in its favour: the hosts have no MySQL client.
 */
const PLAYBOOK = `- hosts: all
  gather_facts: false
  tasks:
    - { name: Prepare obproxy install, command: id admin }
    - { name: Prepare create obproxy, shell: "df -P /opt && uname -m && test -w /var/log" }
    - { name: Check if process not exist, shell: "! pgrep -x obproxy" }
    - { name: Check if command exists, shell: "command -v nc" }
    - { name: Upload the package, copy: { src: "{{ package }}", dest: /tmp/obproxy.rpm } }
    - { name: Install rpm by package and version, command: rpm -Uvh --oldpackage /tmp/obproxy.rpm }
    - name: Start obproxy process
      shell: |
        cd /opt/taobao/install/obproxy-1.9.1.1 && runuser -u admin -- ./bin/obproxy -p 2883 -n bench -c obcluster -r 127.0.0.1:2881 -o prometheus_listen_port=2884
        for i in $(seq 200); do nc -z 127.0.0.1 2883 && exit 0; sleep 0.1; done; exit 1
    - { name: Sync obproxy parameter, command: "true" }
    - { name: Set obproxy user and password for connect, command: "true" }
    - { name: Refresh ocp agent config, command: "true" }
    - { name: Register obproxy exporter, shell: "nc -z 127.0.0.1 2884" }
    - { name: Update obproxy status, command: pgrep -x obproxy }
`;

/** Installs on fresh hosts with forks 16, pipelining and ControlPersist; milliseconds of the whole command. */
export async function installByAnsible(
  program: string,
  folder: string,
  hosts: readonly TestHost[],
  rpm: string,
): Promise<number> {
  const store = path.join(folder, `inventory-${hosts.length}`);
  await writeFile(store, `${hosts.map((host) => host.ip).join('\n')}\n`);
  await writeFile(path.join(folder, 'playbook.yml'), PLAYBOOK);
  await writeFile(
    path.join(folder, 'ansible.cfg'),
    [
      '[defaults]',
      'forks = 16',
      'host_key_checking = False',
      'interpreter_python = /usr/bin/python3',
      'remote_user = root',
      `private_key_file = ${path.join(folder, 'id')}`,
      '[ssh_connection]',
      'pipelining = True',
      `ssh_args = -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=/dev/null`,
      `control_path_dir = ${folder}/cp`,
      '',
    ].join('\n'),
  );
  return timed(() =>
    run(program, ['-i', store, '-e', `package=${rpm}`, path.join(folder, 'playbook.yml')], {
      cwd: folder,
      env: { ...process.env, ANSIBLE_CONFIG: path.join(folder, 'ansible.cfg') },
      maxBuffer: 16 * 1024 * 1024,
    }),
  );
}
