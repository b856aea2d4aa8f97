import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { findTool } from '../setup/packages';
import { run, runChecked } from './command';

/** Raise it when build() makes something else from the same tables: it is part of the cached template's name. */
const LAYOUT = 1;
const NAME = 'obflow-host-template-';
const UNUSED_MS = 24 * 3_600_000;

/** Folders of a host's root: path, mode, owner (root unless said). */
const FOLDERS: readonly (readonly [string, number, number?])[] = [
  ['usr', 0o755],
  ['etc', 0o755],
  ['etc/ssh', 0o755],
  ['etc/rpm', 0o755],
  ['etc/pam.d', 0o755],
  ['etc/alternatives', 0o755],
  ['etc/ssl', 0o755],
  ['var/lib/rpm', 0o755],
  ['var/log', 0o755],
  ['var/tmp', 0o1777],
  ['var/empty/sshd', 0o711],
  ['run', 0o755],
  ['tmp', 0o1777],
  ['opt/.sandbox/bin', 0o755],
  ['proc', 0o555],
  ['sys', 0o555],
  ['dev/pts', 0o755],
  ['dev/shm', 0o1777],
  ['root', 0o700],
  ['root/.ssh', 0o700],
  ['home/admin', 0o755, 500],
  ['home/admin/.ssh', 0o700, 500],
];

export const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'] as const;

/** root lets itself become anybody without a password; nobody else gets in by PAM (sshd does not use it here). */
const PAM = `auth sufficient pam_rootok.so
auth required pam_unix.so
account required pam_permit.so
session required pam_permit.so
`;

/** admin has uid 500, as OCP's own host preparation gives it. */
const FILES: Readonly<Record<string, string>> = {
  'etc/passwd': `root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534:nobody:/:/usr/sbin/nologin
sshd:x:74:74:sshd:/var/empty/sshd:/usr/sbin/nologin
admin:x:500:500:admin:/home/admin:/bin/bash
`,
  'etc/group': 'root:x:0:\ntty:x:5:\nsshd:x:74:\nadmin:x:500:\nnogroup:x:65534:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n',
  // Debian's rpm keeps a database per user in ~ unless told otherwise.
  'etc/rpm/macros': '%_dbpath /var/lib/rpm\n',
  'etc/pam.d/runuser': PAM,
  'etc/pam.d/runuser-l': PAM,
  'etc/pam.d/su': PAM,
  'etc/pam.d/su-l': PAM,
  'etc/pam.d/sudo': PAM,
  'etc/pam.d/other': PAM,
  'etc/profile': 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n',
  'root/.bashrc': '',
};

const SSHD_CONFIG = `Port 22
AddressFamily inet
HostKey /etc/ssh/ssh_host_ed25519_key
UsePAM no
PermitRootLogin yes
PubkeyAuthentication yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 100:30:200
MaxSessions 10
SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LogLevel VERBOSE
Subsystem sftp internal-sftp
PidFile /run/sshd.pid
`;

/** Taken over from this machine where it has them; the loader and the C library look there. */
const COPIED = [
  'etc/ld.so.cache',
  'etc/localtime',
  'etc/login.defs',
  'etc/services',
  'etc/ssl/openssl.cnf',
  'etc/crypto-policies',
];

/** The package that says what a host's read-only /usr provides, so that rpm checks dependencies as on a real host. */
const BASE_SPEC = `Name: sandbox-base
Version: 1
Release: 1
Summary: What a test host's /usr provides
License: Apache-2.0
BuildArch: noarch
AutoReqProv: no
Provides: %{provided}
%description
Stands for the packages that brought the files under /usr of a test host.
%files
`;

const TOP_FOLDERS = ['bin', 'sbin', 'lib', 'lib64', 'lib32', 'libx32'];

/** Top folders that are real folders on this machine (not links into /usr), so hosts need them mounted too. */
export function separateTopFolders(): string[] {
  return TOP_FOLDERS.filter((name) => existsSync(`/${name}`) && !lstatSync(`/${name}`).isSymbolicLink()).map(
    (name) => `/${name}`,
  );
}

