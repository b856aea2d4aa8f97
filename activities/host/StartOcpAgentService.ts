import { subtask } from '../subtask';

/** "Start ocp agent service": obflow works without an agent; the step stays in the chain as documented. */
export const StartOcpAgentService = subtask({
  name: 'Start ocp agent service',
  className: 'obagent.StartOcpAgentServiceTask',
  timeout: 1800,
  needs: {},

  async run(scope) {
    scope.log.info('obflow works without an agent: there is none on this host to start');
    return undefined;
  },
});
