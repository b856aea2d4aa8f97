import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { type ContactFinding, createHosts, type HostAddress, type Hosts } from '../../hosts';
import { inEnglish } from '../../runtime/messages/catalogue';
import type { Fleet } from '../../sandbox/hosts/fleet';
import { ANY_ADDRESS } from '../support/addresses';

/** How tests reach test host `index` as root; the key is not pinned. */
export function addressOf(fleet: Fleet, index = 0, username = 'root'): HostAddress {
  const host = fleet.hosts[index]!;
  return {
    hostId: index + 1,
    ip: host.ip,
    sshPort: host.sshPort,
    username,
    auth: { kind: 'key', privateKey: fleet.privateKey },
  };
}

/** Pins in memory, compare-and-set as the inventory does. */
export function hostsWithPins(
  pins = new Map<number, string>(),
  options: { loginSeconds?: number } = {},
): Hosts & { connections(): Promise<number> } {
  return createHosts({
    ...options,
    addresses: ANY_ADDRESS,
    pinHostKey: async (hostId, fingerprint) => {
      if (!pins.has(hostId)) pins.set(hostId, fingerprint);
      return pins.get(hostId)!;
    },
  });
}

/** The error a promise rejects with; throws when it resolves. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<Error & { type?: string; code?: string }> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
}

/**
 * A program of its own that runs `code`, which finds `hosts` and `call`; for tests that kill their caller or
 * look whether it ends.
 */
export async function startCaller(code: string, call: unknown) {
  const folder = mkdtempSync(join(tmpdir(), 'obflow-caller-'));
  const outfile = join(folder, 'caller.js');
  const contents = `
    import { createHosts } from ${JSON.stringify(resolve(__dirname, '../../hosts/index.ts'))};
    import { ANY_ADDRESS } from ${JSON.stringify(resolve(__dirname, '../support/addresses.ts'))};
    const hosts = createHosts({ pinHostKey: async (_, key) => key, addresses: ANY_ADDRESS });
    const call = JSON.parse(process.env.CALL ?? '');
    ${code}`;
  await build({
    stdin: { contents, resolveDir: __dirname, loader: 'ts' },
    bundle: true,
    platform: 'node',
    packages: 'external',
    outfile,
  });
  const child = spawn(process.execPath, [outfile], {
    env: { NODE_PATH: resolve(__dirname, '../../node_modules'), CALL: JSON.stringify(call) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(([code]) => {
    rmSync(folder, { recursive: true });
    return code as number | null;
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    ended,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** What a host was found to be, in English. */
export function inWords(found: readonly ContactFinding[]) {
  return found.map(({ text, next, ...finding }) => ({
    ...finding,
    text: inEnglish(text),
    next: inEnglish(next),
  }));
}
