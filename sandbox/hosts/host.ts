import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findTool, TOOL_PATH } from '../setup/packages';
import { BOOT, mountTable } from './boot';
import { type CommandResult, ended, ip, run, runChecked, until } from './command';
import { sshKeyPair } from './keys';
import type { FleetNetwork } from './network';

/** What /etc/os-release of a test host says. */
export interface OsRelease {
  readonly id: string;
  readonly idLike: string;
  readonly versionId: string;
}

/** The el7 family, which obproxy's el7 packages are made for. */
export const EL7: OsRelease = { id: 'rocky', idLike: 'rhel centos fedora', versionId: '7.9' };

export interface HostSettings {
  /** Position in the fleet, from 0. */
  readonly index: number;
  readonly network: FleetNetwork;
  /** Folder of this host; its disk is `<folder>/root`. */
  readonly folder: string;
  readonly osRelease: OsRelease;
  /** Commands this host does not have. */
  readonly hide: readonly string[];
  /** Line of authorized_keys for root and admin. */
  readonly authorizedKey: string;
  /** crypt(3) hash of the password of root and admin. */
  readonly passwordHash: string;
}

const BOOT_DEADLINE_MS = 30_000;
const ENVIRONMENT = ['-i', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root'];
const COMMAND_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin'];

/** A Linux host of its own: address, disk, users, rpm database, processes; see README.md beside this file. */
export class TestHost {
  readonly index: number;
  /** `host1` for index 0. */
  readonly name: string;
  readonly ip: string;
  readonly sshPort = 22;
  /** The host's disk as this machine sees it; without what is only mounted inside (/usr, /proc, /dev/pts). */
  readonly rootDir: string;
  readonly #settings: HostSettings;
  readonly #veth: string;
  readonly #hidden: Set<string>;
  #hostKey = '';
  #running: { readonly unshare: ChildProcess; readonly init: number } | undefined;

  private constructor(settings: HostSettings) {
    const number = settings.index + 1;
    this.index = settings.index;
    this.name = `host${number}`;
    this.ip = `${settings.network.prefix}.${10 + number}`;
    this.rootDir = path.join(settings.folder, 'root');
    this.#settings = settings;
    this.#veth = `${settings.network.bridge}h${number}`;
    this.#hidden = new Set(settings.hide);
  }

  /** Makes the host's disk from the template; the host is off. */
  static async create(settings: HostSettings, template: string): Promise<TestHost> {
    const host = new TestHost(settings);
    await runChecked('cp', ['-a', template, host.rootDir]);
    const write = (name: string, content: string, mode = 0o644, owner = 0): void => {
      const file = path.join(host.rootDir, name);
      writeFileSync(file, content, { mode });
      chownSync(file, owner, owner);
    };
    const { osRelease, passwordHash, authorizedKey } = settings;
    write(
      'etc/os-release',
      `NAME="obflow test host"\nID="${osRelease.id}"\nID_LIKE="${osRelease.idLike}"\nVERSION_ID="${osRelease.versionId}"\n` +
        `PRETTY_NAME="obflow test host (${osRelease.id} ${osRelease.versionId})"\n`,
    );
    write('etc/hostname', `${host.name}\n`);
    write('etc/hosts', `127.0.0.1 localhost\n${host.ip} ${host.name}\n`);
    write(
      'etc/shadow',
      ['root', 'admin'].map((user) => `${user}:${passwordHash}:19000:0:99999:7:::\n`).join(''),
      0o600,
    );
    write('root/.ssh/authorized_keys', authorizedKey, 0o600);
    write('home/admin/.ssh/authorized_keys', authorizedKey, 0o600, 500);
    host.#writeHostKey();
    return host;
  }

  /** The fingerprint of the host's SSH key, `SHA256:…`. */
  get hostKey(): string {
    return this.#hostKey;
  }

  get poweredOn(): boolean {
    return this.#running !== undefined;
  }

  #writeHostKey(): void {
    const key = sshKeyPair(this.name);
    const file = path.join(this.rootDir, 'etc/ssh/ssh_host_ed25519_key');
    writeFileSync(file, key.privateKey, { mode: 0o600 });
    writeFileSync(`${file}.pub`, key.publicKey);
    this.#hostKey = key.fingerprint;
  }

  /** Switches the host on and returns when its sshd listens. Does nothing when it is on. */
  async boot(): Promise<void> {
    if (this.#running !== undefined) {
      return;
    }
    for (const name of readdirSync(path.join(this.rootDir, 'run'))) {
      rmSync(path.join(this.rootDir, 'run', name), { recursive: true, force: true });
    }
    const { network, folder } = this.#settings;
    const [bootId, mounts, log] = ['boot_id', 'fstab', 'boot.log'].map((name) => path.join(folder, name));
    if (bootId === undefined || mounts === undefined || log === undefined) {
      return;
    }
    writeFileSync(bootId, `${randomUUID()}\n`);
    writeFileSync(mounts, mountTable(this.rootDir, bootId));
    // unshare dies with this program (pdeathsig), the host's first process with unshare, and everything in the host with that.
    const child = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', '--'],
        ...['unshare', '--mount', '--pid', '--net', '--uts', '--ipc', '--fork', '--kill-child', '--'],
        ...[
          'sh',
          '-c',
          BOOT,
          this.name,
          this.rootDir,
          mounts,
          this.name,
          this.ip,
          findTool('sshd') ?? 'sshd',
        ],
      ],
      {
        // A session of its own: Ctrl-C in the terminal must not reach it before an orderly stop.
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { PATH: TOOL_PATH, LC_ALL: 'C' },
        cwd: '/',
      },
    );
    let said = '';
    let running = true;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.stdin.on('error', () => undefined);
    child.once('exit', () => {
      running = false;
      if (this.#running?.unshare === child) {
        this.#running = undefined;
      }
    });
    const failed = (what: string) => {
      const sshd = path.join(this.rootDir, 'var/log/sshd.log');
      const tail = existsSync(sshd) ? readFileSync(sshd, 'utf8').slice(-300) : '';
      return `test host ${this.name} ${what}: ${said.trim().slice(-400)} ${tail}`.trim();
    };
    const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as unknown[];
    const init = Number(String(line));
    if (!running || !(line instanceof Buffer) || !Number.isInteger(init)) {
      throw new Error(failed('did not start'));
    }
    this.#running = { unshare: child, init };
    try {
      await run('ip', ['link', 'del', this.#veth]);
      await ip([
        `link add ${this.#veth} type veth peer name eth0 address ${this.#mac()} netns ${init}`,
        `link set ${this.#veth} master ${network.bridge} up`,
      ]);
      child.stdin.end('plugged\n');
      const pidFile = path.join(this.rootDir, 'run/sshd.pid');
      await until(
        () => {
          if (!running) {
            throw new Error('the first process of the host ended');
          }
          return existsSync(pidFile) && statSync(pidFile).size > 0 ? true : undefined;
        },
        BOOT_DEADLINE_MS,
        () => failed('has no sshd after 30 s'),
      );
      await this.#applyHidden();
    } catch (error) {
      const reason = running ? error : new Error(failed('stopped while booting'), { cause: error });
      await this.crash();
      throw reason;
    }
    child.unref();
    child.stdout.destroy();
    child.stderr.destroy();
  }

  /** A fixed address: a new one at every boot would leave stale ARP entries and seconds of silence. */
  #mac(): string {
    return `${this.#settings.network.macPrefix}:${(this.index + 1).toString(16).padStart(2, '0')}`;
  }

  /** Power loss: the cable first, so that nobody hears a FIN or RST, then every process at once. */
  async powerOff(): Promise<void> {
    await run('ip', ['link', 'del', this.#veth]);
    await this.crash();
  }

  /** Every process dies at once, but the kernel still closes connections (peers see FIN or RST). */
  async crash(): Promise<void> {
    const running = this.#running;
    if (running === undefined) {
      return;
    }
    this.#running = undefined;
    running.unshare.ref();
    // Process 1 of the pid namespace takes all others with it, and unshare ends when the last is gone.
    try {
      process.kill(running.init, 'SIGKILL');
    } catch {
      // Gone by itself meanwhile.
    }
    await ended(running.unshare);
  }

  /** Power loss and boot from the same disk: packages and files stay, processes and /run do not. */
  async reboot(): Promise<void> {
    await this.powerOff();
    await this.boot();
  }

  /** Nothing reaches the host and nothing comes from it, in silence; what runs there runs on. */
  async cut(): Promise<void> {
    // 1 = listening, which forwards nothing; `ip` cannot set 0 = disabled (no error, no effect: iproute2 6.1, kernel 6.18).
    await runChecked('ip', ['link', 'set', this.#veth, 'type', 'bridge_slave', 'state', '1']);
  }

  async heal(): Promise<void> {
    await runChecked('ip', ['link', 'set', this.#veth, 'type', 'bridge_slave', 'state', '3']);
  }

  /** sshd hangs, its sessions too: connecting succeeds (by the kernel), then nothing comes. Commands run on. */
  async freezeSshd(): Promise<void> {
    this.#signalSshd('STOP');
  }

  async thawSshd(): Promise<void> {
    this.#signalSshd('CONT');
  }

  #signalSshd(signal: 'STOP' | 'CONT'): void {
    const init = this.#init();
    process.kill(init, `SIG${signal}`);
    for (const pid of this.#machinePids()) {
      if (/^sshd/.test(readComm(`/proc/${pid}/comm`))) {
        process.kill(pid, `SIG${signal}`);
      }
    }
  }

  /** Gives the host another SSH key, as a reinstalled machine has; open connections live on. */
  async replaceHostKey(): Promise<void> {
    const pidFile = path.join(this.rootDir, 'run/sshd.pid');
    this.#writeHostKey();
    if (this.#running !== undefined) {
      rmSync(pidFile, { force: true });
      process.kill(this.#init(), 'SIGHUP');
      await until(
        () => (existsSync(pidFile) && statSync(pidFile).size > 0 ? true : undefined),
        BOOT_DEADLINE_MS,
        () => `sshd of test host ${this.name} did not come back with its new key`,
      );
    }
  }

  /** Makes a command unknown on this host (`command -v` finds nothing), now and after reboots. */
  async hideCommand(command: string): Promise<void> {
    this.#hidden.add(command);
    await this.#applyHidden();
  }

  async restoreCommand(command: string): Promise<void> {
    this.#hidden.delete(command);
    await this.#applyHidden();
  }

  /** Whiteouts (character devices 0:0) in an overlay above /usr's folders: the name is truly absent. */
  async #applyHidden(): Promise<void> {
    const names = [...this.#hidden].join(' ');
    if (this.#running === undefined || (names === '' && !existsSync(path.join(this.rootDir, '.hidden')))) {
      return;
    }
    const done = await this.sh(`
      set -e
      for folder in ${COMMAND_FOLDERS.join(' ')}; do
        if [ "$(stat -f -c %T "$folder")" = overlayfs ] && grep -q "^obflow-hidden $folder " /proc/mounts; then
          umount -l "$folder"
        fi
        rm -rf "/.hidden$folder"
        for name in ${names}; do
          if [ -e "$folder/$name" ] || [ -L "$folder/$name" ]; then
            mkdir -p "/.hidden$folder"
            mknod "/.hidden$folder/$name" c 0 0
          fi
        done
        if [ -d "/.hidden$folder" ]; then
          mount -t overlay -o "ro,lowerdir=/.hidden$folder:$folder" obflow-hidden "$folder"
        fi
      done`);
    if (done.exitCode !== 0) {
      throw new Error(`could not hide ${names} on test host ${this.name}: ${done.stderr.trim()}`);
    }
  }

  /** Runs a script as root inside the host, past SSH. A host that is off throws. */
  async sh(script: string): Promise<CommandResult> {
    const namespaces = ['--mount', '--pid', '--net', '--uts', '--ipc'];
    return run(
      'nsenter',
      ['--target', String(this.#init()), ...namespaces, '--', 'env', ...ENVIRONMENT, 'sh', '-s'],
      script,
    );
  }

  /** Process ids by kernel name (comm), as the host itself counts them; none when it is off. */
  pids(comm: string): number[] {
    if (this.#running === undefined) {
      return [];
    }
    const proc = `/proc/${this.#running.init}/root/proc`;
    return readdirSync(proc)
      .filter((name) => /^\d+$/.test(name) && readComm(`${proc}/${name}/comm`) === comm)
      .map(Number);
  }

  #init(): number {
    if (this.#running === undefined) {
      throw new Error(`test host ${this.name} is off`);
    }
    return this.#running.init;
  }

  /** Process ids of everything in the host, as this machine counts them. */
  #machinePids(): number[] {
    const inode = (pid: number | string) => {
      try {
        return statSync(`/proc/${pid}/ns/pid`).ino;
      } catch {
        return undefined;
      }
    };
    const own = inode(this.#init());
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && inode(name) === own)
      .map(Number);
  }
}

function readComm(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
