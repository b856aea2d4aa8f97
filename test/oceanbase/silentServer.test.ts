import { openSqlSession, SqlConnectionError } from '../../oceanbase/sqlSession';
import { type Fleet, fleetUnavailable, startFleet } from '../../sandbox/hosts/fleet';
import { startObserverCluster } from '../../sandbox/standins/observer/cluster';
import { ANY_ADDRESS } from '../support/addresses';
import { describeIf } from '../support/skip';
import { until } from '../support/until';

const PASSWORD = 'aaBB11..planted';
/** Longer than the test may take: what ends the statement is not this. */
const STATEMENT_MS = 600_000;

describeIf(fleetUnavailable(), 'a server whose machine falls silent during a statement', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
  }, 60_000);
  afterAll(() => fleet?.stop(), 60_000);

  test('is not waited for to the limit of the statement', async () => {
    const [host] = fleet.hosts;
    if (host === undefined) throw new Error('no host');
    const cluster = await startObserverCluster([host], {
      ...{ name: 'obsilent', obClusterId: 9, version: '4.2.1.2', rootPassword: PASSWORD },
      steering: { _standin_zone_answer_delay: STATEMENT_MS },
    });
    const session = await openSqlSession({
      to: { ip: host.ip, port: 2881, addresses: ANY_ADDRESS },
      ...{ user: 'root@sys', password: PASSWORD, timeoutMs: STATEMENT_MS },
    });
    const answer = session.query("ALTER SYSTEM ADD ZONE 'zone9'").catch((error: unknown) => error);
    await until('the server is at work', async () =>
      (await cluster.sql('SELECT ZONE FROM oceanbase.DBA_OB_ZONES')).some(({ ZONE }) => ZONE === 'zone9'),
    );
    await host.cut();
    try {
      expect(await answer).toBeInstanceOf(SqlConnectionError);
    } finally {
      session.close();
      await host.heal();
    }
  }, 60_000);
});
