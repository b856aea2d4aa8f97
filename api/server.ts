import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressText } from '../runtime/addressText';
import { PermanentError } from '../runtime/errors';
import { type Readiness, readiness } from '../runtime/health';
import type { Rate } from '../runtime/httpSettings';
import { application } from './application';
import { listenerUrl, serverAddress } from './http/address';
import { type Certificate, readCertificate, tellValidity, watchCertificate } from './http/certificate';
import { errorEnvelope } from './http/envelope';
import { EventStreams } from './http/eventStreams';
import { guardAgainstSlowClients } from './http/slowClients';
import { passwordLogin } from './login/passwordLogin';
import { Checks } from './objects/checks';
import { removeAbandonedUploads } from './objects/packageUpload';
import type { ApiServices, Route } from './route';
import { allRoutes } from './routes';
import { TaskEvents } from './tasks/events';
import { TaskListEvents } from './tasks/listEvents';
import { LogEvents } from './tasks/logEvents';
import { apiHealth, REQUIRED_BY_API } from './upkeep/health';
import { monitorApi } from './upkeep/monitoring';

/** A client whose headers, or TLS handshake, take longer is cut off; sooner when OBFLOW_MIN_RATE has a shorter window. */
const HEADERS_TIMEOUT_MS = 15_000;
/** Older versions are broken (RFC 8996). */
const TLS = { minVersion: 'TLSv1.2' } as const;
/** Longer than the usual 60 s of load balancers, so that they close first. */
const KEEP_ALIVE_MS = 65_000;
/** Packages of some hundred megabytes over slow lines. */
const REQUEST_TIMEOUT_MS = 3_600_000;
/** Requests under way get this long when the server stops. */
const DRAIN_MS = 10_000;
/** A client that was told it is too slow gets this long to read that. */
const GOODBYE_MS = 1_000;

export interface RunningApi {
  /** One per listen address, with the port that was taken when 0 was asked for. */
  readonly urls: readonly string[];
  readonly routes: readonly Route[];
  /** As /readyz answers. */
  ready(): Promise<Readiness>;
  /** Reads the files of OBFLOW_TLS_CERT and OBFLOW_TLS_KEY again; nothing without TLS. */
  reloadCertificate(): void;
  /** Takes no new requests, lets those under way end (at most 10 s), then closes. */
  stop(): Promise<void>;
}

/** What shows how things stand: the streams of this process, and looks on demand. */
export function watching(
  services: Pick<ApiServices, 'config' | 'store' | 'hosts' | 'tasks' | 'logger'>,
  address: string,
): Pick<ApiServices, 'taskEvents' | 'taskListEvents' | 'logEvents' | 'checks'> {
  const { config } = services;
  const streams = new EventStreams();
  return {
    taskEvents: new TaskEvents(services.tasks, streams),
    taskListEvents: new TaskListEvents(services, streams),
    logEvents: new LogEvents(services, streams),
    checks: new Checks({ ...services, addresses: config.addresses, who: address }),
  };
}

/**
 * Serves the API on every listen address. Throws PermanentError when one of them cannot be had, or certificate and
 * key cannot be used; nothing listens then.
 */
export async function startApi(
  services: Omit<
    ApiServices,
    'address' | 'taskEvents' | 'taskListEvents' | 'logEvents' | 'checks' | 'health' | 'checkPassword'
  >,
): Promise<RunningApi> {
  const { config, logger } = services;
  const { tls } = config.http;
  const health = apiHealth(services);
  const address = serverAddress(config.listen);
  const complete: ApiServices = {
    ...services,
    ...watching(services, address),
    ...{ address, health, checkPassword: passwordLogin(services.store) },
  };
  monitorApi(complete);
  const certificate = tls && readCertificate(tls);
  if (certificate !== undefined) tellValidity(certificate, logger);
  else warnOfClearText(services);
  await removeAbandonedUploads(config.dataDir);
  const routes = allRoutes(complete);
  const app = application(complete, routes);
  const servers: Server[] = [];
  const urls: string[] = [];
  try {
    for (const { host, port, plain } of config.listen) {
      const shown = plain ? undefined : certificate;
      const server = createServer(app, shown, config.http.minRate);
      guard(server, complete);
      servers.push(await listen(server, host, port));
      urls.push(listenerUrl(host, (server.address() as AddressInfo).port, shown !== undefined));
    }
  } catch (error) {
    await Promise.all(servers.map(close));
    throw error;
  }
  const watch =
    tls &&
    watchCertificate(tls, logger, ({ options }) => {
      for (const server of servers) {
        if ('setSecureContext' in server) (server as HttpsServer).setSecureContext({ ...TLS, ...options });
      }
    });
  let stopping: Promise<void> | undefined;
  return {
    urls,
    routes,
    ready: async () => readiness(await health(), REQUIRED_BY_API),
    reloadCertificate: () => watch?.reload(),
    stop() {
      watch?.stop();
      complete.taskEvents.close();
      stopping ??= Promise.all(servers.map(close)).then(() => undefined);
      return stopping;
    },
  };
}

