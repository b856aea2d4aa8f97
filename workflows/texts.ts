import { type Pair, sayer } from './text';

/** What the interpreter says to people. */
export const INTERPRETER_TEXTS = {
  'subtask.unknown': ['Task {task} has no subtask {subtask}.', '任务 {task} 没有子任务 {subtask}。'],
  'subtask.noId': [
    'Send the id of a subtask, as in "34803" or {example}.',
    '请发送子任务 ID，例如 "34803" 或 {example}。',
  ],

  'refused.task': [
    'Task {task} is {state}; {verb} is allowed {when}. {allowed}',
    '任务 {task} 的状态为 {state}；{verb}仅在{when}允许。{allowed}',
  ],
  'refused.rollback': [
    'Task {task} cannot be rolled back: {reason}. Retry it, skip what is FAILED, or abandon it.',
    '任务 {task} 不能回滚：{reason}。请重试该任务、跳过 FAILED 的子任务，或放弃该任务。',
  ],
  'refused.subtask': [
    'Subtask {subtask} ({name}) is {state}; {verb} is allowed {when}. {allowed}',
    '子任务 {subtask}（{name}）的状态为 {state}；{verb}仅在{when}允许。{allowed}',
  ],
  'refused.skip': [
    'Subtask {subtask} ({name}) cannot be skipped: what follows needs what it does. Retry it, roll the task back, or abandon it.',
    '子任务 {subtask}（{name}）不能跳过：后续子任务依赖其结果。请重试该子任务、回滚任务，或放弃任务。',
  ],
  'verb.retry': ['retry', '重试'],
  'verb.rollback': ['rollback', '回滚'],
  'verb.abandon': ['abandon', '放弃'],
  'verb.skip': ['skip', '跳过'],
  'verb.cancel': ['cancel', '取消'],
  'when.failed': ['when it is FAILED', '状态为 FAILED 时'],
  'when.running': ['when it is RUNNING', '状态为 RUNNING 时'],
  'when.open': ['while the task is open', '任务尚未结束时'],
  'when.beforeRollback': ['before a rollback has begun', '回滚开始之前'],
  'state.inRollback': ['{status} in its rollback', '{status}（回滚中）'],
  'state.undoing': ['being undone', '正在回滚'],
  'state.readyOrRunning': ['READY or RUNNING', 'READY 或 RUNNING'],
  'state.waitsForUndo': ['{status} and waits for its undo', '{status}，等待回滚'],
  'allowed.none': ['It has ended and takes no commands.', '任务已结束，不再接受命令。'],
  'allowed.undoFailed': [
    'Allowed now: rollback again, skip of a FAILED subtask, abandon.',
    '当前允许：再次回滚、跳过 FAILED 的子任务、放弃。',
  ],
  'allowed.undoing': [
    'Allowed now: cancel of a RUNNING subtask, skip of a FAILED one.',
    '当前允许：取消 RUNNING 的子任务、跳过 FAILED 的子任务。',
  ],
  'allowed.failed': [
    'Allowed now: retry, rollback, abandon; retry or skip of a FAILED subtask.',
    '当前允许：重试、回滚、放弃任务；重试或跳过 FAILED 的子任务。',
  ],
  'allowed.running': [
    'Allowed now: cancel of a RUNNING subtask, retry or skip of a FAILED one.',
    '当前允许：取消 RUNNING 的子任务，重试或跳过 FAILED 的子任务。',
  ],
  'way.retryTask': [
    'Run every failed subtask again, once the cause is repaired.',
    '排除原因后，重新执行所有失败的子任务。',
  ],
  'way.rollbackTask': ['Undo everything that this task has done.', '撤销该任务已做的一切。'],
  'way.rollbackOn': ['Go on undoing, once the cause is repaired.', '排除原因后，继续回滚。'],
  'way.abandonTask': [
    'Leave everything as it is and end the task for good; its locks are released.',
    '保持现状并彻底结束该任务；其持有的锁被释放。',
  ],
  'way.retrySubtask': ['Run it again, once the cause is repaired.', '排除原因后，重新执行。'],
  'way.skipSubtask': ['Count it as done, when you did it by hand.', '已手工完成时，视为成功。'],
  'way.skipUndo': ['Count it as undone, when you undid it by hand.', '已手工撤销时，视为已回滚。'],
  'way.cancelSubtask': [
    'Stop it; the task is FAILED then, and waits for a person.',
    '停止该子任务；任务随后变为 FAILED，等待人工处理。',
  ],
  'forbidden.byContext': ['its context forbids it', '任务上下文禁止回滚'],
  'forbidden.bySubtask': [
    'subtask {subtask} ({name}) has started and cannot be undone',
    '子任务 {subtask}（{name}）已开始执行且不能回滚',
  ],

  'subtask.state': [
    'Set state for subtask: {subtask}, operation:{operation}, state: {state}',
    '设置子任务状态：子任务 {subtask}，操作 {operation}，状态 {state}',
  ],
  'subtask.cancelled': ['Cancelled', '已取消'],

  'failed.workerLost': [
    'TSK10015: The worker that ran it was lost. Retry when a worker is up.',
    'TSK10015：执行该子任务的 worker 已丢失。请在有 worker 可用时重试。',
  ],
  'failed.workerLostAfter': [
    'TSK10015: The worker that ran it was lost. Its last attempt said: {last} Retry when a worker is up.',
    'TSK10015：执行该子任务的 worker 已丢失。最后一次尝试的信息：{last} 请在有 worker 可用时重试。',
  ],
  'failed.timeout': [
    'TSK10012: Not finished within {limit}, waiting for a worker included. Retry when the cause is gone.',
    'TSK10012：未在{limit}内完成（包括等待 worker 的时间）。请在排除原因后重试。',
  ],
  'failed.timeoutAfter': [
    'TSK10012: Not finished within {limit}, waiting for a worker included. Its last attempt said: {last} Retry when the cause is gone.',
    'TSK10012：未在{limit}内完成（包括等待 worker 的时间）。最后一次尝试的信息：{last} 请在排除原因后重试。',
  ],
  'timeout.own': ['its timeout', '超时时间'],
  'timeout.seconds': ['its timeout of {seconds} s', '超时时间 {seconds} 秒'],
  'failed.cancelUnanswered': [
    'TSK10014: It was cancelled, and the worker that ran it was lost: its command may still run on the host.',
    'TSK10014：已被取消，但执行它的 worker 已丢失：其命令可能仍在主机上运行。',
  ],
  'failed.cancelled': ['TSK10014: It was cancelled.', 'TSK10014：已被取消。'],
  'failed.givenUp': [
    'TSK10012: Given up after {seconds} s. The last attempt said: {last}',
    'TSK10012：{seconds} 秒后放弃。最后一次尝试的信息：{last}',
  ],
} as const satisfies Record<string, Pair>;

export const say = sayer(INTERPRETER_TEXTS);
