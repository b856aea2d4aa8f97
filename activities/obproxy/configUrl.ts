import { type ConfigUrlLook, lookAtConfigUrl } from '../../contact/configUrl';
import type { Host } from '../../hosts/types';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { leadsToItself } from '../../runtime/publicUrl';
import type { SubtaskScope } from '../types';
import type { ObproxyInstance } from './proxy';

/** The API may be starting again. */
const SILENT_MS = 15_000;
const PAUSE_MS = 1_000;

/**
 * A proxy starts without its config server, tells nobody, and answers every user "cluster not exist" (4669): so the URL is asked
 * for from its host first. A host that cannot ask is a warning.
 *
 * @throws PermanentError ConfigUrlUnreachable
 */
export async function proveConfigUrl(
  scope: SubtaskScope,
  host: Host,
  { cluster }: ObproxyInstance,
): Promise<void> {
  if (cluster.workMode !== 'CONFIG_URL') return;
  const { publicUrl } = scope.config;
  const asked = {
    publicUrl,
    obproxyCluster: cluster.name,
    clusterNames: cluster.obLinks.map(({ clusterName }) => clusterName),
  };
  const deadline = Date.now() + (leadsToItself(publicUrl) ? 0 : SILENT_MS);
  let look: ConfigUrlLook;
  for (;;) {
    look = await lookAtConfigUrl(host, asked, scope.signal);
    if (look.verdict !== 'fails' || !look.silent || Date.now() >= deadline) break;
    await scope.pause(PAUSE_MS);
  }
  const { verdict, text, next } = look;
  if (verdict === 'serves') return scope.log.info(say('obproxy.urlAsked', { text }));
  if (verdict === 'unknown') return scope.log.warn(say('obproxy.urlNotProven', { text, next }));
  // Without links there is nothing to learn yet.
  if (cluster.obLinks.length === 0) {
    return scope.log.warn(say('obproxy.urlLater', { text, next }));
  }
  throw new PermanentError({
    type: 'ConfigUrlUnreachable',
    code: 'ODP21011',
    tried: say('obproxy.getUrl'),
    where: host.ip,
    cameBack: text,
    next: say('next.thenRetry', { next }),
  });
}
