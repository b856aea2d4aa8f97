import type { ProxyParameter } from '../../oceanbase/obproxyAdmin';
import { isSecretParameter, type ParameterValue } from '../../oceanbase/parameters';
import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { waitsText } from './lateParameters';
import {
  applyParameters,
  compareParameters,
  type Difference,
  PARAMETERS,
  recordDrift,
  recordVersion,
  rememberParameters,
  setBackParameters,
} from './parameters';
import { administer, proxyOf } from './proxy';
import { adoptParameters } from './takeOver/SyncObproxyParameter';

function trouble(where: string, type: string, cameBack: Said, next: Text): PermanentError {
  return new PermanentError({ type, tried: say('obproxy.setParameters'), where, cameBack, next });
}

/** What differs, after refusing what this step cannot change. */
function differences(
  where: string,
  all: readonly ProxyParameter[],
  wished: readonly ParameterValue[],
): readonly Difference[] {
  const { unknown: strange, late, now } = compareParameters(all, wished);
  const unknown = strange.map(({ name }) => name);
  if (unknown.length > 0) {
    const next = say('next.removeParameter');
    throw trouble(
      where,
      'ObproxyParameterUnknown',
      say('obproxy.unknownParameters', { names: unknown.join(', ') }),
      next,
    );
  }
  if (late.length > 0) {
    const words = late.map(({ wished: { name, value }, shown: { value: now } }) =>
      isSecretParameter(name) ? name : say('obproxy.isWished', { name, now, value }),
    );
    const text = say('obproxy.lateParameters', { differences: words });
    const next = say('next.checkParameter');
    throw trouble(where, 'ObproxyRestartNeeded', text, next);
  }
  return now;
}

const byName = (all: readonly ProxyParameter[]) =>
  new Map(all.map((parameter) => [parameter.name.toLowerCase(), parameter]));

/** What the proxy takes now, whenever it works by it. */
function storable({ late, now }: ReturnType<typeof compareParameters>): readonly Difference[] {
  return [...now, ...late];
}

/**
 * "Sync obproxy parameter": every startup and plain parameter of the cluster has its value in the running proxy; what
 * differs is set and read back, one at a time as OBProxy demands. What needs a restart is refused, but for tasks on proxies that
 * exist: there it is stored by the proxy, and recorded as what waits for a restart.
 */
export const SyncObproxyParameter = subtask({
  name: 'Sync obproxy parameter',
  className: 'obproxy.SyncObproxyParameterTask',
  timeout: 30,
  needs: PARAMETERS,
  leaves: 'changed parameters of the proxy',

  async run(scope) {
    const proxy = await proxyOf(scope);
    const { server } = proxy;
    const where = addressText(server.ip, server.sqlPort);
    for (const { name, value } of proxy.parameters) if (isSecretParameter(name)) scope.log.hide(value);
    if (proxy.parameters.length > 0) {
      const admin = await administer(scope, proxy);
      try {
        const all = await admin.showAll();
        const stores = scope.value('late_parameters') === 'store';
        const different = stores
          ? storable(compareParameters(all, proxy.parameters))
          : differences(where, all, proxy.parameters);
        await rememberParameters(scope, different, server.parameterVersion);
        if (stores) {
          const drift = await recordDrift(scope, proxy, byName(all), proxy.parameters);
          for (const one of drift) scope.log.warn(waitsText(one));
        }
        await applyParameters(scope, admin, different);
        scope.log.info(
          say('obproxy.parametersSet', { count: proxy.parameters.length, now: different.length }),
        );
      } finally {
        admin.close();
      }
    } else {
      scope.log.info(say('obproxy.noParameters'));
    }
    await recordVersion(scope, proxy);
    return undefined;
  },

  async rollback(scope) {
    await setBackParameters(scope, (proxy) => administer(scope, proxy));
  },

  takeOver: adoptParameters,
});
