/** An OBProxy as a stranger would have installed and started it, long before obflow came: rpm -i and a command line. */
import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { sha1Hex } from '../../oceanbase/passwords';
import type { TestHost } from '../hosts/fleet';
import { buildObproxyRpm, type ObproxyRpm, obproxyHome } from './rpm';

export interface ByHand {
  readonly rpm: ObproxyRpm;
  readonly sqlPort: number;
  readonly exporterPort: number;
  /** From 4.0 on. */
  readonly rpcPort?: number;
  readonly appName?: string;
  /** Of root@proxysys; '' is the empty one. */
  readonly password: string;
  /** Root servers and their cluster, or the address of a config server. */
  readonly source:
    | { readonly cluster: string; readonly rootServers: string }
    | { readonly configUrl: string };
  /** More options, `name=value`. */
  readonly options?: readonly string[];
  /** Owner of the process; default admin. */
  readonly user?: string;
  /** A copy of the package's files in another place, for a second proxy; no package owns it then. */
  readonly home?: string;
}

export interface StartedByHand {
  readonly home: string;
  readonly pid: number;
}

/** Installs the package unless it is there, starts the proxy, and returns when it listens. Throws with its log. */
export async function startByHand(host: TestHost, proxy: ByHand): Promise<StartedByHand> {
  const installed = obproxyHome(proxy.rpm);
  const home = proxy.home ?? installed;
  const file = await buildObproxyRpm(proxy.rpm);
  const onHost = path.join(host.rootDir, 'tmp', path.basename(file));
  await copyFile(file, onHost);
  const user = proxy.user ?? 'admin';
  const options = [
    `prometheus_listen_port=${proxy.exporterPort}`,
    ...(proxy.rpcPort === undefined ? [] : [`rpc_listen_port=${proxy.rpcPort}`]),
    `obproxy_sys_password=${proxy.password === '' ? '' : sha1Hex(proxy.password)}`,
    'enable_metadb_used=False',
    ...('configUrl' in proxy.source ? [`obproxy_config_server_url=${proxy.source.configUrl}`] : []),
    ...(proxy.options ?? []),
  ];
  const words = [
    ...['-p', String(proxy.sqlPort), '-n', proxy.appName ?? 'by_hand'],
    ...('cluster' in proxy.source ? ['-r', proxy.source.rootServers, '-c', proxy.source.cluster] : []),
    ...['-o', options.join(',')],
  ];
  const done = await host.sh(`
    set -e
    rpm -q ${proxy.rpm.name} >/dev/null || rpm -i /tmp/${path.basename(file)} >&2
    [ ${home} = ${installed} ] || { mkdir -p ${path.posix.dirname(home)} && cp -rp ${installed}/. ${home} && rm -rf ${home}/etc ${home}/log ${home}/.conf ${home}/.standin; }
    chown -R ${user} ${home}
    cd ${home}
    runuser -u ${user} -- ./bin/obproxy ${words.map((word) => `'${word}'`).join(' ')} >/dev/null 2>&1
    hex=$(printf ':%04X' ${proxy.sqlPort})
    n=0
    until grep -hq "$hex 0*:0000 0A" /proc/net/tcp /proc/net/tcp6; do
      n=$((n + 1)); [ $n -lt 300 ] || { tail -n 5 log/obproxy.log >&2; exit 1; }
      sleep 0.05
    done
    for entry in /proc/[0-9]*; do
      [ "$(cat $entry/comm 2>/dev/null)" = obproxy ] && [ "$(readlink $entry/cwd)" = ${home} ] && echo "\${entry#/proc/}"
    done | tail -n 1`);
  await rm(onHost, { force: true });
  const pid = Number(done.stdout.trim());
  if (done.exitCode !== 0 || !(pid > 0)) {
    throw new Error(
      `OBProxy did not start by hand on ${host.ip}: ${done.stderr.trim()} ${done.stdout.trim()}`,
    );
  }
  return { home, pid };
}

/** What a take-over must leave as it is: which process runs since when, and every file of its home but its diary. */
export async function fingerprint(host: TestHost, proxy: StartedByHand): Promise<string> {
  const { stdout } = await host.sh(`
    cd ${proxy.home}
    pids=$(for entry in /proc/[0-9]*; do [ "$(cat $entry/comm 2>/dev/null)" = obproxy ] && echo "\${entry#/proc/}"; done | sort -n)
    for pid in $pids; do echo "$pid $(sed 's/.*) //' /proc/$pid/stat | cut -d' ' -f20) $(readlink /proc/$pid/cwd) $(tr '\\0' ' ' </proc/$pid/cmdline)"; done
    find . -type f ! -path './log/*' ! -path './etc/*' ! -path './.standin/*' -exec sha256sum {} + | sort
    find . -path ./.standin -prune -o ! -type f -printf '%p %U %m\\n' | sort
    find ./etc -type f -printf '%p %U %m\\n' | sort
    rpm -qa | sort
    ls -A /etc/systemd/system /var/lib/obflow/obproxy 2>/dev/null
    exit 0`);
  return stdout;
}
