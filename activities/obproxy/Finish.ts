import { lookAtPath } from '../../hosts/paths';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { HOSTS_OF_TASK, hostsOfTask } from '../common/hostsOfTask';
import { forgetTask } from '../host/forgetTask';
import { taskDir } from '../places';
import { subtask } from '../subtask';

/**
 * "Finish node": what obflow kept on the hosts for this task is removed. A host that cannot be reached is no reason
 * to fail.
 */
export const Finish = subtask({
  name: 'Finish node',
  className: 'obproxy.FinishTask',
  timeout: 0,
  needs: { ...HOSTS_OF_TASK, obproxy_take_over: 'value?' },

  async run(scope) {
    await forgetTask(scope, await hostsOfTask(scope));
    return undefined;
  },

  takeOver: {
    /**
     * What an undo would need is forgotten by the run, so this fails afterwards. It runs before every other undo: better
     * nothing is undone than some of it, with the rest reported as undone.
     */
    async rollback(scope) {
      const host = await scope.host();
      const { kind } = await lookAtPath(host, taskDir(scope.input.taskId));
      if (kind !== 'absent') return scope.log.info(say('undo.nothing'));
      throw new PermanentError({
        type: 'TakeOverFinished',
        tried: say('takeOver.undo'),
        where: host.ip,
        cameBack: say('takeOver.forgotten'),
        next: say('next.abandonTakeOver'),
      });
    },
  },
});
