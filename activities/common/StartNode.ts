import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Start node": where a chain begins that documents it. It is done as soon as it may start. */
export const StartNode = subtask({
  name: 'Start node',
  className: 'StartNode',
  timeout: 30,
  needs: {},

  async run(scope) {
    scope.log.info(say('task.begins'));
    return undefined;
  },
});
