import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { getThrough } from '../../runtime/httpThrough';

const servers: { close(done: () => void): unknown; closeAllConnections?(): void }[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.();
    await new Promise<void>((resolve) => server.close(resolve));
  }
});

async function served(listener: RequestListener): Promise<number> {
  const server: Server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('HTTP through a stream', () => {
  it('reaches who is at its other end, whoever listens at the address that is named', async () => {
    let strangers = 0;
    const stranger = await served((_request, response) => {
      strangers += 1;
      response.end('stranger');
    });
    const port = await served((request, response) =>
      response.writeHead(201).end(`${request.headers.host}${request.url}`),
    );
    const stream = connect({ host: '127.0.0.1', port });
    const answer = await getThrough(stream, { host: '127.0.0.1', port: stranger, path: '/metrics?x=1' });
    expect(answer).toEqual({ status: 201, body: `127.0.0.1:${stranger}/metrics?x=1` });
    expect(strangers).toBe(0);
    expect(stream.destroyed).toBe(true);
  });

  it('tells a late, a long and a broken answer, and a cancel', async () => {
    const silent = await served(() => undefined);
    const ask = (port: number, more: object = {}) =>
      getThrough(connect({ host: '127.0.0.1', port }), { host: 'h', port, path: '/', ...more });
    await expect(ask(silent, { timeoutMs: 100 })).rejects.toThrow('no whole answer within 100 ms');
    const abort = new AbortController();
    const cancelled = ask(silent, { signal: abort.signal });
    abort.abort(new Error('cancelled'));
    await expect(cancelled).rejects.toThrow('cancelled');
    const long = await served((_request, response) => response.end('x'.repeat(1_000)));
    await expect(ask(long, { maxBytes: 999 })).rejects.toThrow('longer than 999 bytes');
    expect((await ask(long, { maxBytes: 1_000 })).body).toHaveLength(1_000);
    const rude = createTcpServer((socket) => socket.resume().end('no HTTP'));
    servers.push(rude);
    await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
    await expect(ask((rude.address() as AddressInfo).port)).rejects.toThrow();
  });
});
