import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { changedPassword, proveEverywhere } from './passwordChange';
import { clusterIdOf, PROXIES } from './proxiesOfTask';

/** "Record obproxy password" (ours): every proxy takes the new password, so it is the recorded one, and the former is forgotten. */
export const RecordObproxyPassword = subtask({
  name: 'Record obproxy password',
  className: 'obproxy.RecordObproxyPasswordTask',
  timeout: 300,
  needs: PROXIES,
  leaves: 'the recorded password',

  async run(scope) {
    const { obproxy } = scope.store;
    const clusterId = clusterIdOf(scope);
    const change = await obproxy.proxysysChange(clusterId, scope.input.taskId);
    if (change?.state !== 'settled') {
      await proveEverywhere(scope, await changedPassword(scope));
      await obproxy.settleProxysysPassword(clusterId, scope.input.taskId);
    }
    scope.log.info(say('password.recorded'));
    return undefined;
  },

  /** The former password is forgotten by then. */
  async rollback(scope) {
    const change = await scope.store.obproxy.proxysysChange(clusterIdOf(scope), scope.input.taskId);
    if (change?.state !== 'settled') return scope.log.info(say('password.notRecorded'));
    throw new PermanentError({
      type: 'PasswordRecorded',
      code: 'ODP21107',
      tried: say('password.undoRecord'),
      cameBack: say('password.formerForgotten'),
      next: say('next.changePasswordAgain'),
    });
  },
});
