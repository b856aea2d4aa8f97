import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { withCluster } from '../cluster/cluster';
import { subtask } from '../subtask';
import { CLUSTER_TAKE_OVER } from '../takeOver';
import { adoptedObserver, observerOnPorts } from './found';
import { memberOf, OBSERVER } from './observer';

/** "Update server process info": whose process holds the server's ports, where it works, and which package it is of. */
export const UpdateObServerProcessInfo = subtask({
  name: 'Update server process info',
  className: 'server.UpdateObServerProcessInfoTask',
  timeout: 5000,
  needs: { ...OBSERVER, ...CLUSTER_TAKE_OVER },

  async run(scope) {
    const { server, cluster, address } = await memberOf(scope);
    const tried = say('obTakeOver.findProcess', { address });
    const dataDirs = await withCluster(scope, cluster, tried, (session) =>
      session.parameterByServer('data_dir'),
    );
    const dataDir = dataDirs.find(({ ip, rpcPort }) => ip === server.ip && rpcPort === server.rpcPort)?.value;
    const host = await scope.host();
    const found = await observerOnPorts(host, server);
    if ('finding' in found) {
      const { type = 'ObserverNotFound', code, text, next } = found.finding;
      throw new PermanentError({
        ...{ type, tried, where: address, cameBack: text },
        ...(code === undefined ? {} : { code }),
        next: next ?? say('next.lookAtCluster'),
      });
    }
    const adopted = await adoptedObserver(host, found.process, dataDir);
    const home = found.process.cwd;
    await scope.store.obServers.recordHome(server.id, home);
    await scope.store.obServers.recordAdopted(server.id, adopted);
    scope.log.info(
      say('obTakeOver.process', {
        ...{ address: addressText(server.ip, server.rpcPort), pid: found.process.pid, user: adopted.user },
        ...{ home, dataDir: adopted.dataDir ?? '-', package: adopted.package ?? '-' },
      }),
    );
    return undefined;
  },
});
