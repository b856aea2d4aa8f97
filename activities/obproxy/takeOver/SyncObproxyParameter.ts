import { readRunning, shownValue } from '../../../oceanbase/obproxyRunning';
import { isSecretParameter } from '../../../oceanbase/parameters';
import { PermanentError } from '../../../runtime/errors';
import { say } from '../../../runtime/messages/catalogue';
import type { SubtaskWork } from '../../types';
import {
  applyParameters,
  type PARAMETERS,
  recordVersion,
  rememberParameters,
  setBackParameters,
} from '../parameters';
import { proxyOf } from '../proxy';
import { driftText, parameterPlan } from './drift';
import { proxyHome } from './inspect';
import { administerAdopted } from './passwords';

function versionUntold(where: string): PermanentError {
  return new PermanentError({
    type: 'ObproxyVersionUnknown',
    tried: say('admin.readParameters'),
    where,
    cameBack: say('takeOver.versionGone'),
    next: say('next.checkObproxyAndRetry'),
  });
}

/**
 * "Sync obproxy parameter" of a take-over: what takes effect at once is set and read back; what needs a restart is
 * recorded as drift and never applied, because nothing here may restart a proxy that serves.
 */
export const adoptParameters: SubtaskWork<typeof PARAMETERS> = {
  async run(scope) {
    const proxy = await proxyOf(scope);
    const { server, cluster, parameters } = proxy;
    for (const { name, value } of parameters) if (isSecretParameter(name)) scope.log.hide(value);
    const home = await proxyHome(scope.store, cluster, scope.config.publicUrl, server.id);
    const { admin } = await administerAdopted(scope, proxy);
    try {
      const running = await readRunning(admin);
      if (running === undefined) throw versionUntold(server.ip);
      const { setNow, drift } = parameterPlan(running, home, parameters);
      await rememberParameters(scope, setNow, server.parameterVersion);
      await applyParameters(scope, admin, setNow);
      scope.log.info(say('takeOver.parameters', { count: parameters.length, now: setNow.length }));
      for (const one of drift) scope.log.warn(driftText(one));
      await scope.store.obproxy.setParameterDrift(server.id, drift);
      if (cluster.workMode === 'CONFIG_URL') {
        const asks = shownValue(running, 'obproxy_config_server_url');
        await scope.store.obproxy.recordConfigUrl(server.id, asks);
      }
    } finally {
      admin.close();
    }
    await recordVersion(scope, proxy);
    return undefined;
  },

  async rollback(scope) {
    await setBackParameters(scope, async (proxy) => (await administerAdopted(scope, proxy)).admin);
  },
};
