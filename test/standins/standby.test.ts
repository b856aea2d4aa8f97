/** Which copy of a cluster may become its root service. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addressOf, type ClusterState, type ServerState } from '../../sandbox/standins/observer/clusterState';
import { serveRpc } from '../../sandbox/standins/observer/rpc';
import { Standby } from '../../sandbox/standins/observer/standby';
import { until } from '../support/until';
import { freePort } from './home';

const folder = mkdtempSync(path.join(tmpdir(), 'obflow-standby-'));
const listening: Server[] = [];
afterAll(() => {
  for (const server of listening) server.close();
  rmSync(folder, { recursive: true });
});

const server = (id: number, rpcPort: number): ServerState => ({
  ...{ ip: '127.0.0.1', rpcPort, sqlPort: 1, id, zone: `zone${id}`, status: 'ACTIVE', holdsSysUnit: true },
  ...{ startServiceTime: 1, stopTime: 0, build: '', version: '4.2.1.2', instance: '', heardSince: 1 },
  ...{ deletingSince: 0, silentSince: 0, frozenAt: 0 },
});

/** Copies of one cluster whose root service is silent, of these terms and versions; a third server is dead. */
async function copies(...known: readonly Pick<ClusterState, 'term' | 'version'>[]): Promise<Standby[]> {
  const servers: ServerState[] = [];
  for (const id of [1, 2, 3]) servers.push(server(id, await freePort()));
  const state: ClusterState = {
    ...{ clusterName: 'obtest', obClusterId: 7, term: 0, version: 0, servers, accounts: [], nextServerId: 4 },
    zones: servers.map(({ zone }) => ({ name: zone, status: 'ACTIVE', region: '', idc: '' })),
    parameters: { _standin_election: '0' },
  };
  const made: Standby[] = [];
  for (const [index, knows] of known.entries()) {
    const own = servers[index] ?? server(0, 0);
    const standby = new Standby(path.join(folder, `${own.rpcPort}`), () => addressOf(own));
    standby.take({ ...state, ...knows });
    listening.push(
      await serveRpc('127.0.0.1', own.rpcPort, async (request) => ({
        kind: request.op === 'vote' && standby.votes(request) ? 'yes' : 'no',
      })),
    );
    made.push(standby);
  }
  return made;
}

test('who knows most is elected, however often one that knows less stands in vain meanwhile', async () => {
  const [behind, ahead] = (await copies({ term: 1, version: 19 }, { term: 2, version: 18 })) as [
    Standby,
    Standby,
  ];
  // It has just started, and looks three times as often.
  const elected = await until(
    'a root service',
    async () => {
      for (let tries = 0; tries < 3; tries += 1) expect(await behind.stand()).toBeUndefined();
      return ahead.stand();
    },
    5_000,
  );
  expect(elected.version).toBe(18);
}, 30_000);
