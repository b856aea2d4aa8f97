import { PermanentError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import { printable } from '../runtime/printable';
import type { Connection } from './connection';
import { runScript } from './script';
import type { HostFacts } from './types';

/** Facts last as long as the connection: what changes them (a new kernel, a new system) ends it. */
const known = new WeakMap<Connection, Promise<HostFacts>>();

/** Longer than any name of a machine or a system. */
const LONGEST_FACT = 255;

/** A fact as it is stored and shown; a host may say anything. */
function fact(text: string): string {
  return printable(text.slice(0, LONGEST_FACT));
}

/** What kind of machine the host is. One round trip, asked once a connection. */
export function facts(connection: Connection): Promise<HostFacts> {
  const before = known.get(connection);
  if (before !== undefined) return before;
  const asked = ask(connection);
  known.set(connection, asked);
  asked.catch(() => known.delete(connection));
  return asked;
}

async function ask(connection: Connection): Promise<HostFacts> {
  const result = await runScript(
    connection,
    // A few lines, which the shell reads itself; uname takes its place.
    `[ -d /run/systemd/system ] && echo yes || echo no
command -v rpm >/dev/null 2>&1 && echo yes || echo no
for release in /etc/os-release /usr/lib/os-release; do
  [ -r "$release" ] || continue
  while IFS= read -r line || [ -n "$line" ]; do printf '%s\\n' "$line"; done <"$release"
  break
done
exec uname -nrm`,
  );
  const [systemd, rpm, ...osRelease] = result.stdout.toString().trimEnd().split('\n');
  // uname prints in an order of its own, whatever that of its options.
  const machine = osRelease.pop() ?? '';
  const [hostname, kernel, architecture] = machine.split(' ');
  if (result.exitCode !== 0 || !hostname || !architecture || !kernel) {
    throw new PermanentError({
      type: 'FactsUnreadable',
      tried: say('host.askName'),
      where: connection.address.ip,
      cameBack: result.stderr.toString().trim().slice(0, 500) || say('host.unameSilent'),
      next: say('next.checkUname'),
    });
  }
  const release = parseOsRelease(osRelease.join('\n'));
  return {
    hostname: fact(hostname),
    architecture: fact(architecture),
    kernel: fact(kernel),
    osId: fact(release.get('ID') ?? '').toLowerCase(),
    osLike: fact(`${release.get('ID_LIKE') ?? ''} ${release.get('PLATFORM_ID') ?? ''}`)
      .toLowerCase()
      .split(/\s+/)
      .filter(Boolean),
    // Kylin writes V10.
    osMajor: /^v?(\d{1,9})/i.exec(release.get('VERSION_ID') ?? '')?.[1] ?? '',
    systemd: systemd === 'yes',
    rpm: rpm === 'yes',
  };
}

/** Assignments of os-release(5): quotes and the escapes \\ \" \$ \` are taken off; pure. */
export function parseOsRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\s*([A-Z][A-Z0-9_]*)=(?:"((?:\\.|[^"\\])*)"|'([^']*)'|(\S*))\s*$/.exec(line);
    if (match?.[1] === undefined) continue;
    values.set(match[1], match[2]?.replace(/\\([\\"$`])/g, '$1') ?? match[3] ?? match[4] ?? '');
  }
  return values;
}
