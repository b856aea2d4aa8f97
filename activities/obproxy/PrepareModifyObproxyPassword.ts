import { PermanentError, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { changedPassword, proveEverywhere } from './passwordChange';
import { clusterIdOf, PROXIES } from './proxiesOfTask';

/** "Prepare modify obproxy password" (ours): the new password is kept beside the recorded one, which stays until every proxy has it. */
export const PrepareModifyObproxyPassword = subtask({
  name: 'Prepare modify obproxy password',
  className: 'obproxy.PrepareModifyObproxyPasswordTask',
  timeout: 300,
  needs: PROXIES,

  async run(scope) {
    await changedPassword(scope);
    scope.log.info(say('password.bothKept'));
    return undefined;
  },

  /** The new password is forgotten when every proxy is seen to take the recorded one; before that nobody knows. */
  async rollback(scope) {
    const clusterId = clusterIdOf(scope);
    const recorded = await scope.store.obproxy.proxysysPassword(clusterId);
    scope.log.hide(recorded);
    try {
      await proveEverywhere(scope, recorded);
    } catch (error) {
      scope.signal.throwIfAborted();
      if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
      scope.log.warn(say('password.stillBoth', { said: error.said }));
      return;
    }
    await scope.store.obproxy.withdrawProxysysPassword(clusterId, scope.input.taskId);
    scope.log.info(say('password.formerEverywhere'));
  },
});
