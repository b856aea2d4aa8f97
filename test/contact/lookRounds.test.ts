import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createLogger } from '../../runtime/logger';
import { BackgroundLook } from '../../worker/look';
import { ANY_ADDRESS } from '../support/addresses';
import { until } from '../support/until';

describe('The rounds of the background look', () => {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  let look: BackgroundLook;
  afterEach(async () => {
    await look.stop();
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  /** A host of the inventory, and whoever connects to it. */
  async function host(id: number, greeting: string, onConnection: (open: number) => void = () => undefined) {
    let connections = 0;
    const server = createServer((socket) => {
      sockets.add(socket);
      connections += 1;
      socket
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket);
          connections -= 1;
        });
      onConnection(connections);
      socket.write(greeting);
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return { id, ip: '127.0.0.1', sshPort: (server.address() as AddressInfo).port, status: 'AVAILABLE' };
  }

  function start(hosts: unknown[]): void {
    const store = {
      leases: { take: async () => true, end: async () => undefined },
      observations: { obproxies: async () => [], of: async () => new Map() },
      hosts: { list: async () => ({ contents: [...hosts], totalElements: hosts.length }) },
      obClusters: { list: async () => ({ contents: [], totalElements: 0 }) },
      transaction: () => Promise.reject(new Error('the database is away')),
    };
    look = new BackgroundLook({
      ...{ store: store as never, hosts: {} as never, identity: 'one' },
      ...{ config: { addresses: ANY_ADDRESS, lookSeconds: 0.6 }, logger: createLogger('test', 'silent') },
    });
  }

  test('do not overlap when a look has failed while another goes on', async () => {
    let looks = 0;
    let most = 0;
    const silent = await host(2, '', (connections) => {
      looks += 1;
      most = Math.max(most, connections);
    });
    const greeting = await host(1, 'SSH-2.0-test\r\n');
    start([greeting, silent]);
    await until('the silent host is looked at again', () => looks >= 2, 30_000);
    expect(most).toBe(1);
  });

  test('forget a host that is no more in the inventory', async () => {
    const hosts: unknown[] = [await host(1, 'SSH-2.0-test\r\n'), await host(2, 'no SSH\r\n')];
    start(hosts);
    await until('something is remembered of both', () => look.remembered.objects.size === 2);
    hosts.pop();
    await until('the second is forgotten', () => [...look.remembered.objects].join() === 'host 1');
  });
});
