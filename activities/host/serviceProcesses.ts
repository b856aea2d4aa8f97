/** Processes of a service (obproxy, observer) on a host: which live in our home, which do not, and who holds a port. */
import { lives } from '../../hosts/processes';
import type { Host, HostProcess, Listener } from '../../hosts/types';
import { maskHashes } from '../../oceanbase/passwords';
import { say, type Text } from '../../runtime/messages/catalogue';

export interface ServiceProcesses {
  /** The home with symbolic links resolved, as /proc shows it. */
  readonly home: string;
  /** Processes of the service's name that live in the home; two of them while one hands over to another. */
  readonly own: readonly HostProcess[];
  readonly others: readonly HostProcess[];
  readonly all: readonly HostProcess[];
  readonly listeners: readonly Listener[];
}

/** Processes named exactly `program`, by where they work. */
export async function lookForService(host: Host, home: string, program: string): Promise<ServiceProcesses> {
  const { processes: all, listeners, resolved } = await host.observe(home);
  const real = resolved === '' ? home : resolved;
  const found = all.filter((process) => process.comm === program && lives(process));
  const isOwn = (process: HostProcess) => process.cwd === real;
  return {
    home: real,
    own: found.filter(isOwn),
    others: found.filter((process) => !isOwn(process)),
    all,
    listeners,
  };
}

/** `pid 4711 of admin: ./bin/obproxy -p 2883`, hashes masked, cut to size. */
export function processText(process: HostProcess): Text {
  const command = process.args.length > 0 ? process.args.join(' ') : `[${process.comm}]`;
  return say('process.text', {
    pid: process.pid,
    user: process.user,
    command: maskHashes(command).slice(0, 200),
  });
}

/**
 * Why none of the service's processes is ours, for a person. A host that is a container without CAP_SYS_PTRACE hides from
 * root where processes of other users work (proc(5), /proc/pid/cwd).
 */
export function absenceText(look: ServiceProcesses): Text {
  const hidden = look.others.find(({ cwd }) => cwd === '');
  if (hidden === undefined) return say('process.gone');
  return say('process.hidden', { process: processText(hidden), pid: hidden.pid });
}

/** Who listens on a port, for a person; undefined when it is free. */
export function holderText(look: ServiceProcesses, port: number): Text | undefined {
  const listener = look.listeners.find((candidate) => candidate.port === port);
  if (listener === undefined) return undefined;
  const process = look.all.find(({ pid }) => pid === listener.pid);
  return process === undefined ? say('process.unreadable') : processText(process);
}

/** Whether the port is held by a process of the service in our home. */
export function isOwnPort(look: ServiceProcesses, port: number): boolean {
  const listener = look.listeners.find((candidate) => candidate.port === port);
  return listener?.pid !== undefined && look.own.some(({ pid }) => pid === listener.pid);
}
