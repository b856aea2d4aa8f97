import type { ParameterDrift } from '../../../inventory/types';
import { identityParameters, readRunning } from '../../../oceanbase/obproxyRunning';
import { isSecretParameter } from '../../../oceanbase/parameters';
import type { Subtask } from '../../types';
import { proxyOf } from '../proxy';
import {
  applyParameters,
  compareParameters,
  rememberParameters,
  setBackParameters,
} from '../SyncObproxyParameter';
import { proxyHome } from './inspect';
import { administerAdopted } from './passwords';

function shownText(drift: ParameterDrift): string {
  const { name, value, expectedValue } = drift;
  if (value === null)
    return `${name}: this version has no such parameter (the cluster wants '${expectedValue}')`;
  return `${name} is '${value}', the cluster wants '${expectedValue}'`;
}

/**
 * "Sync obproxy parameter" of a take-over: what takes effect at once is set and read back; what needs a restart is
 * recorded as drift and never applied, because nothing here may restart a proxy that serves.
 */
export const AdoptSyncObproxyParameter: Subtask = {
  async run(scope) {
    const proxy = await proxyOf(scope);
    const { server, cluster, parameters } = proxy;
    for (const { name, value } of parameters) if (isSecretParameter(name)) scope.log.hide(value);
    const home = await proxyHome(scope.inventory, cluster, scope.config.publicUrl, server.id);
    const { admin } = await administerAdopted(scope, proxy);
    try {
      const running = await readRunning(admin);
      const own = running === undefined ? [] : identityParameters(running, home);
      const { unknown, late, now } = compareParameters(await admin.showAll(), [...own, ...parameters]);
      const atOnce = now.filter(({ wished }) => !own.includes(wished));
      await rememberParameters(scope, atOnce, server.parameterVersion);
      await applyParameters(scope, admin, atOnce);
      scope.log.info(`${parameters.length} parameters of the cluster, ${atOnce.length} were set now`);
      const drift = [...late, ...now.filter(({ wished }) => own.includes(wished))].map(
        ({ wished, shown }): ParameterDrift => ({
          name: wished.name,
          value: isSecretParameter(wished.name) ? '***' : shown.value,
          expectedValue: isSecretParameter(wished.name) ? '***' : wished.value,
        }),
      );
      for (const { name, value } of unknown) {
        drift.push({ name, value: null, expectedValue: isSecretParameter(name) ? '***' : value });
      }
      for (const one of drift) scope.log.warn(`Drift, needs a restart and is not applied: ${shownText(one)}`);
      await scope.inventory.obproxy.setParameterDrift(server.id, drift);
    } finally {
      admin.close();
    }
    const version = Number(
      scope.input.context.stringMap.obproxy_parameter_version ?? cluster.parameterVersion,
    );
    await scope.inventory.obproxy.setServerParameterVersion(server.id, version);
    scope.log.info(`Parameter version ${version} is recorded`);
    return undefined;
  },

  async rollback(scope) {
    await setBackParameters(scope, async (proxy) => (await administerAdopted(scope, proxy)).admin);
  },
};
