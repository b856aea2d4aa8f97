import type { Duplex } from 'node:stream';
import { AddressDenied, connectTo } from '../../runtime/addresses';
import { addressText } from '../../runtime/addressText';
import { TransientError } from '../../runtime/errors';
import { getThrough } from '../../runtime/httpThrough';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { OBPROXY, type ObproxyScope, proxyMadeByTask, proxyOf } from './proxy';
import { servesMetrics } from './takeOver/onHost';

const SAMPLE = /^[a-z_:][^\s#]*/gim;

/** GET /metrics over this stream; the number of samples on the page, which may be 0 in the first minute of a proxy. */
async function readMetrics(scope: SubtaskScope, ip: string, port: number, stream: Duplex): Promise<number> {
  const { signal } = scope;
  const { status, body } = await getThrough(stream, { host: ip, port, path: '/metrics', signal });
  if (status !== 200) throw new Error(`HTTP ${status}`);
  return body.match(SAMPLE)?.length ?? 0;
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Asks as Prometheus would; a closed network between worker and host is told apart by asking through the host. */
async function probe(scope: SubtaskScope, ip: string, port: number): Promise<void> {
  try {
    const stream = connectTo({ ip, port, addresses: scope.config.addresses });
    const samples = await readMetrics(scope, ip, port, stream);
    scope.log.info(`http://${addressText(ip, port)}/metrics answers with ${samples} samples`);
    return;
  } catch (error) {
    if (error instanceof AddressDenied) throw error;
    scope.signal.throwIfAborted();
    scope.log.warn(
      `http://${addressText(ip, port)}/metrics does not answer this worker: ${words(error)}; asking on the host`,
    );
  }
  const host = await scope.host();
  let stream: Duplex | undefined;
  try {
    stream = await host.tunnel(port);
    const samples = await readMetrics(scope, '127.0.0.1', port, stream);
    scope.log.warn(`On the host itself it answers with ${samples} samples: open port ${port} for Prometheus`);
  } catch (error) {
    scope.signal.throwIfAborted();
    throw new TransientError({
      type: 'ExporterSilent',
      tried: 'read the metrics of OBProxy',
      where: addressText(ip, port),
      cameBack: words(error),
      next: 'Check that the proxy runs and that no other process holds its exporter port.',
    });
  } finally {
    stream?.destroy();
  }
}

async function register(scope: ObproxyScope): Promise<undefined> {
  const { server, cluster } = await proxyOf(scope);
  await probe(scope, server.ip, server.exporterPort);
  const target = addressText(server.ip, server.exporterPort);
  const linked = cluster.obLinks.map(({ clusterName }) => clusterName).join(',');
  await scope.store.obproxy.putExporter({
    obproxyServerId: server.id,
    target,
    labels: {
      obproxy_cluster: cluster.name,
      obproxy_cluster_id: String(cluster.id),
      ...(linked === '' ? {} : { ob_cluster: linked }),
      idc: server.idcName,
      version: server.version,
    },
  });
  scope.log.info(`${target} is a target of Prometheus`);
}

/** "Register obproxy exporter": the proxy's metrics answer, and Prometheus finds them (HTTP service discovery). */
export const RegisterObproxyExporter = subtask({
  name: 'Register obproxy exporter',
  className: 'obproxy.RegisterObproxyExporterTask',
  timeout: 30,
  needs: OBPROXY,
  leaves: 'a target for Prometheus',

  run: register,

  async rollback(scope) {
    const server = await proxyMadeByTask(scope);
    if (server === undefined) return;
    await scope.store.obproxy.deleteExporter(server.id);
    scope.log.info(`${addressText(server.ip, server.exporterPort)} is no target of Prometheus any more`);
  },

  takeOver: {
    /** A proxy that serves no metrics is taken over without, not refused. */
    async run(scope) {
      const { server } = await proxyOf(scope);
      if (await servesMetrics(scope, server)) return register(scope);
      scope.log.warn(
        `The proxy serves no metrics on port ${server.exporterPort}: Prometheus is not told of it`,
      );
      return undefined;
    },
  },
});
