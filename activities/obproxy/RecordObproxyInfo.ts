import { exitTimeoutMs } from '../../oceanbase/handOver';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { PROXIES, proxiesOf } from './proxiesOfTask';
import { administer } from './proxy';
import { answeringVersion } from './upgrade/serving';

/** "Record obproxy info": what serves before anything is restarted, for whoever reads the log afterwards. */
export const RecordObproxyInfo = subtask({
  name: 'Record obproxy info',
  className: 'obproxy.RecordObproxyInfoTask',
  timeout: 1800,
  needs: PROXIES,

  async run(scope) {
    for (const proxy of await proxiesOf(scope)) {
      const admin = await administer(scope, proxy);
      try {
        const drain = exitTimeoutMs((await admin.showConfig('hot_upgrade_exit_timeout'))?.value);
        scope.log.info(
          say('upgrade.before', {
            ...{ ip: proxy.server.ip, pid: (await admin.processId()) ?? '?' },
            ...{ version: (await answeringVersion(admin)) ?? '?', count: await admin.clientSessions() },
            seconds: Number.isFinite(drain) ? Math.round(drain / 1000) : -1,
          }),
        );
      } finally {
        admin.close();
      }
    }
    return undefined;
  },
});
