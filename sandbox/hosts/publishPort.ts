import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

/** Names the folder of the sockets; set by the process outside the namespace for the program inside. */
export const OUTSIDE = 'OBFLOW_OUTSIDE_SOCKETS';

/** A socket file is a place in the file system, so it joins two network namespaces that share the folder. */
const control = (folder: string) => path.join(folder, 'control');
const relay = (folder: string, port: number) => path.join(folder, `port-${port}`);

function join(one: net.Socket, other: net.Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    from.once('error', () => to.destroy());
    from.once('close', () => to.destroy());
  }
}

async function listen(server: net.Server, where: net.ListenOptions): Promise<void> {
  server.listen(where);
  await once(server, 'listening');
}

/** Serves publishPort of the program inside; the folder goes with `close`. */
export async function openPublisher(): Promise<{ readonly folder: string; close(): Promise<void> }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'obflow-outside-'));
  const servers: net.Server[] = [];
  const open = new Set<net.Socket>();
  const serve = (onSocket: (socket: net.Socket) => void) => {
    const server = net.createServer((socket) => {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      socket.on('error', () => undefined);
      onSocket(socket);
    });
    servers.push(server);
    return server;
  };
  const publish = async (port: number): Promise<number> => {
    const server = serve((socket) => join(socket, net.connect(relay(folder, port))));
    await listen(server, { host: '127.0.0.1', port }).catch(() =>
      listen(server, { host: '127.0.0.1', port: 0 }),
    );
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  };
  const requests = serve((socket) => {
    socket.once('data', (bytes) => {
      publish(Number(bytes.toString())).then(
        (port) => socket.end(String(port)),
        () => socket.destroy(),
      );
    });
  });
  await listen(requests, { path: control(folder) });
  return {
    folder,
    async close() {
      for (const server of servers) server.close();
      for (const socket of open) socket.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Makes a TCP port of this process's 127.0.0.1 reachable on 127.0.0.1 of the machine, until this process ends, and resolves
 * with the port there: the same number when it is free. Where this process is not in a user namespace of
 * ours there is nothing to do.
 */
export async function publishPort(port: number): Promise<number> {
  const folder = process.env[OUTSIDE];
  if (folder === undefined) {
    return port;
  }
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    join(socket, net.connect({ host: '127.0.0.1', port }));
  });
  await listen(server, { path: relay(folder, port) });
  server.unref();
  const request = net.connect(control(folder));
  request.write(String(port));
  const [answer] = (await once(request, 'data')) as [Buffer];
  request.destroy();
  return Number(answer.toString());
}
