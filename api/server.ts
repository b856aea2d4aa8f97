import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { PermanentError } from '../runtime/errors';
import { type Readiness, readiness } from '../runtime/health';
import { listenerUrl, serverAddress } from './address';
import { application } from './application';
import { errorEnvelope } from './envelope';
import { apiHealth, REQUIRED_BY_API } from './health';
import { monitorApi } from './monitoring';
import { removeAbandonedUploads } from './packageUpload';
import type { ApiServices, Route } from './route';
import { allRoutes } from './routes';
import { TaskEvents } from './taskEvents';

/** A client that sends its headers slower than this is cut off. */
const HEADERS_TIMEOUT_MS = 15_000;
/** Longer than the usual 60 s of load balancers, so that they close first. */
const KEEP_ALIVE_MS = 65_000;
/** Packages of some hundred megabytes over slow lines. */
const REQUEST_TIMEOUT_MS = 3_600_000;
/** Requests under way get this long when the server stops. */
const DRAIN_MS = 10_000;

export interface RunningApi {
  /** One per listen address, with the port that was taken when 0 was asked for. */
  readonly urls: readonly string[];
  readonly routes: readonly Route[];
  /** As /readyz answers. */
  ready(): Promise<Readiness>;
  /** Takes no new requests, lets those under way end (at most 10 s), then closes. */
  stop(): Promise<void>;
}

/**
 * Serves the API on every listen address. Throws PermanentError when one of them cannot be had; nothing listens
 * then.
 */
export async function startApi(
  services: Omit<ApiServices, 'address' | 'taskEvents' | 'health'>,
): Promise<RunningApi> {
  const taskEvents = new TaskEvents(services.tasks);
  const address = serverAddress(services.config.listen);
  const health = apiHealth(services);
  const complete: ApiServices = { ...services, taskEvents, health, address };
  monitorApi(complete);
  await removeAbandonedUploads(services.config.dataDir);
  const routes = allRoutes(complete);
  const app = application(complete, routes);
  const servers: Server[] = [];
  const urls: string[] = [];
  try {
    for (const { host, port } of services.config.listen) {
      const server = await listen(app, host, port, complete.address);
      servers.push(server);
      urls.push(listenerUrl(host, (server.address() as AddressInfo).port));
    }
  } catch (error) {
    await Promise.all(servers.map(close));
    throw error;
  }
  let stopping: Promise<void> | undefined;
  return {
    urls,
    routes,
    ready: async () => readiness(await health(), REQUIRED_BY_API),
    stop() {
      taskEvents.close();
      stopping ??= Promise.all(servers.map(close)).then(() => undefined);
      return stopping;
    },
  };
}

function listen(app: RequestListener, host: string, port: number, serverName: string): Promise<Server> {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
    },
    app,
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    refuseUnreadable(error.code, socket, serverName),
  );
  return new Promise((resolve, reject) => {
    // Stays for the life of the server: an error of accept() must not end the process.
    server.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        new PermanentError({
          type: 'CannotListen',
          tried: 'listen',
          where: `${host}:${port}`,
          cameBack: error.code === 'EADDRINUSE' ? 'another process has this port' : error.message,
          next: 'Stop that process, or choose other addresses with OBFLOW_LISTEN.',
        }),
      );
    });
    server.listen(port, host, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Texts by the code of Node's HTTP parser. */
const UNREADABLE: Readonly<Record<string, { status: number; reason: string; message: string }>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    reason: 'Request Header Fields Too Large',
    message: 'The URL and headers are larger than 16 KB. Send less.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    reason: 'Request Timeout',
    message: 'The request did not arrive in time. Send it again.',
  },
};
const NO_HTTP = {
  status: 400,
  reason: 'Bad Request',
  message: 'This is no HTTP request. Check its first lines.',
};

/** Answers what never became a request in the documented envelope, and closes. */
function refuseUnreadable(code: string | undefined, socket: Duplex, server: string): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, reason, message } = UNREADABLE[code ?? ''] ?? NO_HTTP;
  const facts = { traceId: randomBytes(8).toString('hex'), receivedAt: Date.now(), server };
  const body = JSON.stringify(errorEnvelope(facts, status, { code: 'COM10003', message }));
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
