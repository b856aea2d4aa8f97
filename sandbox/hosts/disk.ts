import { chownSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run, runChecked } from './command';
import { sshKeyPair } from './keys';

/** What /etc/os-release of a test host says. */
export interface OsRelease {
  readonly id: string;
  readonly idLike: string;
  readonly versionId: string;
}

/** The el7 family, which obproxy's el7 packages are made for. */
export const EL7: OsRelease = { id: 'rocky', idLike: 'rhel centos fedora', versionId: '7.9' };

/** What one host's disk has of its own. */
export interface HostDisk {
  readonly root: string;
  readonly name: string;
  readonly ip: string;
  readonly osRelease: OsRelease;
  /** Line of authorized_keys for root and admin. */
  readonly authorizedKey: string;
  /** crypt(3) hash of the password of root and admin. */
  readonly passwordHash: string;
}

/** Room on a disk of its own; memory is used for what lies on it alone. */
const DISK_SIZE = '8g';
/** A full disk keeps so many bytes: a tmpfs must not become smaller than what it holds. */
const PAGE = 4096;

/**
 * Copies the template and writes what is this host's alone. With `own`, the disk is a file system of its own in
 * memory, which can become full.
 */
export async function makeDisk(disk: HostDisk, template: string, own: boolean): Promise<void> {
  mkdirSync(disk.root);
  if (own) await runChecked('mount', ['-t', 'tmpfs', '-o', `size=${DISK_SIZE}`, 'obflow-disk', disk.root]);
  await runChecked('cp', ['-a', `${template}/.`, disk.root]);
  const write = (name: string, content: string, mode = 0o644, owner = 0): void => {
    const file = path.join(disk.root, name);
    writeFileSync(file, content, { mode });
    chownSync(file, owner, owner);
  };
  const { id, idLike, versionId } = disk.osRelease;
  write(
    'etc/os-release',
    `NAME="obflow test host"\nID="${id}"\nID_LIKE="${idLike}"\nVERSION_ID="${versionId}"\n` +
      `PRETTY_NAME="obflow test host (${id} ${versionId})"\n`,
  );
  write('etc/hostname', `${disk.name}\n`);
  write('etc/hosts', `127.0.0.1 localhost\n${disk.ip} ${disk.name}\n`);
  const shadow = ['root', 'admin'].map((user) => `${user}:${disk.passwordHash}:19000:0:99999:7:::\n`);
  write('etc/shadow', shadow.join(''), 0o600);
  write('root/.ssh/authorized_keys', disk.authorizedKey, 0o600);
  write('home/admin/.ssh/authorized_keys', disk.authorizedKey, 0o600, 500);
}

/** Gives the host a new SSH key and returns its fingerprint; sshd takes it up when it starts. */
export function writeHostKey(root: string, name: string): string {
  const key = sshKeyPair(name);
  const file = path.join(root, 'etc/ssh/ssh_host_ed25519_key');
  writeFileSync(file, key.privateKey, { mode: 0o600 });
  writeFileSync(`${file}.pub`, key.publicKey);
  return key.fingerprint;
}

/** Removes the disk of a host that is off. */
export async function removeDisk(root: string, own: boolean): Promise<void> {
  if (own) await run('umount', ['-l', root]);
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
}

const RESIZE_TRIES = 50;

/** Leaves no byte free on a disk of its own, or makes it as large as before. */
export async function resizeDisk(root: string, to: 'full' | 'large'): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const { blocks, bfree, bsize } = statfsSync(root);
    const size = to === 'large' ? DISK_SIZE : String(Math.max((blocks - bfree) * bsize, PAGE));
    const { exitCode, stderr } = await run('mount', ['-o', `remount,size=${size}`, root]);
    if (exitCode === 0) return;
    // Something was written between the look and the change.
    if (tries === RESIZE_TRIES) throw new Error(`the disk ${root} cannot be resized: ${stderr.trim()}`);
  }
}
