import type { Host } from '../hosts/types';
import { type ObproxyAdmin, type ObproxyTarget, openObproxyAdmin } from '../oceanbase/obproxyAdmin';
import { addressText } from '../runtime/addressText';

/** Logs in to the OBProxy on a port of a host as root@proxysys, through the host's tunnel. Throws as `openObproxyAdmin` does. */
export function logInToObproxy(
  host: Pick<Host, 'ip' | 'tunnel'>,
  sqlPort: number,
  how: Omit<ObproxyTarget, 'where' | 'open'>,
): Promise<ObproxyAdmin> {
  return openObproxyAdmin({ ...how, where: addressText(host.ip, sqlPort), open: () => host.tunnel(sqlPort) });
}
