import { existsSync, readFileSync } from 'node:fs';
import { DEVICES, separateTopFolders } from './template';

/** Spaces and the like in the fields of an fstab are written in octal. */
function field(text: string): string {
  return text.replace(/[\s\\#]/g, (letter) => `\\${letter.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

const KEPT_FLAGS = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'relatime'];

/** `bind,ro` with the flags of the file system it comes from: in a user namespace none of them may be dropped. */
function readOnly(source: string): string {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, , , , point = '', flags = '']) => ({ point, flags }))
    .filter(({ point }) => point === '/' || source === point || source.startsWith(`${point}/`));
  const nearest = mounts.reduce((best, mount) => (mount.point.length >= best.point.length ? mount : best), {
    point: '',
    flags: '',
  });
  const flags = nearest.flags.split(',').filter((flag) => KEPT_FLAGS.includes(flag));
  return [...new Set(['ro', ...flags])].join(',');
}

/**
 * What a host mounts, in the format of fstab, so that one `mount -a` does it all. /usr is the machine's, read-only;
 * what in /proc would reach the machine's kernel is read-only too; boot_id is the host's own, new at every boot.
 */
export function mountTable(root: string, bootIdFile: string): string {
  const bind = (source: string, target: string, options = 'bind') => [source, target, 'none', options];
  const entries = [
    bind(root, ''),
    bind('/usr', '/usr', `rbind,${readOnly('/usr')}`),
    ...separateTopFolders().map((folder) => bind(folder, folder, `rbind,${readOnly(folder)}`)),
    ...(existsSync('/etc/alternatives')
      ? [bind('/etc/alternatives', '/etc/alternatives', `bind,${readOnly('/etc')}`)]
      : []),
    bind(process.execPath, '/opt/.sandbox/bin/node', `bind,${readOnly(process.execPath)}`),
    ['proc', '/proc', 'proc', 'nosuid,nodev,noexec'],
    bind(bootIdFile, '/proc/sys/kernel/random/boot_id'),
    bind(`${root}/proc/sys`, '/proc/sys', 'rbind,ro,nosuid,nodev,noexec,relatime'),
    ...(existsSync('/proc/sysrq-trigger')
      ? [bind(`${root}/proc/sysrq-trigger`, '/proc/sysrq-trigger', 'bind,ro,nosuid,nodev,noexec,relatime')]
      : []),
    ...DEVICES.map((name) => bind(`/dev/${name}`, `/dev/${name}`)),
    ['devpts', '/dev/pts', 'devpts', 'newinstance,ptmxmode=0666,mode=620,gid=5'],
    ['tmpfs', '/dev/shm', 'tmpfs', 'size=64m,mode=1777'],
  ];
  return entries
    .map(([source = '', target = '', type = '', options = '']) =>
      [field(source), field(root + target), type, options, '0', '0'].join(' '),
    )
    .join('\n')
    .concat('\n');
}

/**
 * Runs as the first process of a host's namespaces ($1 root, $2 mount table, $3 host name, $4 address, $5 sshd).
 * It tells its pid as the machine sees it, builds the host while its network card is being plugged in, and
 * becomes sshd, which as process 1 also reaps orphans. /proc/self/stat is read before /proc is the host's own.
 */
export const BOOT = `
set -e
read -r pid rest </proc/self/stat
echo "$pid"
mount -a -T "$2"
cd "$1"
pivot_root . .
umount -l .
cd /
hostname "$3"
read -r plugged
ip -batch - <<END
link set lo up
addr add $4/24 dev eth0
link set eth0 up
END
mkdir -p -m 755 /run/sshd
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \\
  "$5" -D -E /var/log/sshd.log </dev/null >/dev/null 2>&1
`;

/**
 * Makes these commands, and no others, unknown inside a host: whiteouts (character devices 0:0) in an overlay above the
 * folders of /usr, so that the names are truly absent. An empty file in their place would not do: `command -v` of
 * some shells finds files that cannot be executed.
 */
export function hideScript(commands: readonly string[]): string {
  return `
set -e
for folder in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin; do
  if grep -q "^obflow-hidden $folder " /proc/mounts; then umount -l "$folder"; fi
  rm -rf "/.hidden$folder"
  for name in ${commands.join(' ')}; do
    if [ -e "$folder/$name" ] || [ -L "$folder/$name" ]; then
      mkdir -p "/.hidden$folder"
      mknod "/.hidden$folder/$name" c 0 0
    fi
  done
  if [ -d "/.hidden$folder" ]; then
    mount -t overlay -o "ro,lowerdir=/.hidden$folder:$folder" obflow-hidden "$folder"
  fi
done
`;
}
