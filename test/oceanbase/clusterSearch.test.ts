/** Which server of a cluster is asked: the first that lets in, whatever those before it say. */
import { openCluster } from '../../oceanbase/clusterSession';
import { SqlConnectionError, SqlError } from '../../oceanbase/sqlSession';
import { type Observer, startObserver } from '../../sandbox/standins/observer';
import { ANY_ADDRESS } from '../support/addresses';

const observers: Observer[] = [];
afterAll(() => Promise.all(observers.map((observer) => observer.stop())));

async function given(clusterName: string, users: Readonly<Record<string, string>>, booting = false) {
  const observer = await startObserver({
    ...{ host: '127.0.0.1', port: 0, version: '4.2.1.2', clusterName, obClusterId: 1, users, booting },
  });
  observers.push(observer);
  return { observer, server: { ip: '127.0.0.1', sqlPort: observer.port } };
}

const MEMBER = { 'root@sys': 'right' };
const search = (servers: readonly { ip: string; sqlPort: number }[], password = 'right') =>
  openCluster({ servers, addresses: ANY_ADDRESS, user: 'root', password });

test('a server that has left its cluster, and refuses every login, does not end the search', async () => {
  const left = await given('c', {});
  const member = await given('c', MEMBER);
  const session = await search([left.server, member.server]);
  expect(session.at).toBe(`127.0.0.1:${member.observer.port}`);
  session.close();
  expect(left.observer.counts.failedLogins).toBe(1);
});

test.each([4012, 8001, 5150])(
  'a server that answers %i does not end the search, and refuses nothing',
  async (code) => {
    const [away, member] = [await given('c', MEMBER), await given('c', MEMBER)];
    away.observer.refusing = { of: /./, code, message: 'planted' };
    const session = await search([away.server, member.server]);
    expect(session.at).toBe(`127.0.0.1:${member.observer.port}`);
    session.close();
    const error = await search([away.server]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SqlConnectionError);
    expect(String(error)).toContain(`127.0.0.1:${away.observer.port}: planted`);
  },
);

test('a password that is wrong everywhere is said to be refused, and tried once at each', async () => {
  const both = [await given('c', MEMBER), await given('c', MEMBER)];
  const refusal = await search(
    both.map(({ server }) => server),
    'wrong',
  ).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(SqlError);
  expect((refusal as SqlError).errno).toBe(1045);
  expect(both.map(({ observer }) => observer.counts.failedLogins)).toEqual([1, 1]);
});

test('a refusal counts for more than servers that are away: somebody has answered', async () => {
  const booting = await given('c', MEMBER, true);
  const left = await given('c', {});
  const gone = { ip: '127.0.0.1', sqlPort: 1 };
  await expect(search([booting.server, left.server, gone])).rejects.toMatchObject({ errno: 1045 });
});
