import type { ClientChannel } from 'ssh2';
import { Slots } from '../runtime/slots';
import { Shell } from './shell';

/** Of the channels of a connection; the others stay for scripts of other users, uploads, and ending what hangs. */
function shellsOf(channels: number): number {
  return Math.max(1, Math.floor((channels * 5) / 8));
}

/**
 * Root's shells of one connection. They are kept open because a channel costs the host a process of sshd, a login
 * shell and often sudo (10 ms of CPU; a script in an open shell costs less than 1 ms). A shell that is in any doubt
 * is closed, not kept.
 */
export class Shells {
  /** When the last one was given back, `Date.now()`. */
  touched = 0;
  private readonly idle: Shell[] = [];
  private readonly open = new Set<Shell>();
  private readonly leases = new Map<Shell, () => void>();
  private readonly slots: Slots;

  /** `crowded`: somebody waits for a channel, which an unused shell would keep. */
  constructor(
    channels: number,
    private readonly exec: (command: string, signal?: AbortSignal) => Promise<ClientChannel>,
    private readonly crowded: () => boolean,
  ) {
    this.slots = new Slots(shellsOf(channels));
  }

  /** How many lie open unused. */
  get unused(): number {
    return this.idle.length;
  }

  /** Callers that wait for a shell. */
  get waiting(): number {
    return this.slots.waiting;
  }

  /** Their processes on the host, as the lines of /proc/<pid>/stat. */
  get stats(): string[] {
    return [...this.open].map((shell) => shell.stat);
  }

  /** A shell nobody else uses; `command` starts it and is always the same. Rejects with the signal's reason. */
  async take(command: string, signal?: AbortSignal): Promise<Shell> {
    const release = await this.slots.take(signal);
    try {
      let shell = this.idle.pop();
      while (shell?.reusable === false) {
        shell.close();
        shell = this.idle.pop();
      }
      shell ??= this.add(new Shell(await this.exec(command, signal)));
      this.leases.set(shell, release);
      return shell;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** `sound`: its last script has ended as it should. */
  giveBack(shell: Shell, sound: boolean): void {
    this.touched = Date.now();
    if (sound && shell.reusable && !this.crowded()) this.idle.push(shell);
    else shell.close();
    this.leases.get(shell)?.();
    this.leases.delete(shell);
  }

  /** The connection has only so many channels. */
  share(channels: number): void {
    this.slots.resize(shellsOf(channels));
  }

  /** Closes one that lies open unused, if any, for the sake of its channel. */
  yieldIdle(): void {
    this.idle.pop()?.close();
  }

  /** Rejects every waiting caller. */
  refuseAll(reason: unknown): void {
    this.slots.refuseAll(reason);
  }

  private add(shell: Shell): Shell {
    this.open.add(shell);
    shell.onClosed(() => {
      this.open.delete(shell);
      const at = this.idle.indexOf(shell);
      if (at >= 0) this.idle.splice(at, 1);
    });
    return shell;
  }
}
