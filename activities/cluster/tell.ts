/** One statement to a cluster, never repeated without looking whether it has taken effect. */
import type { ClusterSession } from '../../oceanbase/clusterSession';
import { couldNotAsk, isUnanswered, SqlError } from '../../oceanbase/sqlSession';
import { PermanentError, TransientError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import { endsAs, formerOf, type Worked } from '../common/work';
import type { SubtaskScope } from '../types';
import { inTurn, STATEMENT_MS, withCluster } from './cluster';

/** OB_OP_NOT_ALLOW, whose text says why. */
const NOT_ALLOWED = 4179;
/** What passes by itself: logs that are behind, and a server that comes up (START SERVER asks it first from 4.2.5 on). */
const PASSES = /log.*not.*sync|not reachable/i;

/** Of the error when OceanBase refuses a statement that was sent. */
const REFUSED = 'StatementRefused';
/** The same, of what passes by itself. */
const REFUSED_FOR_NOW = 'ObClusterRefuses';

export interface Statement {
  readonly tried: Text;
  readonly sql: string;
  /** The server or zone that it is about. */
  readonly where: string;
  /** OCP's for its refusal. */
  readonly code: string;
  /** What to do about its refusal; default: what keeps servers and zones from being stopped. */
  readonly next?: Text;
  /** Whether it has taken effect already. */
  isDone(session: ClusterSession): Promise<boolean>;
}

/**
 * Sends it, one statement at a time in a cluster. TransientError when its outcome is unknown or the cause may pass,
 * PermanentError StatementRefused when OceanBase refuses it.
 */
export async function tell(scope: SubtaskScope, cluster: ObClusterRow, statement: Statement): Promise<void> {
  const { tried, sql } = statement;
  await inTurn(scope, cluster.id, (inside) =>
    withCluster(
      inside,
      cluster,
      tried,
      async (session) => {
        if (await statement.isDone(session)) return;
        scope.log.info(sql);
        try {
          await session.alter(sql);
        } catch (error) {
          throw error instanceof SqlError ? refusal(error, statement) : error;
        }
      },
      STATEMENT_MS,
    ),
  );
}

/** Whether OceanBase has refused a statement for good; what could not be asked is no refusal. */
export function isRefused(error: unknown): error is PermanentError {
  return error instanceof PermanentError && error.type === REFUSED;
}

/** The same, or for now: who is told to force it does not wait. */
export function isRefusedNow(error: unknown): error is PermanentError | TransientError {
  return isRefused(error) || (error instanceof TransientError && error.type === REFUSED_FOR_NOW);
}

/** While `send` tells it to stop, or to go, an object is STOPPED or DELETING should the task end; refused, it is what it was. */
export async function stopping<K extends 'obServer' | 'obZone'>(
  scope: SubtaskScope,
  worked: Worked<K>,
  send: () => Promise<void>,
  becomes: 'STOPPED' | 'DELETING' = 'STOPPED',
): Promise<void> {
  const former = await formerOf(scope, worked);
  await endsAs(scope, worked, becomes);
  try {
    await send();
  } catch (error) {
    if (isRefused(error) && former !== undefined) await endsAs(scope, worked, former);
    throw error;
  }
}

/** What becomes of an error that was answered; one of a server that boots stays as it is: withCluster says it. */
function refusal(
  error: SqlError,
  { tried, where, code, next = say('next.startOthers') }: Statement,
): TransientError | PermanentError | SqlError {
  const cameBack = say('sql.error', { errno: error.errno, text: error.message });
  if (isUnanswered(error)) {
    return new TransientError({
      ...{ type: 'StatementTimeout', tried, where, cameBack },
      next: say('next.askedWhetherDone'),
    });
  }
  if (couldNotAsk(error)) return error;
  const trouble = { code, tried, where, cameBack, next };
  if (error.errno === NOT_ALLOWED && PASSES.test(error.message))
    return new TransientError({ type: REFUSED_FOR_NOW, ...trouble });
  return new PermanentError({ type: REFUSED, ...trouble });
}
