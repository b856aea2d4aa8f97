/** The check before a stop, which is ours as well as OceanBase's: a process that is ended asks nobody. */
import { lookAtStop, readStopState } from '../../contact/lookAtStop';
import { refusedBy, type StopState, type StopTarget, stopVerdict } from '../../oceanbase/stopVerdict';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import type { SubtaskScope } from '../types';
import { withCluster } from './cluster';

const tried = say('stop.ask');

interface Stop {
  readonly target: StopTarget;
  readonly where: string;
  readonly forced: boolean;
}

/** Asks the cluster, and refuses what it says against the stop, as refuseUnsafe does. */
export async function proveStoppable(scope: SubtaskScope, cluster: ObClusterRow, stop: Stop): Promise<void> {
  refuseUnsafe(scope, await withCluster(scope, cluster, tried, readStopState), stop);
}

/**
 * Logs which majority would be left. PermanentError StopUnsafe, with OCP's code, naming every log stream that would lose
 * its majority and every other zone that is out of service; `forced`: these are warnings.
 */
export function refuseUnsafe(
  scope: Pick<SubtaskScope, 'log'>,
  state: StopState,
  { target, where, forced }: Stop,
): void {
  const { refusals, leaves } = stopVerdict(state, target);
  if (leaves !== undefined) scope.log.info(leaves);
  const [first] = refusals;
  if (first === undefined) return;
  if (forced) {
    for (const { text } of refusals) scope.log.warn(say('stop.forced', { text }));
    return;
  }
  throw new PermanentError({
    type: 'StopUnsafe',
    code: first.code,
    tried,
    where,
    cameBack: refusals.map(({ text }) => text),
    next: first.next,
  });
}

/**
 * Before the processes of what is stopped are ended. NotYet while the others would be no majority without it: since it was stopped
 * another server may have gone, and OceanBase asks nothing about one that is stopped.
 */
export async function othersBear(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  target: StopTarget,
): Promise<void> {
  const { refusals } = await withCluster(scope, cluster, say('stop.ask'), (session) =>
    lookAtStop(session, target),
  );
  if (refusals.length > 0) scope.notYet(say('stop.othersAway', { text: refusedBy(refusals) }));
}
