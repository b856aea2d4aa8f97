import type { Duplex } from 'node:stream';
import type { ContactFinding, ContactNeeds } from './firstContact';
import type { Mount } from './mounts';

/** How to reach a host; made from the inventory's rows, secrets in clear, so never logged or stored as a whole. */
export interface HostAddress {
  readonly hostId: number;
  readonly ip: string;
  readonly sshPort: number;
  readonly username: string;
  readonly auth:
    | { readonly kind: 'key'; readonly privateKey: string; readonly passphrase?: string }
    | { readonly kind: 'password'; readonly password: string };
  /** Pinned fingerprint, `SHA256:…` as ssh-keygen -l prints it; undefined before the first contact. */
  readonly hostKey?: string;
  /** Who is told the key at the first contact, instead of the inventory: of a host that is no row of it yet. */
  readonly pin?: PinHostKey;
}

export interface ScriptResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ScriptOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; default 30 000. A script that exceeds it is a TransientError. */
  readonly timeoutMs?: number;
  /** Run as this user instead of root. */
  readonly user?: string;
}

/** Key of a command that must take effect at most once: task, subtask, run and a name within the activity. */
export interface CommandId {
  readonly taskId: number;
  readonly subtaskId: number;
  readonly run: number;
  readonly name: string;
}

/** The commands of a subtask, of all its runs, but those whose name begins with `but`. */
export interface SubtaskCommands {
  readonly taskId: number;
  readonly subtaskId: number;
  readonly but: string;
}

export interface OnceOptions extends ScriptOptions {
  /** Called with new output of the command while it runs (whole lines, secrets are the caller's duty). */
  readonly onOutput?: (lines: string) => void;
}

/** `interrupted`: it was started and its process is gone without an exit code (host reboot, kill): look, then decide. */
export type OnceResult =
  | {
      readonly outcome: 'exited';
      readonly exitCode: number;
      readonly output: string;
      readonly alreadyStarted: boolean;
    }
  | { readonly outcome: 'interrupted'; readonly output: string };

export interface HostProcess {
  readonly pid: number;
  readonly ppid: number;
  /** Kernel name (comm), at most 15 characters. */
  readonly comm: string;
  readonly args: readonly string[];
  readonly user: string;
  readonly cwd: string;
  /** Target of /proc/<pid>/exe, " (deleted)" stripped. */
  readonly exe: string;
  /** Ticks since boot (field 22 of /proc/<pid>/stat): with the pid it names one process for ever. */
  readonly startTime: string;
}

/** What tells a process from every other that has had or will have its pid. */
export type ProcessIdentity = Pick<HostProcess, 'pid' | 'startTime' | 'comm' | 'cwd'>;

/** What became of a signal: it was sent, the process is gone, or its pid belongs to another one by now. */
export type Signalled = 'sent' | 'gone' | 'another';

export interface Listener {
  readonly port: number;
  /** Undefined when no process of this host's pid namespace owns it. */
  readonly pid: number | undefined;
}

/** What one look at a host saw. */
export interface Observation {
  readonly processes: readonly HostProcess[];
  readonly listeners: readonly Listener[];
  /** The path asked for with symbolic links resolved, '' when it does not exist. */
  readonly resolved: string;
}

export interface HostFacts {
  readonly hostname: string;
  /** `uname -m`. */
  readonly architecture: string;
  /** `uname -r`. */
  readonly kernel: string;
  /** ID of /etc/os-release in lower case, e.g. `rocky`, `debian`; '' when absent. */
  readonly osId: string;
  /** Words of ID_LIKE and PLATFORM_ID (`platform:el8`). */
  readonly osLike: readonly string[];
  /** Major of VERSION_ID, e.g. `8` (of Kylin's `V10`, `10`); '' when absent. */
  readonly osMajor: string;
  readonly systemd: boolean;
  readonly rpm: boolean;
}

export interface RpmPackage {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly arch: string;
}

