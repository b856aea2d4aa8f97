import { openWith } from '../../contact/clusterState';
import { isDenied, withWorkingSecret } from '../../contact/workingSecret';
import { setPasswordSql } from '../../oceanbase/clusterSql';
import { couldNotAsk, SqlConnectionError, SqlError } from '../../oceanbase/sqlSession';
import { addressText } from '../../runtime/addressText';
import { saidOf, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow, RootServer } from '../../store/types';
import { lookPauses } from '../lookPauses';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { CLUSTER, clusterOf, hideSecrets, sqlTrouble } from './cluster';

const ANSWER_MS = 10_000;
/** Other servers take a new password with their next refresh of the schema: seconds. */
const SPREAD_MS = 120_000;

const TRIED = say('sysPassword.set');
const lookPause = lookPauses(50, 1_000);

/** Whether a server lets root in with this password; undefined when it cannot be asked. */
async function letsIn(scope: SubtaskScope, at: RootServer, secret: string): Promise<boolean | undefined> {
  const { addresses } = scope.config;
  try {
    const contact = { addresses, timeoutMs: ANSWER_MS, signal: scope.signal };
    (await openWith({ rootServers: [at] }, { username: 'root', secret }, contact)).close();
    return true;
  } catch (error) {
    scope.signal.throwIfAborted();
    if (isDenied(error)) return false;
    if (error instanceof SqlError || error instanceof SqlConnectionError) return undefined;
    throw error;
  }
}

/** Servers that do not let the new one in, or still let root in without any. */
async function behind(scope: SubtaskScope, cluster: ObClusterRow, secret: string): Promise<string[]> {
  const found: string[] = [];
  for (const server of cluster.rootServers) {
    const takes = await letsIn(scope, server, secret);
    if (takes === true && (await letsIn(scope, server, '')) === false) continue;
    found.push(addressText(server.ip, server.sqlPort));
  }
  return found;
}

/** Repeated, the statement says the same: a lost answer is no reason to wait. */
async function send(scope: SubtaskScope, cluster: ObClusterRow, secret: string): Promise<void> {
  const { addresses } = scope.config;
  try {
    const contact = { addresses, timeoutMs: ANSWER_MS, signal: scope.signal };
    await withWorkingSecret(scope.store, cluster.sysCredentialId, async (sys) => {
      const session = await openWith(cluster, sys, contact);
      try {
        await session.alter(setPasswordSql('root', secret));
      } finally {
        session.close();
      }
    });
  } catch (error) {
    scope.signal.throwIfAborted();
    if (couldNotAsk(error)) return scope.log.warn(say('sysPassword.unanswered', { said: saidOf(error) }));
    throw sqlTrouble(error, { cluster, tried: TRIED, username: 'root' }) ?? error;
  }
}

/**
 * "Set sys password": the password of root@sys, which has none after the BOOTSTRAP. Both are kept until every root server takes the
 * new one, and no server takes the empty one.
 */
export const SetSysPassword = subtask({
  name: 'Set sys password',
  className: 'cluster.SetSysPasswordTask',
  timeout: 300,
  prohibitSkip: true,
  needs: CLUSTER,

  async run(scope) {
    const cluster = await clusterOf(scope);
    const { credentials } = scope.store;
    const stored = await credentials.open(cluster.sysCredentialId);
    hideSecrets(scope, stored);
    const wished = stored.pending?.secret ?? stored.secret;
    const started = Date.now();
    for (let looks = 0; ; looks += 1) {
      const away = await behind(scope, cluster, wished);
      if (away.length === 0) {
        await credentials.settle(cluster.sysCredentialId, wished);
        scope.log.info(looks === 0 ? say('sysPassword.already') : say('sysPassword.done'));
        return undefined;
      }
      if (Date.now() - started > SPREAD_MS) {
        throw new TransientError({
          type: 'SysPasswordUnsettled',
          code: 'OBE11028',
          tried: TRIED,
          where: cluster.name,
          cameBack: say('sysPassword.behind', { servers: away.join(', ') }),
          next: say('next.checkCluster'),
        });
      }
      if (looks % 10 === 0) await send(scope, cluster, wished);
      else await scope.pause(lookPause(looks));
    }
  },
});
