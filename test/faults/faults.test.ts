import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { allCases, matching } from './cases';
import { Lane } from './lane';
import { type Reference, referenceRun } from './reference';
import { aloneLine } from './report';
import { runCase } from './runCase';

/** A few of the cases of `npm run test:faults`, one of each part that can break; the others take hours. */
const CASES = {
  'addObproxy/InstallRpmByPackageAndVersion/temporal-kill': 'kill -9 of Temporal while rpm installs',
  'addObproxy/SyncObproxyParameter/api-kill': 'kill -9 of the API while parameters are set',
  'addObproxy/StartObproxy/power-loss': 'power loss of the host while OBProxy starts',
  'addObproxy/InstallRpmByPackageAndVersion/disk-full': 'a full disk while rpm installs, and one retry',
  'upgradeObproxy/HotRestartObproxy/worker-kill':
    'kill -9 of the worker while a proxy hands over to its new program',
  'upgradeObproxy/UpgradeObproxyRpm/rpm-locked': 'another rpm that works while a package is installed beside',
  'upgradeObproxy/HotRestartObproxy/network-cut': 'a cut network while a proxy hands over to its new program',
  'upgradeObproxy/PrepareEtcForObproxy/disk-full': 'a full disk while etc is kept, and one retry',
} as const;
/** The same of a proxy that is stopped while another serves. */
const STOPPED = {
  'stopObproxy/WaitNode.1/sshd-frozen': 'a frozen sshd while clients are to be told',
  'stopObproxy/PreventObproxyAcceptNewRequest/power-loss': 'power loss of the host while they are told',
} as const;
const UNDONE = {
  'addObproxy/StartObproxy/rollback-inside': 'a failure in the middle of the start',
  'upgradeObproxy/CheckProxyVersion/rollback-after': 'a failure after the new version serves',
} as const;

/** The same of tasks that configure two proxies that serve. */
const CONFIGURED = {
  'changeObproxyPassword/SetObproxyPassword/worker-kill': 'kill -9 of the worker while a password is changed',
  'changeObproxyPassword/SetObproxyPassword/rollback-inside': 'a failure in the middle of that, and an undo',
  'changeObproxyParameters/SyncObproxyParameter/worker-kill':
    'kill -9 of the worker while parameters are set',
} as const;

/** The same while an OceanBase cluster that runs is adopted. */
const ADOPTED = {
  'takeOverObCluster/CreateDefaultUser/worker-kill': 'kill -9 of the worker while proxyro is made',
  'takeOverObCluster/RegisterConfigUrl/rollback-inside':
    'a failure while the config server is registered, and an undo',
  'takeOverObCluster/UpdateObZoneStatus/rollback-after': 'a failure near its end, and an undo',
  'createObCluster/BootstrapOb/worker-kill': 'kill -9 of the worker while a cluster is made',
  'createObCluster/SetSysPassword/rollback-after': 'a failure when it has its password, and an undo',
  'deleteObCluster/CleanObServer/worker-kill': 'kill -9 of the worker while its files go',
  'moveOutObCluster/DeleteObClusterInfo/worker-kill': 'kill -9 of the worker while it is forgotten again',
} as const;

const SEED = 1;

describeIf(fleetUnavailable(), 'faults while OBProxy is added and upgraded', () => {
  let lane: Lane;
  /** The undisturbed runs, by operation. */
  const references = new Map<string, Reference>();

  beforeAll(async () => {
    // A task has some 80: each of them goes on in another run of its workflow on the way.
    lane = await Lane.start(50);
  }, 120_000);
  afterAll(() => lane?.stop(), 60_000);

  async function problems(id: string, seed = SEED): Promise<string[]> {
    const [one] = matching(allCases(), [id], []);
    if (one === undefined) throw new Error(`there is no case ${id}`);
    const { operation } = one;
    const reference = references.get(operation.name) ?? (await referenceRun(lane, operation));
    references.set(operation.name, reference);
    const result = await runCase(lane, one, reference, seed);
    return result.problems.length === 0 ? [] : [result.point, ...result.problems, aloneLine(result)];
  }

  it.each(Object.entries(CASES))(
    '%s: after %s everything is as without it, and done once',
    async (id) => {
      expect(await problems(id)).toEqual([]);
    },
    180_000,
  );

  it.each(Object.entries(STOPPED))(
    '%s: after %s clients have been told, if there was anybody to tell',
    async (id) => {
      expect(await problems(id)).toEqual([]);
    },
    180_000,
  );

  it('a disk that is full before clients are told fails the subtask; after a retry they have been told', async () => {
    expect(await problems('stopObproxy/PreventObproxyAcceptNewRequest/disk-full', 11)).toEqual([]);
  }, 180_000);

  it.each(Object.entries(CONFIGURED))(
    '%s: after %s every proxy is as without it, or as before',
    async (id) => {
      expect(await problems(id)).toEqual([]);
    },
    180_000,
  );

  it.each(Object.entries(ADOPTED))(
    '%s: after %s everything is as without it, or as before',
    async (id) => {
      expect(await problems(id)).toEqual([]);
    },
    180_000,
  );

  it.each(Object.entries(UNDONE))(
    '%s: after %s, rollback leaves the host as it was',
    async (id) => {
      expect(await problems(id)).toEqual([]);
    },
    180_000,
  );
});
