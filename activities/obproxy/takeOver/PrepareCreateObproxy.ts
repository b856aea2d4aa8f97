import { versionFindings } from '../../../oceanbase/obproxyRunning';
import { packageFileName, versionRelease } from '../../../oceanbase/packageName';
import { addressText } from '../../../runtime/addressText';
import { say } from '../../../runtime/messages/catalogue';
import type { AdoptedObproxy, Store } from '../../../store/types';
import type { SubtaskResult } from '../../../workflows/plan';
import type { SubtaskScope } from '../../types';
import { type ObproxyInstance, type ObproxyScope, proxyOf } from '../proxy';
import { type FoundProxy, inspectProxy, proxyHome, settle } from './inspect';
import { knownPasswords } from './passwords';
import { packageText } from './running';

/** `version-release` without dist tag; the release of the package where the proxy tells none. */
function foundVersion({ running, program }: FoundProxy): string {
  const { version } = running;
  const release =
    running.release ?? (program.package?.version === version ? program.package.release : undefined);
  return release === undefined ? version : versionRelease({ version, release });
}

function adopted({ process, program }: FoundProxy): AdoptedObproxy {
  return {
    home: program.home,
    user: process.process.user,
    program: program.program,
    package: program.package === undefined ? null : packageText(program.package),
    keeper: program.keeper,
    keeperDetail: program.keeperDetail,
  };
}

/** Stores what was found, unless a sibling of the request has just made a mixed cluster of it. */
async function record(scope: SubtaskScope, proxy: ObproxyInstance, found: FoundProxy): Promise<void> {
  const { server, cluster } = proxy;
  await scope.store.transaction(async (store: Store) => {
    const now = (await store.obproxy.findCluster(cluster.id)) ?? cluster;
    const { versions } = await proxyHome(store, now, scope.config.publicUrl, server.id);
    const mixed = versionFindings(found.running.version, versions).filter(({ level }) => level === 'ERROR');
    settle(scope.log, server.ip, mixed);
    const part = found.program.package;
    const stored =
      part === undefined ? undefined : await store.packages.findByFileName(packageFileName(part));
    await store.obproxy.recordAdopted(server.id, {
      version: foundVersion(found),
      exporterPort: found.exporterPort,
      rpcPort: found.rpcPort,
      packageId: stored?.id ?? null,
      adopted: adopted(found),
    });
  });
}

/**
 * "Prepare create obproxy" of a take-over: the proxy on the named port is found, lets us in, and fits the cluster;
 * what it is goes into the inventory. All that does not fit is named at once. Changes nothing on the host.
 */
export async function findProxyToTakeOver(scope: ObproxyScope): Promise<SubtaskResult | undefined> {
  const proxy = await proxyOf(scope);
  const { server, cluster } = proxy;
  const host = await scope.host();
  const given = await scope.store.obproxy.formerPassword(server.id);
  const at = { ip: server.ip, sqlPort: server.sqlPort, clusterId: cluster.id };
  const known = await knownPasswords(scope.store, at, given);
  scope.log.hide(...known.map(({ password }) => password));
  const home = await proxyHome(scope.store, cluster, scope.config.publicUrl, server.id);
  const wished = {
    sqlPort: server.sqlPort,
    exporterPort: server.exporterPort === 0 ? undefined : server.exporterPort,
    rpcPort: server.rpcPort ?? undefined,
  };
  const seen = await inspectProxy(host, wished, home, cluster.runUser, known, scope.signal);
  settle(scope.log, addressText(server.ip, server.sqlPort), seen.findings);
  if (seen.found === undefined) return undefined;
  await record(scope, proxy, seen.found);
  const version = foundVersion(seen.found);
  scope.log.info(say('takeOver.recorded', { version, port: seen.found.exporterPort }));
  const part = seen.found.program.package;
  return {
    stringMap: { package_version: version, ...(part === undefined ? {} : { package_name: part.name }) },
  };
}
