import { allPages } from '../../api/http/paging';
import { configUrlDrift } from '../../contact/configUrlDrift';
import { addressText } from '../../runtime/addressText';
import type { RuntimeConfig } from '../../runtime/config';
import { openStore } from '../../store';
import { type Finding, ok, warning } from './finding';

/** Named one by one up to here. */
const NAMED = 10;

/** Whether every OBProxy asks where OBFLOW_PUBLIC_URL is now: one that was given another URL learns of no change. */
export async function proxies(config: RuntimeConfig): Promise<readonly Finding[]> {
  const store = await openStore(config);
  try {
    const clusters = await allPages((page) => store.obproxy.listClusters(page));
    const asking = clusters.filter(({ workMode }) => workMode === 'CONFIG_URL');
    const count = asking.reduce((sum, { servers }) => sum + servers.length, 0);
    if (count === 0) return [];
    const findings = asking.flatMap((cluster) => {
      const drifted = cluster.servers.flatMap((server) => {
        const drift = configUrlDrift(cluster, server, config.publicUrl);
        return drift === undefined ? [] : [{ server, asks: drift.value ?? '' }];
      });
      if (drifted.length === 0) return [];
      const named = drifted
        .slice(0, NAMED)
        .map(({ server, asks }) => `${addressText(server.ip, server.sqlPort)} asks ${asks}`);
      const more = drifted.length > NAMED ? `; and ${drifted.length - NAMED} more` : '';
      return [
        warning(
          `OBProxies ${cluster.name}`,
          `OBFLOW_PUBLIC_URL is ${config.publicUrl}, but ${named.join('; ')}${more}.`,
          `Run: obflow proxy push-url --cluster ${cluster.name}`,
        ),
      ];
    });
    return findings.length > 0
      ? findings
      : [ok('OBProxies', `none of ${count} is known to ask another config URL than ${config.publicUrl}`)];
  } finally {
    await store.close();
  }
}
