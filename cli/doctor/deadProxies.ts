import { addressText } from '../../runtime/addressText';
import type { RuntimeConfig } from '../../runtime/config';
import { openStore } from '../../store';
import type { ObproxyToLookAt } from '../../store/types';
import { type Finding, ok, problem, warning } from './finding';

/** Looks are written about once a minute at the latest, with the default period. */
const OLD_MS = 5 * 60_000;

/** What the background look of the workers saw last of every OBProxy. Nobody is asked again. */
export async function deadProxies(config: RuntimeConfig): Promise<readonly Finding[]> {
  const store = await openStore(config);
  try {
    const rows = await store.observations.obproxies();
    if (rows.length === 0) return [ok('proxies', 'none, or tasks work on all of them')];
    if (config.lookSeconds === 0) {
      const text = 'Nobody looks whether OBProxies are alive: OBFLOW_LOOK_SECONDS is 0.';
      return [warning('proxies', text, 'Leave it out of the environment of the workers.')];
    }
    const looks = rows.flatMap(({ observed }) => observed?.lookTime ?? []).map((time) => Date.parse(time));
    const age = Date.now() - Math.max(0, ...looks);
    const old = Math.max(OLD_MS, config.lookSeconds * 1_000 * 10);
    if (age > old) {
      const when = looks.length === 0 ? 'never' : `for ${Math.round(age / 60_000)} minutes not`;
      const text = `A worker has ${when} looked whether the ${rows.length} OBProxies are alive.`;
      return [warning('proxies', text, 'Start `obflow worker` (or `obflow up`), and look at its log.')];
    }
    const findings = rows.flatMap(findingOf);
    if (findings.length > 0) return findings;
    const stopped = rows.filter(({ status }) => status === 'STOPPED').length;
    const said = stopped === 0 ? '' : `, ${stopped} of them stopped`;
    return [ok('proxies', `${rows.length} as they should be at the last look${said}`)];
  } finally {
    await store.close();
  }
}

function findingOf({ id, ip, sqlPort, status, observed }: ObproxyToLookAt): Finding[] {
  if (observed === undefined || observed.state === 'ALIVE' || status === 'STOPPED') return [];
  const check = `proxy ${id}`;
  const seen =
    observed.lastSeenTime === null ? 'never seen alive' : `last seen alive ${observed.lastSeenTime}`;
  const text = `${addressText(ip, sqlPort)} is ${observed.state}, ${seen}: ${observed.reason ?? 'no reason is known'}.`;
  if (observed.state === 'UNKNOWN') {
    return [
      warning(check, text, 'Look at the host and the network between; the proxy may serve all the same.'),
    ];
  }
  return [
    problem(
      check,
      text,
      'Start it on its host (its keeper does so within seconds), or `obflow proxy forget` it when it is gone for good.',
    ),
  ];
}
