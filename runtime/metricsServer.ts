import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { addressText } from './addressText';
import { PermanentError } from './errors';
import type { Readiness } from './health';
import { CONTENT_TYPE, metricsText } from './metrics';

/** Serves /metrics, /healthz and /readyz of a process without login, on an address of its own (OBFLOW_METRICS_LISTEN). */
export async function startMetricsServer(
  { host, port }: { readonly host: string; readonly port: number },
  ready: () => Promise<Readiness>,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, text: string) =>
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
    const path = (request.url ?? '').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(405, 'text/plain', 'Use GET.\n');
    else if (path === '/healthz') answer(200, 'application/json', JSON.stringify({ status: 'alive' }));
    else if (path === '/readyz') {
      ready().then(
        (state) => answer(state.status === 'unready' ? 503 : 200, 'application/json', JSON.stringify(state)),
        () => answer(503, 'text/plain', 'unready\n'),
      );
    } else if (path === '/metrics') {
      metricsText().then(
        (text) => answer(200, CONTENT_TYPE, text),
        () => answer(500, 'text/plain', 'The metrics cannot be read.\n'),
      );
    } else answer(404, 'text/plain', 'Here are /metrics, /healthz and /readyz.\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new PermanentError({
          type: 'CannotListen',
          tried: 'listen for Prometheus',
          where: addressText(host, port),
          cameBack: error.code === 'EADDRINUSE' ? 'another process has this port' : error.message,
          next: 'Choose another address with OBFLOW_METRICS_LISTEN.',
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
  return {
    url: `http://${addressText(host, (server.address() as AddressInfo).port)}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
