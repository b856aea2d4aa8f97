/** What a host hears when it is asked to get a URL, from a real server beside it. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Host, Hosts } from '../../hosts';
import { getFromHost } from '../../hosts/httpGet';
import { type Fleet, fleetUnavailable, startFleet } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { addressOf, hostsWithPins } from './reach';

const MORE = Buffer.alloc(64 * 1024, 'x');

describeIf(fleetUnavailable(), 'A URL that a host gets', () => {
  let fleet: Fleet;
  let hosts: Hosts;
  let host: Host;
  let server: Server;
  let base: string;
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet));
    server = createServer((request, response) => {
      if (request.url !== '/endless') {
        response.statusCode = request.url === '/missing' ? 404 : 200;
        return response.end(`{"path":"${request.url}"}`);
      }
      const more = () => {
        while (response.writable && response.write(MORE));
      };
      response.on('drain', more);
      more();
    }).listen(0, fleet.gateway);
    await once(server, 'listening');
    base = `http://${fleet.gateway}:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server?.closeAllConnections();
    server?.close();
    await hosts?.close();
    await fleet?.stop();
  });

  test('comes with status and body, each by itself', async () => {
    expect(await getFromHost(host, [`${base}/one`, `${base}/missing`])).toEqual({
      urls: [
        { status: 200, body: '{"path":"/one"}' },
        { status: 404, body: '{"path":"/missing"}' },
      ],
    });
  });

  test('that nobody answers is said so, in the words of the host', async () => {
    server.unref();
    const heard = await getFromHost(host, ['http://127.0.0.1:9/nobody']);
    expect(heard).toEqual({ urls: [{ failure: expect.stringMatching(/refused|connect/i) }] });
  });

  test('whose answer does not end is given up, and said to be endless', async () => {
    const heard = await getFromHost(host, [`${base}/endless`]);
    expect(heard).toEqual({ urls: [{ failure: expect.objectContaining({ key: 'url.endless' }) }] });
  });
});
