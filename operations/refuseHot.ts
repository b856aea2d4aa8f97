import { canHandOver } from '../oceanbase/handOver';
import { addressText } from '../runtime/addressText';
import { say } from '../runtime/messages/catalogue';
import type { ObproxyServerRow } from '../store/types';
import { Refusal } from './refusal';

/** ODP21018 for a version that cannot hand over, ODP21107 for a unit of systemd, which takes it for a crash. */
export function refuseHot(servers: readonly ObproxyServerRow[]): void {
  for (const { id, ip, sqlPort, version, adopted } of servers) {
    const about = { id, address: addressText(ip, sqlPort) };
    const target = `obproxyServer:${id}`;
    if (!canHandOver(version)) {
      throw new Refusal(400, 'ODP21018', say('hotRestart.tooOld', { ...about, version }), { target });
    }
    if (adopted?.keeper === 'systemd') {
      const said = say('hotRestart.unit', { ...about, keeper: adopted.keeperDetail });
      throw new Refusal(400, 'ODP21107', said, { target });
    }
  }
}
