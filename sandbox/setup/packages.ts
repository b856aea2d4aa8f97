import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** A command that test hosts need, and the package that brings it. */
interface HostTool {
  readonly command: string;
  readonly apt: string;
  readonly dnf: string;
  /** Root does without it; user namespaces need it to map more than one id. */
  readonly onlyWithoutRoot?: true;
}

const HOST_TOOLS: readonly HostTool[] = [
  { command: 'rpm', apt: 'rpm', dnf: 'rpm' },
  { command: 'rpmbuild', apt: 'rpm', dnf: 'rpm-build' },
  { command: 'sshd', apt: 'openssh-server', dnf: 'openssh-server' },
  { command: 'ip', apt: 'iproute2', dnf: 'iproute' },
  { command: 'nc', apt: 'netcat-openbsd', dnf: 'nmap-ncat' },
  { command: 'unshare', apt: 'util-linux', dnf: 'util-linux' },
  { command: 'nsenter', apt: 'util-linux', dnf: 'util-linux' },
  { command: 'setpriv', apt: 'util-linux', dnf: 'util-linux' },
  { command: 'flock', apt: 'util-linux', dnf: 'util-linux' },
  { command: 'pivot_root', apt: 'util-linux', dnf: 'util-linux' },
  { command: 'mount', apt: 'mount', dnf: 'util-linux' },
  { command: 'hostname', apt: 'hostname', dnf: 'hostname' },
  { command: 'openssl', apt: 'openssl', dnf: 'openssl' },
  { command: 'newuidmap', apt: 'uidmap', dnf: 'shadow-utils', onlyWithoutRoot: true },
];

/** sbin is searched too: it is missing from an ordinary user's PATH on Debian. */
export const TOOL_PATH = [
  ...(process.env.PATH ?? '').split(':').filter((folder) => path.isAbsolute(folder)),
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
].join(':');

/** Absolute path of a command, or undefined when no folder of TOOL_PATH has it. */
export function findTool(command: string): string | undefined {
  return TOOL_PATH.split(':')
    .map((folder) => path.join(folder, command))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
      } catch {
        return false;
      }
    });
}

function missing(withoutRoot: boolean): readonly HostTool[] {
  return HOST_TOOLS.filter(
    (tool) => (withoutRoot || tool.onlyWithoutRoot !== true) && findTool(tool.command) === undefined,
  );
}

/** Commands that test hosts need and this machine lacks, for the user who runs this process. */
export function missingHostTools(): string[] {
  return missing(process.getuid?.() !== 0).map((tool) => tool.command);
}

type PackageTool = 'apt-get' | 'dnf';

function packageTool(): PackageTool | undefined {
  return (['apt-get', 'dnf'] as const).find((name) => findTool(name) !== undefined);
}

function packagesOf(tools: readonly HostTool[], by: PackageTool): string[] {
  return [...new Set(tools.map((tool) => (by === 'dnf' ? tool.dnf : tool.apt)))];
}

/** The command line that installs what these tools need, for a person to paste. */
function installCommand(tools: readonly HostTool[]): string {
  const by = packageTool();
  if (by === undefined) {
    return `install ${packagesOf(tools, 'apt-get').join(' ')} with this machine's package manager`;
  }
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  const names = packagesOf(tools, by).join(' ');
  return by === 'dnf'
    ? `${sudo}dnf install -y ${names}`
    : `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${names}`;
}

/** One sentence naming the missing commands and what installs them; undefined when nothing is missing. */
export function missingHostToolsAdvice(): string | undefined {
  const tools = missing(process.getuid?.() !== 0);
  if (tools.length === 0) {
    return undefined;
  }
  const names = tools.map((tool) => tool.command).join(', ');
  return `test hosts need ${names}, which this machine lacks; to install: ${installCommand(tools)}`;
}

/**
 * Installs packages without questions. An SSH server that comes in by this must not open the machine: Debian
 * starts services on install, which a policy-rc.d forbids (one that exists already is left alone), and both
 * families enable it for the next boot, which is undone.
 */
const INSTALL = `
set -u
by=$1; shift
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
command -v sshd >/dev/null 2>&1 && had_sshd=yes || had_sshd=no
if [ "$by" = dnf ]; then
  dnf install -y -q --setopt=install_weak_deps=False "$@"; code=$?
else
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' >"$policy"; chmod 755 "$policy"
  fi
  apt-get -qq -o DPkg::Lock::Timeout=120 update
  apt-get -qq -y -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 install --no-install-recommends "$@"; code=$?
fi
if [ "$had_sshd" = no ] && command -v systemctl >/dev/null 2>&1; then
  systemctl disable ssh.service ssh.socket sshd.service >/dev/null 2>&1
fi
exit "$code"
`;

/**
 * Brings the packages that test hosts need: installs them when this process is root and the machine has apt-get
 * or dnf, and otherwise says in one line what is missing and the command that installs it. Silent when nothing is
 * missing. Never throws: callers go on, and what needs test hosts says so by itself.
 */
export function ensureHostTools(log: (line: string) => void): void {
  const tools = missing(true);
  if (process.platform !== 'linux' || tools.length === 0) {
    return;
  }
  const by = packageTool();
  if (!mayInstall() || by === undefined) {
    const advice = missingHostToolsAdvice();
    if (advice !== undefined) {
      log(advice);
    }
    return;
  }
  const names = packagesOf(tools, by);
  log(`installing ${names.join(' ')} for the test hosts (${by}, once, about half a minute)`);
  const last = install(names, by);
  const still = missing(false);
  if (still.length > 0) {
    log(
      `could not install ${still.map((tool) => tool.command).join(', ')} (${last.slice(0, 200)}); try: ${installCommand(still)}`,
    );
  }
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && process.env.OBFLOW_IN_USER_NAMESPACE === undefined;
}

/** Installs packages, and returns the last line that was printed. */
function install(names: readonly string[], by: PackageTool): string {
  const done = spawnSync('/bin/sh', ['-c', INSTALL, 'install', by, ...names], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: TOOL_PATH },
    timeout: 600_000,
  });
  return `${done.stdout}\n${done.stderr}`.trim().split('\n').at(-1) ?? '';
}

/** Names of Chromium's program, the usual one first. */
export const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'] as const;

/**
 * The same for the browser that tests of the console and of Temporal's Web UI drive; apart from the others, because where
 * it cannot be had (RHEL without EPEL) they can.
 */
export function ensureBrowser(log: (line: string) => void): void {
  const by = packageTool();
  if (process.platform !== 'linux' || !mayInstall() || by === undefined) return;
  if (BROWSERS.some((name) => findTool(name) !== undefined)) return;
  log(`installing chromium for the tests in a browser (${by}, once, about a minute)`);
  const last = install(['chromium'], by);
  if (BROWSERS.every((name) => findTool(name) === undefined)) {
    log(`could not install chromium (${last.slice(0, 200)}); tests in a browser are left out`);
  }
}
