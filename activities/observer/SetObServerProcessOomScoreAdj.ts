import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { homedObserver, SERVER_LIFE } from './life';
import { memberOf } from './observer';
import { lookForObservers } from './process';

/** OCP does not publish its value; one that is less than nothing makes the kernel choose others first. */
const SCORE = -500;

/** "Set observer process oom_score_adj": a host that does not permit it is no reason to fail. */
export const SetObServerProcessOomScoreAdj = subtask({
  name: 'Set observer process oom_score_adj',
  className: 'server.SetObServerProcessOomScoreAdjTask',
  timeout: 300,
  needs: SERVER_LIFE,

  async run(scope) {
    const member = await memberOf(scope);
    const host = await scope.host();
    const { layout } = await homedObserver(scope, host, member);
    for (const { pid } of (await lookForObservers(host, layout.home)).own) {
      const file = `/proc/${pid}/oom_score_adj`;
      const { exitCode, stderr } = await host.sh(`printf '%s\\n' ${SCORE} >${file}`);
      scope.log.info(
        exitCode === 0
          ? say('server.scoreSet', { file, score: SCORE })
          : say('server.scoreNotSet', { file, said: stderr.trim().slice(0, 200) }),
      );
    }
    return undefined;
  },
});
