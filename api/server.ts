import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PermanentError } from '../runtime/errors';
import { listenerUrl, serverAddress } from './address';
import { application } from './application';
import { removeAbandonedUploads } from './packageUpload';
import type { ApiServices } from './route';
import { allRoutes } from './routes';

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
  /** Takes no new requests, lets those under way end (at most 10 s), then closes. */
  stop(): Promise<void>;
}

/**
 * Serves the API on every listen address. Throws PermanentError when one of them cannot be had; nothing listens
 * then.
 */
export async function startApi(services: Omit<ApiServices, 'address'>): Promise<RunningApi> {
  const complete: ApiServices = { ...services, address: serverAddress(services.config.listen) };
  await removeAbandonedUploads(services.config.dataDir);
  const app = application(complete, allRoutes(complete));
  const servers: Server[] = [];
  const urls: string[] = [];
  try {
    for (const { host, port } of services.config.listen) {
      const server = await listen(app, host, port);
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
    stop() {
      stopping ??= Promise.all(servers.map(close)).then(() => undefined);
      return stopping;
    },
  };
}

function listen(app: RequestListener, host: string, port: number): Promise<Server> {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
    },
    app,
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
