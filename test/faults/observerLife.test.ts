import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { allCases, matching } from './cases';
import { Lane } from './lane';
import { type Reference, referenceRun } from './reference';
import { aloneLine } from './report';
import { runCase } from './runCase';
import type { Operation } from './scene';

/** The seams of a restart: after each of them a server is in a state that only this task knows how to leave. */
const OF_A_SERVER = [
  'restartObserver/StopObServer/worker-kill',
  'restartObserver/StopObServerProcess/worker-kill',
  'restartObserver/StartObServerProcess/worker-kill',
  'restartObserver/StartObServerProcess/rollback-after',
] as const;

/** The same of a zone, which is stopped and started by a statement of its own. */
const OF_A_ZONE = [
  'stopObZone/StopObZone/worker-kill',
  'stopObZone/StopObServerProcess/worker-kill',
  'stopObZone/StopObZone/rollback-after',
  'startObZone/StartObServerProcess/worker-kill',
  'startObZone/StartObZone/worker-kill',
] as const;

/** And of a cluster, which answers nobody while it is down. */
const OF_A_CLUSTER = [
  'restartObCluster/StopObZone/worker-kill',
  'restartObCluster/StopObServerProcess/worker-kill',
  'restartObCluster/StartObServerProcess/worker-kill',
  'restartObCluster/StopObServerProcess/rollback-after',
  'stopObCluster/StopObServerProcess/worker-kill',
  'stopObCluster/StopObServerProcess/rollback-after',
  'startObCluster/StartObServerProcess/rollback-after',
] as const;

const SEED = 1;

describeIf(fleetUnavailable(), 'faults while OBServers, zones and clusters are stopped and started', () => {
  let lane: Lane;
  /** The undisturbed runs. */
  const references = new Map<Operation, Reference>();

  beforeAll(async () => {
    lane = await Lane.start();
  }, 120_000);
  afterAll(() => lane?.stop(), 60_000);

  async function problems(id: string): Promise<string[]> {
    const [one] = matching(allCases(), [id], []);
    if (one === undefined) throw new Error(`there is no case ${id}`);
    const { operation } = one;
    const reference = references.get(operation) ?? (await referenceRun(lane, operation));
    references.set(operation, reference);
    const result = await runCase(lane, one, reference, SEED);
    return result.problems.length === 0 ? [] : [result.point, ...result.problems, aloneLine(result)];
  }

  it.each(OF_A_SERVER)(
    '%s: the server serves as before, and every statement was sent once',
    async (id) => {
      expect(await problems(id)).toEqual([]);
    },
    180_000,
  );

  it.each(OF_A_ZONE)(
    '%s: the zone is as without it, or as before, and every statement was sent once',
    async (id) => {
      expect(await problems(id)).toEqual([]);
    },
    180_000,
  );

  it.each(OF_A_CLUSTER)(
    '%s: the cluster is as without it, or as before, and every statement was sent once',
    async (id) => {
      expect(await problems(id)).toEqual([]);
    },
    240_000,
  );
});
