import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Wait node": where the subtasks of all hosts meet. It is done as soon as it may start. */
export const WaitNode = subtask({
  name: 'Wait node',
  className: 'WaitNode',
  timeout: 30,
  needs: {},

  async run(scope) {
    scope.log.info(say('task.allBefore'));
    return undefined;
  },
});
