/** A task whose every text tries to become a script. */
const SCRIPT = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`;

export const HOSTILE_ID = 999_001;

/** As the event stream answers it. */
export function hostileDocument(): Record<string, unknown> {
  const time = '2026-11-29T08:00:00.000+08:00';
  return {
    id: HOSTILE_ID,
    name: `Install ${SCRIPT}`,
    taskDefinitionId: -1,
    type: 'MANUAL',
    status: 'FAILED',
    operation: 'EXECUTE',
    creator: { id: 1, name: SCRIPT },
    cluster: { id: 1, name: SCRIPT, obClusterId: 1, type: 'PRIMARY' },
    obproxyCluster: { id: 1, name: SCRIPT },
    hosts: [`"><svg onload=window.hacked=1>`],
    executor: SCRIPT,
    createTime: time,
    startTime: time,
    finishTime: time,
    prohibitRollback: false,
    waiting: true,
    context: { listMap: {}, parallel: false, parallelIdx: -1, stringMap: { name: SCRIPT } },
    temporalUrl: 'javascript:window.hacked=1',
    firstFailure: { subtaskId: 1, name: SCRIPT, message: `it said: ${SCRIPT}` },
    availableOperations: [{ operation: 'retry', meaning: SCRIPT }],
    warningCount: 1,
    warnings: [{ subtaskId: 1, name: SCRIPT, target: SCRIPT, time, text: SCRIPT }],
    commands: [{ time, command: 'retryTask', who: SCRIPT, from: SCRIPT, why: SCRIPT }],
    subtasks: [
      {
        ...{ id: 1, name: SCRIPT, description: SCRIPT, className: 'X', seriesId: 0, timeout: 1 },
        ...{ status: 'FAILED', operation: 'EXECUTE', runTime: 1, nodeType: 'JAVA_TASK', parallelIdx: -1 },
        ...{ upstreams: [], downstreams: [], prohibitRollback: false, target: SCRIPT },
        ...{ startTime: time, finishTime: time, failureMessage: SCRIPT },
      },
    ],
  };
}

export function hostileLog(): string {
  return [
    '############{EXECUTE}{2026-11-29T08:00:00.000+08:00}############',
    `2026-11-29 08:00:00.000 ERROR : ${SCRIPT}`,
    '',
  ].join('\n');
}
