/** What tasks that configure OBProxies would find, for a dry run: nothing here changes host or proxy. */
import { logInToObproxy } from '../../contact/obproxyLogin';
import type { Host } from '../../hosts/types';
import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import type { Finding } from '../../oceanbase/obproxyRunning';
import { isSecretParameter, type ParameterValue } from '../../oceanbase/parameters';
import { say } from '../../runtime/messages/catalogue';
import type { Store } from '../../store/types';
import { driftWith, waitsText } from './lateParameters';
import { compareParameters } from './parameters';
import type { ObproxyInstance } from './proxy';
import { asFindings } from './takeOver/inspect';

/** Logs in as a task does; trouble on the way is a finding. */
function asked(
  store: Store,
  host: Host,
  { cluster, server }: ObproxyInstance,
  signal: AbortSignal,
  ask: (admin: ObproxyAdmin) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  return asFindings(async () => {
    const passwords = await store.obproxy.proxysysPasswords(cluster.id);
    const admin = await logInToObproxy(host, server.sqlPort, { passwords, signal });
    try {
      return await ask(admin);
    } finally {
      admin.close();
    }
  });
}

/** Whether root@proxysys can log in. */
export function inspectForLogin(
  store: Store,
  host: Host,
  proxy: ObproxyInstance,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  return asked(store, host, proxy, signal, async () => [{ level: 'INFO', text: say('password.letsIn') }]);
}

/** Which of the wished parameters the proxy has not got, and which of them would wait for a restart. */
export function inspectParameters(
  store: Store,
  host: Host,
  proxy: ObproxyInstance,
  { wished, signal }: { readonly wished: readonly ParameterValue[]; readonly signal: AbortSignal },
): Promise<readonly Finding[]> {
  return asked(store, host, proxy, signal, async (admin) => {
    const all = await admin.showAll();
    const { now, late } = compareParameters(all, wished);
    const shown = new Map(all.map((parameter) => [parameter.name.toLowerCase(), parameter]));
    const changes = [...now, ...late].map(({ wished: { name, value }, shown: { value: is } }) =>
      isSecretParameter(name) ? name : say('obproxy.isWished', { name, now: is, value }),
    );
    const text =
      changes.length === 0
        ? say('parameters.allThere', { count: wished.length })
        : say('parameters.wouldSet', { count: changes.length, changes: changes.slice(0, 20) });
    const waits = driftWith(proxy.server.parameterDrift, shown, wished).map(waitsText);
    return [{ level: 'INFO', text }, ...waits.map((one): Finding => ({ level: 'WARN', text: one }))];
  });
}
