import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { TestHost } from '../../sandbox/hosts/fleet';
import { BY_HAND_PASSWORD, CHANGED_PASSWORD, type Lane } from './lane';

/** Files below the places that hold one of the texts. */
function filesWith(texts: readonly string[], places: readonly string[]): string[] {
  const hits = execFileSync('sh', ['-c', 'grep -rlaF -f - "$@" 2>/dev/null || true', 'sh', ...places], {
    encoding: 'utf8',
    input: `${texts.join('\n')}\n`,
  });
  return hits.split('\n').filter((line) => line !== '');
}

/** Where a planted password stands in clear: files of hosts, arguments and environments there, logs of the parts. */
export async function secretsFound(lane: Lane, hosts: readonly TestHost[]): Promise<string[]> {
  const { secrets, dataDir } = lane.stack;
  const planted = Object.entries({ ...secrets, 'by hand': BY_HAND_PASSWORD, changed: CHANGED_PASSWORD });
  const logs = ['api.log', 'worker.log'].map((file) => path.join(dataDir, file));
  // All at once, since nothing is there; which one it is only matters when something is.
  const files = filesWith(
    planted.map(([, text]) => text),
    [...hosts.map((host) => host.rootDir), ...logs],
  );
  const found = files.flatMap((file) =>
    planted.filter(([, text]) => filesWith([text], [file]).length > 0).map(([name]) => `${name} in ${file}`),
  );
  for (const host of hosts) {
    if (!host.poweredOn) continue;
    const { stdout } = await host.sh(
      "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'",
    );
    for (const [name, text] of planted) {
      if (stdout.includes(text)) found.push(`${name} in an argument or environment on ${host.ip}`);
    }
  }
  return found;
}