/**
 * One reachable host. Every method throws TransientError when the connection is refused, lost or silent, and
 * PermanentError when a person must act (credential refused, host key changed). Scripts travel by stdin to
 * `sh -s` (with `sudo -n` when the login is not root), so no word of them stands in any argv.
 */
export interface Host {
  readonly id: number;
  readonly ip: string;
  /** Runs a POSIX sh script that only reads, or may be repeated freely. A non-zero exit is a result, no error. */
  sh(script: string, options?: ScriptOptions): Promise<ScriptResult>;
  /** Runs a script that changes the host at most once per id, however often it is called (see hosts/once.ts). */
  once(id: CommandId, script: string, options?: OnceOptions): Promise<OnceResult>;
  /** Stops a command started by `once` (TERM, then KILL to its session) and returns when it is gone. */
  stopOnce(id: CommandId): Promise<void>;
  /** Stops these commands, and keeps those from starting that have not; answers the names of those that were at work. */
  stopSubtask(commands: SubtaskCommands): Promise<string[]>;
  /** Removes everything obflow keeps on the host for a task. */
  forgetTask(taskId: number): Promise<void>;
  /** Puts a local file at `path`: temporary name, SHA-256 compared, renamed. Does nothing when it is there already. */
  uploadFile(
    localPath: string,
    sha256: string,
    path: string,
    options?: { mode?: string; owner?: string; signal?: AbortSignal },
  ): Promise<{ uploaded: boolean }>;
  /** Writes a small file atomically (temporary name, mode and owner first, then rename). */
  writeFile(path: string, content: string | Buffer, options: { mode: string; owner?: string }): Promise<void>;
  /** Undefined when absent. At most 1 MiB. */
  readFile(path: string): Promise<string | undefined>;
  facts(): Promise<HostFacts>;
  processes(): Promise<HostProcess[]>;
  listeners(): Promise<Listener[]>;
  /** Processes, listening ports, and a path with symbolic links resolved, in one round trip. */
  observe(path: string): Promise<Observation>;
  /** Sends a signal to this very process, and to no other that may have got its pid. */
  signal(process: ProcessIdentity, signal: 'TERM' | 'KILL' | 'USR1'): Promise<Signalled>;
  /** Installed packages of this name; empty when none. */
  rpmQuery(name: string): Promise<RpmPackage[]>;
  /** The installed package that a file came with; undefined when it came with none. */
  rpmOwner(file: string): Promise<RpmPackage | undefined>;
  /** The file system on which a path lies, or will lie when it is made. */
  mountOf(path: string): Promise<Mount>;
  /** Tries what a task will need, and changes nothing; see hosts/firstContact.ts. */
  firstContact(needs?: ContactNeeds): Promise<ContactFinding[]>;
  /**
   * Whether somebody listens on 127.0.0.1:port of the host, who sees a connection that ends at once; undefined when its sshd
   * forwards no ports. Starts no process on the host.
   */
  listens(port: number): Promise<boolean | undefined>;
  /** A stream to 127.0.0.1:port of the host through SSH (through nc there when sshd forbids forwarding). */
  tunnel(port: number): Promise<Duplex>;
}

export interface OpenOptions {
  /** Ends the waiting for a login with its reason; the login goes on for others. */
  readonly signal?: AbortSignal;
  /**
   * Log in anew even if a connection is open: somebody may have repaired sshd's configuration or the account (a
   * person's retry). What runs over the old connection runs on.
   */
  readonly renew?: boolean;
}

export interface Hosts {
  /** A pooled connection to the host; connects when none is open. */
  open(address: HostAddress, options?: OpenOptions): Promise<Host>;
  /** Closes every connection. */
  close(): Promise<void>;
}

/** Called at first contact with a host whose key is not pinned yet; resolves to the key that now counts. */
export type PinHostKey = (hostId: number, fingerprint: string) => Promise<string>;