function modified(file: string): number {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

function templateKey(): string {
  const machine = [
    '/etc/os-release',
    '/etc/ld.so.cache',
    '/etc/login.defs',
    findTool('rpm'),
    findTool('sshd'),
  ];
  return createHash('sha256')
    .update(JSON.stringify([LAYOUT, FOLDERS, FILES, SSHD_CONFIG, BASE_SPEC, DEVICES, COPIED]))
    .update(machine.map((file) => `${file}:${modified(file ?? '')}`).join('\n'))
    .update(readFileSync('/proc/self/uid_map'))
    .digest('hex')
    .slice(0, 16);
}

/** Commands and shared libraries of this machine, in the words of rpm dependencies. */
async function provided(): Promise<string[]> {
  const paths = ['/bin/sh', '/bin/bash', '/usr/bin/sh', '/usr/bin/bash', '/usr/bin/env'];
  const cached = await runChecked('ldconfig', ['-p']);
  const wanted =
    /^\s+(?:ld-linux|lib(?:c|m|dl|rt|pthread|util|gcc_s|stdc\+\+|z|aio|crypt|crypto|ssl))[-.\w]*\.so\S* /;
  const libraries = cached
    .split('\n')
    .filter((line) => wanted.test(line))
    .map((line) => line.split(' => ')[1] ?? '')
    .filter((file) => file !== '');
  const elfdeps = ['/usr/lib/rpm/elfdeps', '/usr/libexec/rpm/elfdeps'].find((file) => existsSync(file));
  const sonames =
    elfdeps === undefined ? '' : (await run(elfdeps, ['--provides'], `${libraries.join('\n')}\n`)).stdout;
  const names = ['bash', 'coreutils', 'glibc', 'shadow-utils', 'util-linux', 'rtld(GNU_HASH)'];
  return [...new Set([...paths, ...names, ...sonames.split('\n').filter((line) => line !== '')])];
}

async function installBasePackage(root: string, scratch: string): Promise<void> {
  const spec = path.join(scratch, 'sandbox-base.spec');
  writeFileSync(spec, BASE_SPEC.replace('%{provided}', (await provided()).join(' ')));
  await runChecked('rpmbuild', [
    '-bb',
    '--quiet',
    '--define',
    `_topdir ${scratch}`,
    '--define',
    `_rpmdir ${scratch}`,
    spec,
  ]);
  const rpm = ['--root', root, '--dbpath', '/var/lib/rpm'];
  await runChecked('rpm', [...rpm, '--initdb']);
  await runChecked('rpm', [...rpm, '-i', path.join(scratch, 'noarch', 'sandbox-base-1-1.noarch.rpm')]);
}

/** From 9.8 on, sshd shuts out addresses after a few failed logins, which tests of wrong passwords would trip over. */
async function sshdConfig(root: string): Promise<string> {
  const candidate = `${SSHD_CONFIG}PerSourcePenalties no\n`;
  const file = path.join(root, 'etc/ssh/sshd_config.try');
  writeFileSync(file, candidate);
  const tried = await run(findTool('sshd') ?? 'sshd', ['-t', '-f', file]);
  await rm(file);
  return /PerSourcePenalties/.test(tried.stderr) ? SSHD_CONFIG : candidate;
}

async function build(folder: string): Promise<void> {
  const root = path.join(folder, 'root');
  mkdirSync(root);
  for (const [name, mode, owner] of FOLDERS) {
    mkdirSync(path.join(root, name), { recursive: true });
    await runChecked('chown', [`${owner ?? 0}:${owner ?? 0}`, path.join(root, name)]);
    await runChecked('chmod', [mode.toString(8), path.join(root, name)]);
  }
  for (const [name, content] of Object.entries(FILES)) {
    writeFileSync(path.join(root, name), content);
  }
  for (const name of TOP_FOLDERS) {
    if (separateTopFolders().includes(`/${name}`)) {
      mkdirSync(path.join(root, name));
    } else if (existsSync(`/${name}`)) {
      symlinkSync(readlinkSync(`/${name}`).replace(/^\//, ''), path.join(root, name));
    }
  }
  for (const name of DEVICES) {
    writeFileSync(path.join(root, 'dev', name), '');
  }
  symlinkSync('pts/ptmx', path.join(root, 'dev/ptmx'));
  symlinkSync('/proc/self/fd', path.join(root, 'dev/fd'));
  writeFileSync(path.join(root, 'opt/.sandbox/bin/node'), '');
  for (const name of COPIED) {
    if (existsSync(`/${name}`)) {
      await cp(`/${name}`, path.join(root, name), { recursive: true, dereference: true });
    }
  }
  writeFileSync(path.join(root, 'etc/ssh/sshd_config'), await sshdConfig(root));
  await installBasePackage(root, folder);
}

/** Removes this user's templates that nobody has used for a day: of older versions, or left half built. */
async function forgetUnused(): Promise<void> {
  const own = readdirSync(os.tmpdir())
    .filter((name) => name.startsWith(NAME))
    .map((name) => path.join(os.tmpdir(), name))
    .filter((folder) => {
      const { uid, mtimeMs } = statSync(folder, { throwIfNoEntry: false }) ?? {};
      return uid === process.getuid?.() && Date.now() - (mtimeMs ?? 0) > UNUSED_MS;
    });
  await Promise.all(own.map((folder) => rm(folder, { recursive: true, force: true })));
}

/**
 * The part of a host's root that is the same for all: folders, /etc, users, PAM, an rpm database that knows what /usr
 * provides. Built once (0.5 s) and kept in the temporary folder under a name made from its content; returns the
 * root to copy.
 */
export async function hostTemplate(): Promise<string> {
  const folder = path.join(os.tmpdir(), NAME + templateKey());
  const root = path.join(folder, 'root');
  // Anybody may make folders in /tmp: only our own is trusted.
  if (existsSync(root) && statSync(folder).uid === process.getuid?.()) {
    utimesSync(folder, new Date(), new Date());
    return root;
  }
  await forgetUnused();
  const draft = await mkdtemp(`${folder}-`);
  await build(draft);
  await runChecked('chmod', ['755', draft]);
  try {
    await rename(draft, folder);
    return root;
  } catch (error) {
    if (!existsSync(root) || statSync(folder).uid !== process.getuid?.()) {
      throw error;
    }
    // Somebody built the same meanwhile.
    await rm(draft, { recursive: true, force: true });
    return root;
  }
}
