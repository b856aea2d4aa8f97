import { allPages } from '../../api/http/paging';
import { ADDRESS_NEXT, deniedOf } from '../../runtime/addresses';
import type { RuntimeConfig } from '../../runtime/config';
import { openStore } from '../../store';
import { type Finding, ok, problem } from './finding';

/** Named one by one up to here. */
const NAMED = 10;

/** Whether obflow may connect to every host and cluster it knows: they are refused when used, which may be months later. */
export async function addresses(config: RuntimeConfig): Promise<Finding[]> {
  const check = 'addresses';
  const store = await openStore(config);
  try {
    const hosts = await allPages((page) => store.hosts.list({}, page));
    const clusters = await allPages((page) => store.obClusters.list(page));
    const denied = [
      ...hosts.map(({ id, ip }) => ({ what: `host ${id}`, ips: [ip] })),
      ...clusters.map(({ name, rootServers }) => ({
        what: `OceanBase cluster ${name}`,
        ips: rootServers.map(({ ip }) => ip),
      })),
    ].flatMap(({ what, ips }) => {
      const fault = deniedOf(config.addresses, ips);
      return fault === undefined ? [] : [`${what}: ${fault.en}`];
    });
    if (denied.length === 0) {
      return [
        ok(
          check,
          `obflow may connect to all hosts (${hosts.length}) and OceanBase clusters (${clusters.length})`,
        ),
      ];
    }
    const more = denied.length > NAMED ? `; and ${denied.length - NAMED} more` : '';
    return [problem(check, `${denied.slice(0, NAMED).join('; ')}${more}.`, ADDRESS_NEXT.en)];
  } finally {
    await store.close();
  }
}
