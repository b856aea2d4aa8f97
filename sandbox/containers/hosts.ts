import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sshKeyPair } from '../hosts/keys';

const POLL_MS = 200;

/** A host as docker/testhost/start.sh announces it. */
export interface AnnouncedHost {
  readonly ip: string;
  readonly sshPort: number;
  /** `SHA256:…` */
  readonly hostKey: string;
}

/** The SSH key in the folder that the demo shares with its hosts; makes it when it is not there. Returns the private key. */
export function admitDemo(folder: string): string {
  const file = path.join(folder, 'id_ed25519');
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const key = sshKeyPair('obflow-demo');
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, key.privateKey, { mode: 0o600 });
    // The hosts wait for this one.
    writeFileSync(`${file}.pub.draft`, `${key.publicKey.trimEnd()}\n`);
    renameSync(`${file}.pub.draft`, `${file}.pub`);
    return key.privateKey;
  }
}

/** Waits until so many hosts have announced themselves; returns them by address. */
export async function announcedHosts(folder: string, count: number): Promise<AnnouncedHost[]> {
  for (;;) {
    const hosts = announced(path.join(folder, 'hosts'));
    if (hosts.length >= count) return hosts;
    await delay(POLL_MS);
  }
}

function announced(folder: string): AnnouncedHost[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort()
      .map((name) => {
        const [ip = '', port = '', hostKey = ''] = readFileSync(path.join(folder, name), 'utf8').split(/\s+/);
        return { ip, sshPort: Number(port), hostKey };
      });
  } catch {
    // No host has come so far.
    return [];
  }
}
