import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Create resource manager for default user": the users that obflow works with need no limits of their own; the step stays in the chain as documented. */
export const CreateResourceManagerForDefaultUser = subtask({
  name: 'Create resource manager for default user',
  className: 'cluster.CreateResourceManagerForDefaultUserTask',
  timeout: 180,
  needs: {},

  async run(scope) {
    scope.log.info(say('obTakeOver.noResourceManager'));
    return undefined;
  },
});
