import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Libsql from 'libsql';
import type { TestHost } from '../../sandbox/hosts/fleet';
import { INSTALLS_LOG } from '../../sandbox/standins/rpm';

/** What is where on a host, and what was done to it; lines and numbers that can be compared. */
export interface HostState {
  /** Files with owner, mode and digest; packages; users are in /etc/passwd, so among the files. */
  readonly lines: readonly string[];
  readonly processes: readonly string[];
  readonly effects: Readonly<Record<string, number>>;
}

/** This machine's, the kernel's, or different on every host and at every boot. */
const NOT_LOOKED_AT =
  /^\/(usr|proc|dev|sys|run|lib\w*|bin|sbin|opt\/\.sandbox|etc\/ssh|\.hidden|var\/lib\/obflow-standin)(\/|$)/;
/** Only that they are there counts: databases, diaries, pids. */
const CONTENT_VARIES =
  /^\/var\/(lib\/rpm|log)\/|\/log\/|\/\.standin\/|\.log(\.\d)?$|\.pid$|\.standin$|\.db$|\.db-\w+$/;
/** Not even that: how much was said, and what a proxy reads once a minute from an API that may be away just then. */
const VARIES = /^\/var\/(lib\/rpm|log)\/.|\/log\/.|\/\.standin\/.|\/observer\.pid$|config_server_info\.json$/;

function filesOf(root: string, mask: (text: string) => string): string[] {
  const lines: string[] = [];
  const visit = (folder: string) => {
    for (const name of readdirSync(path.join(root, folder)).sort()) {
      const place = path.posix.join(folder, name);
      if (NOT_LOOKED_AT.test(place) || VARIES.test(place)) continue;
      // A hot restart leaves it, and from 4.1 on nobody reads it.
      if (name === 'obproxy_config.bin' && existsSync(path.join(root, folder, 'proxyconfig_v1.db'))) continue;
      try {
        const stat = lstatSync(path.join(root, place));
        const mode = (stat.mode & 0o7777).toString(8);
        const head = `${place} ${stat.uid}:${stat.gid} ${mode}`;
        if (stat.isDirectory()) {
          lines.push(`${head} folder`);
          visit(place);
        } else if (stat.isSymbolicLink()) {
          lines.push(`${head} -> ${readlinkSync(path.join(root, place))}`);
        } else if (stat.isFile() && !CONTENT_VARIES.test(place)) {
          const content = readFileSync(path.join(root, place));
          const text = content.includes(0) ? content : maskFile(place, mask(content.toString('utf8')));
          lines.push(`${head} ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`);
        } else {
          lines.push(head);
          if (name === 'proxyconfig_v1.db') lines.push(...parametersIn(path.join(root, place)));
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  };
  visit('/');
  return lines;
}

/** Parameters that an OBProxy of 4.1 or later has stored; what it reads from elsewhere, what is drawn by lot and secrets left out. */
function parametersIn(file: string): string[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-state-'));
  try {
    const copy = path.join(folder, 'proxy.db');
    copyFileSync(file, copy);
    const db = new Libsql(copy, { readonly: true });
    try {
      const rows = db.prepare('select name, value from proxy_config order by name').all() as {
        name: string;
        value: string;
      }[];
      return rows
        .filter(({ name }) => !/password|json_config|version|_time|^proxy_id$/.test(name))
        .map(({ name, value }) => `parameter ${name}=${value}`);
    } finally {
      db.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What obflow notes on a host are ids, ticks, and since when a server serves, which one that comes up does not yet. */
function maskFile(place: string, text: string): string {
  if (!/^\/var\/lib\/obflow\/|\/\.obflow\.json$/.test(place)) return text;
  return text.replace(/("servingSince":\s*)(null|"[^"]*")/, '$1#').replaceAll(/\d+/g, '#');
}

const LOOK = `
rpm -qa 2>/dev/null | grep -v sandbox-base | sort
echo ---
for entry in /proc/[0-9]*; do
  read -r name <$entry/comm || continue
  case $name in sshd*|sh|sort|env|nsenter|sleep) [ -e $entry/exe ] && tr '\\0' ' ' <$entry/cmdline | grep -q /var/lib/obflow || continue ;; esac
  user=$(stat -c %U $entry) cwd=$(readlink $entry/cwd) || continue
  echo "$name $user $cwd $(tr '\\0' ' ' <$entry/cmdline)"
done 2>/dev/null | sort
echo ---
cat /proc/net/tcp /proc/net/tcp6 | awk '$4 == "0A" { print $2 }' | sort -u
`;

function json(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** What the stand-ins counted, by what and target. */
function effectsOf(root: string): Record<string, number> {
  const effects: Record<string, number> = {};
  const add = (name: string, value: unknown) => {
    if (typeof value === 'number' && value > 0) effects[name] = (effects[name] ?? 0) + value;
  };
  try {
    const installs = readFileSync(path.join(root, INSTALLS_LOG), 'utf8').trim().split('\n');
    add('installs', installs.length);
  } catch {
    // Nothing was installed.
  }
  const homes = ['opt/taobao/install', 'home/admin', 'srv'].flatMap((folder) => {
    try {
      return readdirSync(path.join(root, folder)).map((name) => path.join(root, folder, name));
    } catch {
      return [];
    }
  });
  for (const home of homes) {
    const counts = json(path.join(home, '.standin/counters.json'));
    add('starts', counts.starts);
    for (const what of ['alters', 'addServer', 'deleteServer', 'stopServer', 'startServer', 'zoneChanges']) {
      for (const [target, count] of Object.entries((counts[what] as object | undefined) ?? {})) {
        add(`${what} ${target}`, count);
      }
    }
  }
  return effects;
}

/** `mask` takes out of texts what differs from task to task. */
export async function hostState(host: TestHost, mask: (text: string) => string): Promise<HostState> {
  const { stdout } = await host.sh(LOOK);
  const [packages = '', processes = '', listeners = ''] = stdout.split('---\n');
  const ports = listeners
    .split('\n')
    .filter((line) => line.includes(':'))
    .map((line) => `listens ${Number.parseInt(line.split(':')[1] ?? '', 16)}`);
  return {
    lines: [
      ...filesOf(host.rootDir, mask),
      ...packages
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => `package ${line}`),
      ...[...new Set(ports)].sort(),
    ],
    processes: processes
      .split('\n')
      .filter((line) => line !== '')
      .map(mask),
    effects: effectsOf(host.rootDir),
  };
}

/** What is in one and not in the other, `- ` before, `+ ` after. */
export function difference(before: readonly string[], after: readonly string[]): string[] {
  const left = [...before];
  const added: string[] = [];
  for (const line of after) {
    const at = left.indexOf(line);
    if (at < 0) added.push(`+ ${line}`);
    else left.splice(at, 1);
  }
  return [...left.map((line) => `- ${line}`), ...added];
}
