/** What a BOOTSTRAP needs of the hosts of its servers, tried before it is sent, because it can be sent once. */
import type { Host } from '../../hosts/types';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import type { SubtaskScope } from '../types';
import { unreachableFrom } from './hostLook';
import type { HostedObserver } from './observer';

/** So many hosts side by side. */
export const TOGETHER = 10;
/** Clocks of servers may differ by so much when they make a cluster (OceanBase documentation; obd: TIME_DIFF). */
const CLOCKS_MS = 50;
/** The shortest of so many looks says most. */
const LOOKS = 3;

const TRIED = say('bootstrap.check');

interface Clock {
  readonly ip: string;
  /** Milliseconds ahead of ours, and how sure that is. */
  readonly ahead: number;
  readonly unsure: number;
}

async function clockOf(host: Host): Promise<Clock> {
  let best: Clock = { ip: host.ip, ahead: 0, unsure: Number.POSITIVE_INFINITY };
  for (let look = 0; look < LOOKS; look += 1) {
    const asked = Date.now();
    const { stdout } = await host.sh('date +%s%3N');
    const half = (Date.now() - asked) / 2;
    if (half < best.unsure) best = { ip: host.ip, ahead: Number(stdout) - asked - half, unsure: half };
  }
  return best;
}

/** PermanentError ClocksDiffer when two clocks differ for sure; what cannot be measured that well is only said. */
function compareClocks(scope: SubtaskScope, clocks: readonly Clock[]): void {
  const sorted = [...clocks].sort((one, other) => one.ahead - other.ahead);
  const [late, early] = [sorted[0], sorted.at(-1)];
  if (late === undefined || early === undefined || late === early) return;
  const apart = early.ahead - late.ahead;
  const unsure = early.unsure + late.unsure;
  const said = say('bootstrap.clocks', {
    ...{ early: early.ip, late: late.ip, apart: Math.round(apart), unsure: Math.round(unsure) },
    tolerated: CLOCKS_MS,
  });
  if (!(apart - unsure > CLOCKS_MS)) {
    scope.log.info(said);
    return;
  }
  throw new PermanentError({
    type: 'ClocksDiffer',
    code: 'CMP07021',
    tried: TRIED,
    where: early.ip,
    cameBack: said,
    next: say('bootstrap.nextClocks'),
  });
}

/** Every server must reach every first server, and these everybody. PermanentError ServersApart. */
async function provesReach(
  scope: SubtaskScope,
  host: Host,
  own: HostedObserver,
  others: readonly HostedObserver[],
): Promise<void> {
  const silent = await unreachableFrom(
    host,
    others.filter((one) => one !== own).map(({ server }) => ({ ip: server.ip, port: server.rpcPort })),
  );
  if (silent === undefined) return scope.log.warn(say('check.noNc'));
  if (silent.length === 0) return;
  throw new PermanentError({
    type: 'ServersApart',
    code: 'OBE11005',
    tried: TRIED,
    where: host.ip,
    cameBack: say('check.silent', { addresses: silent.join(', ') }),
    next: say('bootstrap.nextReach'),
  });
}

/** @param first the servers that the statement lists */
export async function provesReady(
  scope: SubtaskScope,
  observers: readonly HostedObserver[],
  first: readonly HostedObserver[],
): Promise<void> {
  const clocks = await someAtATime(observers, TOGETHER, async (observer) => {
    const host = await scope.hostById(observer.hostId);
    await provesReach(scope, host, observer, first.includes(observer) ? observers : first);
    return clockOf(host);
  });
  compareClocks(scope, clocks);
  scope.log.info(say('bootstrap.ready', { count: observers.length }));
}