/** Basic is a password in every request; a proxy that speaks TLS may stand before a loopback address only. */
function warnOfClearText({ config, logger }: Pick<ApiServices, 'config' | 'logger'>): void {
  const open = config.listen.filter(({ host }) => !/^(127\.|::1$|localhost$)/.test(host));
  if (open.length === 0) return;
  logger.warn(
    { listen: open.map(({ host, port }) => addressText(host, port)) },
    'passwords travel in clear text to this API: set OBFLOW_TLS_CERT and OBFLOW_TLS_KEY, or let it listen on 127.0.0.1 behind a proxy that speaks TLS',
  );
}

function createServer(
  app: RequestListener,
  certificate: Certificate | undefined,
  minRate: Rate | undefined,
): Server {
  const headersTimeout = Math.min(HEADERS_TIMEOUT_MS, (minRate?.seconds ?? Number.POSITIVE_INFINITY) * 1000);
  const timeouts = {
    headersTimeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // The application refuses it, in the form of every other error.
    requireHostHeader: false,
    // Node's default of 30 s would triple the time above.
    connectionsCheckingInterval: Math.ceil(headersTimeout / 3),
  };
  if (certificate === undefined) return createHttpServer(timeouts, app);
  return createHttpsServer(
    { ...timeouts, ...TLS, handshakeTimeout: headersTimeout, ...certificate.options },
    app,
  );
}

/** Bounds what clients can hold: connections, and the time of slow ones. */
function guard(server: Server, { config, logger, address }: ApiServices): void {
  const { maxConnections, minRate } = config.http;
  server.maxConnections = maxConnections;
  server.on('drop', () => {
    logger.warn({ maxConnections }, 'too many connections: a new one was closed (OBFLOW_MAX_CONNECTIONS)');
    server.closeIdleConnections();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    refuseUnreadable(error.code, socket, address),
  );
  if (minRate === undefined) return;
  const slow = guardAgainstSlowClients(server, minRate, ({ socket }, response) => {
    if (response.headersSent) socket.destroy();
    else
      refuseUnreadable('ERR_HTTP_REQUEST_TIMEOUT', socket, address, String(response.getHeader('x-trace-id')));
  });
  server.on('close', () => slow.stop());
}

function listen(server: Server, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    // Stays for the life of the server: an error of accept() must not end the process.
    server.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        new PermanentError({
          type: 'CannotListen',
          tried: 'listen',
          where: addressText(host, port),
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
function refuseUnreadable(
  code: string | undefined,
  socket: Duplex,
  server: string,
  traceId = randomBytes(8).toString('hex'),
): void {
  // Before its handshake a TLS connection cannot be written to, and would wait for ever to be.
  if (
    code === 'ECONNRESET' ||
    code?.startsWith('ERR_TLS') ||
    code?.startsWith('ERR_SSL') ||
    !socket.writable
  ) {
    socket.destroy();
    return;
  }
  const { status, reason, message } = UNREADABLE[code ?? ''] ?? NO_HTTP;
  const facts = { traceId, receivedAt: Date.now(), server };
  const body = JSON.stringify(errorEnvelope(facts, status, { code: 'COM10003', message }));
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nX-Trace-Id: ${traceId}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  // Who does not close the other half keeps the whole.
  setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
}
