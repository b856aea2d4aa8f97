/** One statement about a server of a cluster. */
import type { ClusterSession } from '../../oceanbase/clusterSession';
import type { ClusterServer } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { tell } from '../cluster/tell';
import type { SubtaskScope } from '../types';
import { type ClusterMember, listedServer } from './observer';

/** As `tell` does; PermanentError NotInCluster when the server is no member. */
export function tellCluster(
  scope: SubtaskScope,
  { cluster, server, address }: ClusterMember,
  statement: {
    readonly tried: Text;
    readonly sql: string;
    /** Absent: it is sent again whatever the server is like. */
    readonly isDone?: (server: ClusterServer, session: ClusterSession) => boolean | Promise<boolean>;
  },
): Promise<void> {
  const { tried, sql, isDone } = statement;
  return tell(scope, cluster, {
    ...{ tried, sql, where: address, code: 'OBE19003' },
    async isDone(session) {
      const listed = listedServer(await session.servers(), server);
      if (listed !== undefined) return (await isDone?.(listed, session)) === true;
      const cameBack = say('observer.noServerOf', { cluster: cluster.name });
      const next = say('next.lookAtCluster');
      throw new PermanentError({
        ...{ type: 'NotInCluster', code: 'OBE19003', tried, where: address, cameBack, next },
      });
    },
  });
}
