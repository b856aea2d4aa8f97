import { lookAtConfigUrl } from '../../contact/configUrl';
import { setConfigUrlSql } from '../../oceanbase/clusterSql';
import { rootServiceInfoUrl } from '../../oceanbase/configServer';
import { PermanentError, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import { HOSTS_OF_TASK, hostsOfTask } from '../common/hostsOfTask';
import { subtask } from '../subtask';
import { CLUSTER_TAKE_OVER } from '../takeOver';
import type { Needs, SubtaskScope } from '../types';
import { madeByTask } from './brought';
import { CLUSTER, clusterOf, withCluster } from './cluster';

const NEEDS = {
  ...CLUSTER,
  ...HOSTS_OF_TASK,
  ...CLUSTER_TAKE_OVER,
  switch_config_url: 'value?',
} as const satisfies Needs;

/** An observer that is told an address it cannot reach would know no root servers after its next start. */
async function proveReach(scope: SubtaskScope<typeof NEEDS>, cluster: ObClusterRow): Promise<void> {
  const asked = { publicUrl: scope.config.publicUrl, clusterNames: [cluster.name] };
  for (const id of await hostsOfTask(scope)) {
    const look = await lookAtConfigUrl(await scope.hostById(id), asked, scope.signal);
    if (look.verdict === 'serves') {
      scope.log.info(look.text);
      continue;
    }
    const trouble = {
      type: look.verdict === 'fails' ? 'ConfigUrlFails' : 'ConfigUrlUnproven',
      code: 'OBE11005',
      tried: say('obTakeOver.proveUrl'),
      where: cluster.name,
      cameBack: look.text,
      next: look.next,
    };
    throw look.silent ? new TransientError(trouble) : new PermanentError(trouble);
  }
}

/** Sets it and looks at every server until all of them show it. */
async function setUrl(scope: SubtaskScope, cluster: ObClusterRow, url: string): Promise<void> {
  await withCluster(scope, cluster, say('obTakeOver.setUrl'), async (session) => {
    await session.alter(setConfigUrlSql(url));
    for (let looks = 0; ; looks += 1) {
      const shown = await session.parameterByServer('obconfig_url');
      if (shown.every(({ value }) => value === url)) return;
      await scope.pause(Math.min(50 * 1.5 ** looks, 1_000));
    }
  });
}

/**
 * "Register config url": with `switch_config_url` the servers tell and ask this config server from now on. What they had is
 * kept before it is changed, and the undo sets it again, unless somebody else has set another meanwhile.
 */
export const RegisterConfigUrl = subtask({
  name: 'Register config url',
  className: 'cluster.RegisterConfigUrlTask',
  timeout: 60,
  needs: NEEDS,
  leaves: "obflow's address as obconfig_url of the cluster",

  async run(scope) {
    const cluster = await clusterOf(scope);
    if (scope.value('switch_config_url') !== 'true') {
      scope.log.info(say('obTakeOver.urlStays'));
      return undefined;
    }
    const ours = rootServiceInfoUrl(scope.config.publicUrl, cluster.name);
    const former = await withCluster(scope, cluster, say('obTakeOver.setUrl'), (session) =>
      session.parameter('obconfig_url'),
    );
    if (former === ours) {
      scope.log.info(say('obTakeOver.urlThere', { url: ours }));
      return undefined;
    }
    await proveReach(scope, cluster);
    if (madeByTask(scope, cluster)?.formerConfigUrl === undefined)
      await scope.store.obClusters.recordOrigin(cluster.id, { formerConfigUrl: former ?? '' });
    await setUrl(scope, cluster, ours);
    scope.log.info(say('obTakeOver.urlSet', { url: ours, former: former ?? '' }));
    return undefined;
  },

  async rollback(scope) {
    const cluster = await clusterOf(scope);
    const former = madeByTask(scope, cluster)?.formerConfigUrl;
    const shown = await withCluster(scope, cluster, say('obTakeOver.setUrl'), (session) =>
      session.parameter('obconfig_url'),
    );
    if (former === undefined || shown !== rootServiceInfoUrl(scope.config.publicUrl, cluster.name)) {
      scope.log.info(say('undo.nothing'));
      return;
    }
    await setUrl(scope, cluster, former);
    scope.log.info(say('obTakeOver.urlBack', { url: former }));
  },
});
