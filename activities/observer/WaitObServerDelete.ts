import { readPlacement } from '../../contact/lookAtStop';
import type { ClusterSession } from '../../oceanbase/clusterSession';
import { deleteVerdict } from '../../oceanbase/deleteVerdict';
import { touches, type Unit } from '../../oceanbase/units';
import { rpcAddress } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { joined, say, type Text } from '../../runtime/messages/catalogue';
import type { ObServerRow } from '../../store/types';
import { CLUSTER, clusterOf, withCluster } from '../cluster/cluster';
import { readCluster, recordCluster } from '../cluster/clusterState';
import { endsAs } from '../common/work';
import { pauseAfter } from '../lookPauses';
import { subtask } from '../subtask';
import { askedWithout, deletedByTask } from './deletion';
import { workedServer } from './life';
import { listedServer } from './observer';

/** Servers without units go at once; for units it is waited without a worker. */
const QUICK_MS = 5_000;

/** So many units are named. */
const NAMED = 3;

interface Sight {
  /** Those that are listed, or that a unit still needs. */
  readonly left: readonly ObServerRow[];
  /** Listed, and not DELETING: somebody has cancelled it. */
  readonly revived: readonly ObServerRow[];
  readonly text: Text;
}

function moveText({ id, tenant, server, from }: Unit): Text {
  return say('delete.unitMoves', { id, tenant, from: from ?? '', to: server });
}

/** What is left on the servers, where it goes, and what keeps it. */
async function look(session: ClusterSession, rows: readonly ObServerRow[]): Promise<Sight> {
  const state = await readPlacement(session);
  const jobs = await session.unitJobs();
  const isListed = (row: ObServerRow) => listedServer(state.servers, row);
  const left = rows.filter(
    (row) => isListed(row) !== undefined || state.units.some((unit) => touches(unit, rpcAddress(row))),
  );
  const revived = left.filter((row) => (isListed(row)?.innerStatus ?? 'DELETING') !== 'DELETING');
  const going = new Set(left.map(rpcAddress));
  const units = state.units.filter(
    ({ server, from }) => going.has(server) || (from !== undefined && going.has(from)),
  );
  const moving = units.filter(({ from }) => from !== undefined);
  const still = units.filter(({ from }) => from === undefined);
  const counts = { left: left.length, total: rows.length, units: units.length, jobs };
  const parts = [
    units.length === 0 ? say('delete.waitsForRow', counts) : say('delete.waitsForUnits', counts),
    ...moving.slice(0, NAMED).map(moveText),
  ];
  // OceanBase tries again by itself; a person sees what it lacks.
  const [lack] = still.length === 0 ? [] : deleteVerdict(state, left.map(rpcAddress)).refusals;
  if (lack !== undefined)
    parts.push(say('delete.stuck', { count: still.length, text: lack.text, next: lack.next }));
  return { left, revived, text: joined(parts, 'list.stop') as Text };
}

/** "Wait observer delete": the cluster lists the servers no more, and no unit lies on them or comes from them. */
export const WaitObServerDelete = subtask({
  name: 'Wait observer delete',
  className: 'server.WaitObServerDeleteTask',
  timeout: 604_800,
  waits: true,
  needs: CLUSTER,

  async run(scope) {
    const cluster = await clusterOf(scope);
    const rows = await deletedByTask(scope, cluster.id);
    const asked = await askedWithout(scope, cluster, rows);
    const begun = Date.now();
    for (;;) {
      const sight = await withCluster(scope, asked, say('delete.look'), (session) => look(session, rows));
      const { left, revived } = sight;
      for (const server of rows.filter((row) => !left.includes(row)))
        await endsAs(scope, workedServer({ server, cluster, address: rpcAddress(server) }), 'DELETED');
      if (revived.length > 0) {
        throw new PermanentError({
          type: 'DeletionCancelled',
          code: 'OBE19003',
          tried: say('delete.look'),
          where: revived.map(rpcAddress).join(', '),
          cameBack: say('delete.revived'),
          next: say('delete.nextRevived'),
        });
      }
      if (left.length === 0) {
        for (const row of rows)
          scope.log.info(say('observer.deleted', { address: rpcAddress(row), cluster: cluster.name }));
        // Before their processes end: proxies and observers that ask for root servers must get those that stay.
        await recordCluster(scope, cluster, await readCluster(scope, asked));
        return undefined;
      }
      if (scope.goesOn || Date.now() - begun > QUICK_MS) scope.notYet(sight.text);
      await scope.pause(pauseAfter(Date.now() - begun));
    }
  },
});
