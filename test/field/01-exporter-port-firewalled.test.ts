/**
 * The exporter's port is closed between worker and host: the question goes through the host, and never to the worker's own
 * machine.
 *
 * Source: nodejs/node-v0.x-archive#7014 (`agent: false` makes http.request ignore createConnection), nodejs/node#57736
 * (AbortSignal.any drops AbortSignal.timeout).
 */
import { createServer, type Server } from 'node:http';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { OBPROXY_4_3, startWorld, type World } from '../activities/world';
import { describeIf } from '../support/skip';
import { until } from '../support/until';

const METRICS = ['one', 'two', 'three'].map((name) => `${name} 1\n`).join('');

describeIf(fleetUnavailable(), 'an exporter that only the host itself reaches', () => {
  let world: World;
  let foreign: Server;
  let asked = 0;
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
    // Whatever listens there on the worker's machine, it is no proxy of the host.
    foreign = createServer((_request, response) => {
      asked += 1;
      response.end('foreign 1\nforeign_too 1\n');
    });
    await new Promise<void>((resolve) => foreign.listen(2884, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    foreign?.closeAllConnections();
    await new Promise((resolve) => foreign?.close(resolve));
    await world?.stop();
  });

  const serve = async (address: string, port: number, code: string) => {
    await world.fleet.hosts[0]!.sh(`cat >/opt/serve-${address}.js <<'END'
${code}.listen(${port}, '${address}');
END
setsid /opt/.sandbox/bin/node /opt/serve-${address}.js >/dev/null 2>&1 </dev/null &`);
  };
  const METRICS_SERVER = `require('http').createServer((_, r) => r.end(${JSON.stringify(METRICS)}))`;

  test.each([
    ['refused', undefined],
    ['silent', `require('net').createServer(() => {})`],
  ])('to the worker it is %s', async (_, atItsAddress) => {
    const [host] = world.fleet.hosts;
    await host!.sh('pkill -f serve-; true');
    await serve('127.0.0.1', 2884, METRICS_SERVER);
    if (atItsAddress !== undefined) await serve(host!.ip, 2884, atItsAddress);
    const listeners = atItsAddress === undefined ? 1 : 2;
    await until(
      'they listen',
      async () =>
        (await host!.sh("grep -c ':0B44 00000000:0000 0A' /proc/net/tcp")).stdout.trim() ===
        String(listeners),
    );
    const task = await world.install(0, { rpm: OBPROXY_4_3 });
    await task.run('RegisterObproxyExporter');
    const log = await task.log('RegisterObproxyExporter');
    expect(log).toContain('does not answer this worker');
    expect(log).toContain('On the host itself it answers with 3 samples: open port 2884');
    expect(asked).toBe(0);
    expect(await world.store.obproxy.listExporters()).toHaveLength(1);
    await task.run('RegisterObproxyExporter', { rollback: true });
    await world.store.obproxy.deleteServer(task.serverId);
  });
});
