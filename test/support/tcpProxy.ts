import { connect, createServer, type Socket } from 'node:net';

/** A TCP relay whose traffic a test can hold back: peers stay connected and hear nothing. */
export interface TcpProxy {
  readonly address: string;
  hold(): void;
  release(): void;
  stop(): Promise<void>;
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let held = false;
  const server = createServer((inner) => {
    const outer = connect(target.port, target.host);
    for (const socket of [inner, outer]) {
      sockets.add(socket);
      if (held) socket.pause();
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => {
        inner.destroy();
        outer.destroy();
      });
    }
    inner.pipe(outer);
    outer.pipe(inner);
    if (held) pause([inner, outer]);
  });
  const pause = (pair: Iterable<Socket>) => {
    for (const socket of pair) {
      socket.unpipe();
      socket.pause();
    }
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the proxy has no port');
  return {
    address: `127.0.0.1:${bound.port}`,
    hold() {
      held = true;
      pause(sockets);
    },
    release() {
      held = false;
      // Held connections are cut: what was under way ends with a connection error, new ones pass.
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
