import type { Pair } from '../../workflows/text';

/** What is said of commands to tasks, and of tasks that end without them. */
export const COMMANDS = {
  'asked.retryTask': ['Retry of the task', '重试任务'],
  'asked.rollbackTask': ['Rollback of the task', '回滚任务'],
  'asked.abandonTask': ['Abandoning the task', '放弃任务'],
  'asked.retry': ['Retry', '重试'],
  'asked.skip': ['Skip', '跳过'],
  'asked.cancel': ['Cancel', '取消'],
  'asked.throughTemporal': ['through Temporal', '通过 Temporal'],
  'asked.throughTemporalBy': ['through Temporal ({client})', '通过 Temporal（{client}）'],
  'ended.unknown': ['Temporal did not know its workflow.', 'Temporal 不知道其工作流。'],
  'ended.neverStarted': ['It had never started.', '它从未启动。'],
  'command.noWorker': [
    'No worker answered within {seconds} s; the command may still be obeyed when one is up. Look at task {task} before sending it again.',
    '{seconds} 秒内没有 worker 响应；有 worker 可用后该命令仍可能被执行。请在再次发送之前查看任务 {task}。',
  ],
  'ended.unknownAt': [
    'Temporal at {address}, namespace {namespace}, does not know the workflow of task {task}',
    '位于 {address} 的 Temporal（namespace {namespace}）不知道任务 {task} 的工作流',
  ],
  'start.task': ['start task {task}', '启动任务 {task}'],
  'start.tooLarge': [
    'its plan has {bytes} bytes, more than Temporal takes (message larger than {limit})',
    '其计划有 {bytes} 字节，超过 Temporal 的上限（message larger than {limit}）',
  ],
  'start.otherDatabase': [
    'the namespace already has a workflow {workflow} that belongs to another database',
    '该 namespace 中已有工作流 {workflow}，属于另一个数据库',
  ],
  'start.cannot': ['The task cannot be started: {reason}', '任务无法启动：{reason}'],
  'start.refused': ['Temporal refuses to start the task: {said}', 'Temporal 拒绝启动任务：{said}'],
  'asked.line': ['{what} asked for{by}{where}{why}', '{by}{where}要求{what}{why}'],
  'asked.by': [' by {who}', '由 {who} '],
  'asked.from': [' from {from}', '从 {from} '],
  'asked.at': [' {where}', '{where}'],
  'asked.because': [': {why}', '：{why}'],
  'ended.abandoned': ['Task {id} was abandoned{by}{because}. {why}', '任务 {id} 已{by}放弃{because}。{why}'],
  'ended.cannotGoOn': ['{reason}; it cannot go on.', '{reason}；无法继续。'],
  'ended.as': ['{reason}.', '{reason}。'],
} as const satisfies Record<string, Pair>;
