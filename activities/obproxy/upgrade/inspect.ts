/** What an upgrade would find on the host of its proxy, for a dry run: nothing here changes host or proxy. */
import { logInToObproxy } from '../../../contact/obproxyLogin';
import type { Host } from '../../../hosts/types';
import type { Finding } from '../../../oceanbase/obproxyRunning';
import type { Store } from '../../../store/types';
import type { InstallablePackage } from '../../host/service';
import { homeOf, type ObproxyInstance } from '../proxy';
import { asFindings } from '../takeOver/inspect';
import { PROOFS } from './proofs';
import { upgradeTo } from './upgradeOf';

/** Each proof by itself, so that everything in the way is found at once. */
export async function inspectForUpgrade(
  store: Store,
  host: Host,
  proxy: ObproxyInstance,
  how: { readonly target: InstallablePackage; readonly isHot: boolean; readonly signal: AbortSignal },
): Promise<Finding[]> {
  const home = await homeOf({ store }, proxy);
  const passwords = await store.obproxy.proxysysPasswords(proxy.cluster.id);
  const upgrading = {
    ...upgradeTo(proxy, how.target, { home, isHot: how.isHot }),
    host,
    login: () => logInToObproxy(host, proxy.server.sqlPort, { passwords, signal: how.signal }),
  };
  const found = await Promise.all(
    PROOFS.map((proof) =>
      asFindings(async () => (await proof(upgrading)).map((text) => ({ level: 'INFO' as const, text }))),
    ),
  );
  return found.flat();
}
