import { subtask } from '../subtask';

/** "Wait node": where the subtasks of all hosts meet. It is done as soon as it may start. */
export const WaitNode = subtask({
  name: 'Wait node',
  className: 'WaitNode',
  timeout: 30,
  needs: {},

  async run(scope) {
    scope.log.info('All subtasks before this one are done');
    return undefined;
  },
});
