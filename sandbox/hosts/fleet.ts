import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fleetUnavailable } from './availability';
import { Caretaker, sweepAbandonedFleets } from './caretaker';
import { runChecked } from './command';
import { EL7, type OsRelease } from './disk';
import { TestHost } from './host';
import { sshKeyPair } from './keys';
import { claimNetwork } from './network';
import { hostTemplate } from './template';

export { fleetUnavailable } from './availability';
export type { OsRelease } from './disk';
export type { TestHost } from './host';
export { publishPort } from './publishPort';

export interface FleetOptions {
  /** How many hosts, 1 to 200. */
  readonly hosts: number;
  /** For all hosts; default the el7 family. */
  readonly osRelease?: OsRelease;
  /** Commands the hosts do not have, e.g. `['nc']`: for all, or by position. */
  readonly hide?: readonly string[] | ((index: number) => readonly string[]);
  /** Each disk is a file system of its own, which `fillDisk` can make full; default false. */
  readonly ownDisks?: boolean;
}

/** Test hosts on a network of their own. */
export interface Fleet {
  /** Address of this machine that the hosts reach. */
  readonly gateway: string;
  /** E.g. `10.87.14.0/24`. */
  readonly subnet: string;
  /** OpenSSH private key that root and admin of every host accept. */
  readonly privateKey: string;
  /** The same in a 0600 file, which goes with the fleet. */
  readonly privateKeyFile: string;
  /** Password of root and admin on every host. */
  readonly password: string;
  readonly hosts: readonly TestHost[];
  /** Switches everything off and removes every trace. May be called twice. */
  stop(): Promise<void>;
}

async function stopAll(hosts: readonly TestHost[], caretaker: Caretaker): Promise<void> {
  await Promise.all(hosts.map((host) => host.powerOff()));
  await caretaker.tearDown();
}

/**
 * Starts test hosts in parallel and returns when every sshd listens. What killed owners left behind is cleared away
 * first. When this process ends in whatever way, its fleets go too. Throws with the reason of fleetUnavailable
 * when this machine cannot have test hosts; nothing is left then.
 */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const unavailable = fleetUnavailable();
  if (unavailable !== undefined) {
    throw new Error(unavailable);
  }
  if (!Number.isInteger(options.hosts) || options.hosts < 1 || options.hosts > 200) {
    throw new Error(`a fleet has 1 to 200 test hosts, not ${options.hosts}`);
  }
  await sweepAbandonedFleets();
  const template = await hostTemplate();
  const caretaker = await Caretaker.start();
  const hosts: TestHost[] = [];
  try {
    const network = await claimNetwork((planned) => caretaker.announce(planned));
    const key = sshKeyPair('obflow-test-hosts');
    const password = randomBytes(9).toString('base64url');
    const passwordHash = (await runChecked('openssl', ['passwd', '-6', '-stdin'], `${password}\n`)).trim();
    const privateKeyFile = path.join(caretaker.folder, 'id_ed25519');
    writeFileSync(privateKeyFile, key.privateKey, { mode: 0o600 });
    const { hide = [] } = options;
    const booted = await Promise.allSettled(
      Array.from({ length: options.hosts }, async (_, index) => {
        const folder = path.join(caretaker.folder, `host${index + 1}`);
        mkdirSync(folder);
        chmodSync(folder, 0o755);
        const host = await TestHost.create(
          {
            index,
            network,
            folder,
            osRelease: options.osRelease ?? EL7,
            hide: typeof hide === 'function' ? hide(index) : hide,
            ownDisk: options.ownDisks ?? false,
            authorizedKey: key.publicKey,
            passwordHash,
          },
          template,
        );
        hosts[index] = host;
        await host.boot();
      }),
    );
    const failed = booted.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) {
      throw failed.reason;
    }
    let stopped: Promise<void> | undefined;
    return {
      gateway: network.gateway,
      subnet: network.subnet,
      privateKey: key.privateKey,
      privateKeyFile,
      password,
      hosts,
      stop() {
        stopped ??= stopAll(hosts, caretaker);
        return stopped;
      },
    };
  } catch (error) {
    await stopAll(
      hosts.filter((host) => host !== undefined),
      caretaker,
    );
    throw error;
  }
}
