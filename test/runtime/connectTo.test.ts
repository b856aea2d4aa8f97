import { once } from 'node:events';
import { createServer } from 'node:net';
import { connectTo } from '../../runtime/addresses';
import { ANY_ADDRESS } from '../support/addresses';

test('a refused connection that nobody waits for any more does not end the process', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const socket = connectTo({ ip: '127.0.0.1', port, addresses: ANY_ADDRESS });
  const [hadError] = await new Promise<boolean[]>((resolve) =>
    socket.once('close', (...args) => resolve(args)),
  );
  expect(hadError).toBe(true);
});
