import { say } from '../../runtime/messages/catalogue';
import { idOf, objectOf } from '../common/objects';
import { subtask } from '../subtask';
import { PROXIES } from './proxiesOfTask';

/** "Offline obproxy exporter": the proxy of this host is no target of Prometheus any more. */
export const OfflineObproxyExporter = subtask({
  name: 'Offline obproxy exporter',
  className: 'obproxy.OfflineObproxyExporterTask',
  timeout: 30,
  needs: { ...PROXIES, host_ids: 'list' },

  async run(scope) {
    // Its row is gone, so the context tells which proxy was on the host: both lists have one order.
    const hostId = objectOf(scope.input, ['host_ids'])?.name ?? '';
    const id = idOf(scope.list('obproxy_server_ids')[scope.list('host_ids').indexOf(hostId)] ?? '');
    if (id !== undefined) await scope.store.obproxy.deleteExporter(id);
    scope.log.info(say('obproxy.noTarget'));
    return undefined;
  },
});
