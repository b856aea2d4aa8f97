import type { Duplex } from 'node:stream';
import { AddressDenied, connectTo } from '../../runtime/addresses';
import { addressText } from '../../runtime/addressText';
import { saidOf, TransientError } from '../../runtime/errors';
import { getThrough } from '../../runtime/httpThrough';
import { say } from '../../runtime/messages/catalogue';
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

/** Asks as Prometheus would; a closed network between worker and host is told apart by asking through the host. */
async function probe(scope: SubtaskScope, ip: string, port: number): Promise<void> {
  try {
    const stream = connectTo({ ip, port, addresses: scope.config.addresses });
    const samples = await readMetrics(scope, ip, port, stream);
    scope.log.info(say('exporter.answers', { at: addressText(ip, port), samples }));
    return;
  } catch (error) {
    if (error instanceof AddressDenied) throw error;
    scope.signal.throwIfAborted();
    scope.log.warn(say('exporter.silent', { at: addressText(ip, port), said: saidOf(error) }));
  }
  const host = await scope.host();
  let stream: Duplex | undefined;
  try {
    stream = await host.tunnel(port);
    const samples = await readMetrics(scope, '127.0.0.1', port, stream);
    scope.log.warn(say('exporter.onHost', { samples, port }));
  } catch (error) {
    scope.signal.throwIfAborted();
    throw new TransientError({
      type: 'ExporterSilent',
      tried: say('exporter.read'),
      where: addressText(ip, port),
      cameBack: saidOf(error),
      next: say('next.checkExporter'),
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
  scope.log.info(say('exporter.target', { target }));
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
    scope.log.info(say('exporter.noTarget', { target: addressText(server.ip, server.exporterPort) }));
  },

  takeOver: {
    /** A proxy that serves no metrics is taken over without, not refused. */
    async run(scope) {
      const { server } = await proxyOf(scope);
      if (await servesMetrics(scope, server)) return register(scope);
      scope.log.warn(say('exporter.none', { port: server.exporterPort }));
      return undefined;
    },
  },
});
