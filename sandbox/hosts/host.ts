import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findTool, TOOL_PATH } from '../setup/packages';
import { BOOT, hideScript, mountTable } from './boot';
import { type CommandResult, ended, ip, run, runChecked, until } from './command';
import { type HostDisk, makeDisk, removeDisk, resizeDisk, writeHostKey } from './disk';
import type { FleetNetwork } from './network';

export interface HostSettings extends Omit<HostDisk, 'root' | 'name' | 'ip'> {
  /** Position in the fleet, from 0. */
  readonly index: number;
  readonly network: FleetNetwork;
  /** Folder of this host; its disk is `<folder>/root`. */
  readonly folder: string;
  /** Commands this host does not have. */
  readonly hide: readonly string[];
  /** The disk is a file system of its own. */
  readonly ownDisk: boolean;
}

const BOOT_DEADLINE_MS = 30_000;
const ENVIRONMENT = ['-i', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root'];

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
  readonly #template: string;
  #hostKey = '';
  #sshdConfig: string | undefined;
  #booting: Promise<void> | undefined;
  #running: { readonly unshare: ChildProcess; readonly init: number } | undefined;

  private constructor(settings: HostSettings, template: string) {
    const number = settings.index + 1;
    this.index = settings.index;
    this.name = `host${number}`;
    this.ip = `${settings.network.prefix}.${10 + number}`;
    this.rootDir = path.join(settings.folder, 'root');
    this.#settings = settings;
    this.#veth = `${settings.network.bridge}h${number}`;
    this.#hidden = new Set(settings.hide);
    this.#template = template;
  }

  /** Makes the host's disk from the template; the host is off. */
  static async create(settings: HostSettings, template: string): Promise<TestHost> {
    const host = new TestHost(settings, template);
    await host.#makeDisk();
    host.#hostKey = writeHostKey(host.rootDir, host.name);
    return host;
  }

  #makeDisk(): Promise<void> {
    const own = { root: this.rootDir, name: this.name, ip: this.ip };
    return makeDisk({ ...this.#settings, ...own }, this.#template, this.#settings.ownDisk);
  }

  /** As new, from the template, with the SSH key it had; on when it returns. Peers see their connections closed. */
  async reinstall(): Promise<void> {
    const keys = ['ssh_host_ed25519_key', 'ssh_host_ed25519_key.pub'].map((name) =>
      path.join(this.rootDir, 'etc/ssh', name),
    );
    const contents = keys.map((file) => readFileSync(file));
    await this.crash();
    await removeDisk(this.rootDir, this.#settings.ownDisk);
    await this.#makeDisk();
    keys.forEach((file, index) => {
      writeFileSync(file, contents[index] ?? '', { mode: 0o600 });
    });
    await this.boot();
  }

  /** Nothing more can be written to the host's disk; the fleet must have been started with `ownDisks`. */
  async fillDisk(): Promise<void> {
    if (!this.#settings.ownDisk) throw new Error('start the fleet with ownDisks to fill the disk of a host');
    await resizeDisk(this.rootDir, 'full');
  }

  async freeDisk(): Promise<void> {
    await resizeDisk(this.rootDir, 'large');
  }

  /** The fingerprint of the host's SSH key, `SHA256:…`. */
  get hostKey(): string {
    return this.#hostKey;
  }

  get poweredOn(): boolean {
    return this.#running !== undefined;
  }

  /** Switches the host on and returns when its sshd listens. Does nothing when it is on. */
  boot(): Promise<void> {
    if (this.#running !== undefined) {
      return Promise.resolve();
    }
    this.#booting ??= this.#boot().finally(() => {
      this.#booting = undefined;
    });
    return this.#booting;
  }

  async #boot(): Promise<void> {
    for (const name of readdirSync(path.join(this.rootDir, 'run'))) {
      rmSync(path.join(this.rootDir, 'run', name), { recursive: true, force: true });
    }
    const { network, folder } = this.#settings;
    const bootId = path.join(folder, 'boot_id');
    const mounts = path.join(folder, 'fstab');
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

  /**
   * Writes settings in front of the usual sshd_config (sshd takes the first of each) in the place of those written so
   * before, and reloads sshd; connections that are open keep what they had. A value may hold several lines.
   */
  async configureSshd(settings: Readonly<Record<string, string>>): Promise<void> {
    const file = path.join(this.rootDir, 'etc/ssh/sshd_config');
    this.#sshdConfig ??= readFileSync(file, 'utf8');
    const own = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
    const usual = this.#sshdConfig
      .split('\n')
      // A subsystem may be named only once.
      .filter((line) => settings.Subsystem === undefined || !line.startsWith('Subsystem'));
    writeFileSync(file, own.join('') + usual.join('\n'));
    if (this.#running !== undefined) await this.#reloadSshd();
  }

  /** Gives the host another SSH key, as a reinstalled machine has; open connections live on. */
  async replaceHostKey(): Promise<void> {
    this.#hostKey = writeHostKey(this.rootDir, this.name);
    if (this.#running !== undefined) await this.#reloadSshd();
  }

  async #reloadSshd(): Promise<void> {
    const pidFile = path.join(this.rootDir, 'run/sshd.pid');
    rmSync(pidFile, { force: true });
    process.kill(this.#init(), 'SIGHUP');
    await until(
      () => (existsSync(pidFile) && statSync(pidFile).size > 0 ? true : undefined),
      BOOT_DEADLINE_MS,
      () => `sshd of test host ${this.name} did not come back with its new configuration`,
    );
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

  async #applyHidden(): Promise<void> {
    const nothingEver = this.#hidden.size === 0 && !existsSync(path.join(this.rootDir, '.hidden'));
    if (this.#running === undefined || nothingEver) {
      return;
    }
    const done = await this.sh(hideScript([...this.#hidden]));
    if (done.exitCode !== 0) {
      throw new Error(
        `could not hide ${[...this.#hidden].join(' ')} on test host ${this.name}: ${done.stderr.trim()}`,
      );
    }
  }

  /** Runs a script as root inside the host, past SSH. A host that is off throws. */
  async sh(script: string): Promise<CommandResult> {
    // With the host's own root: where this program runs in a chroot, that of the mount namespace is the machine's.
    const namespaces = ['--mount', '--pid', '--net', '--uts', '--ipc', '--root', '--wd'];
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

  /**
   * Ends processes at once (SIGKILL), as the kernel does when memory is short: those that `fits` picks by their id on
   * this machine, kernel name and arguments. Answers the names of what it ended.
   */
  killProcesses(fits: (process: { pid: number; comm: string; args: string }) => boolean): string[] {
    if (this.#running === undefined) return [];
    const init = this.#init();
    return this.#machinePids().flatMap((pid) => {
      const comm = readComm(`/proc/${pid}/comm`);
      const args = readComm(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      if (pid === init || comm === '' || !fits({ pid, comm, args })) return [];
      try {
        process.kill(pid, 'SIGKILL');
        return [comm];
      } catch {
        return [];
      }
    });
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
