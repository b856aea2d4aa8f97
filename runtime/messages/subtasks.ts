import type { Pair } from '../../workflows/text';

/** What the frame of every subtask says. */
export const SUBTASKS = {
  'subtask.state': [
    'Set state for subtask: {subtask}, operation:{operation}, state: {state}',
    '设置子任务状态：子任务 {subtask}，操作 {operation}，状态 {state}',
  ],
  'subtask.attempt': [
    'Attempt {attempt} on worker {host} (pid {pid})',
    '第 {attempt} 次尝试，worker {host}（pid {pid}）',
  ],
  'subtask.triedAgain': [
    "{failure} (attempt {attempt}; tried again within the subtask's timeout)",
    '{failure}（第 {attempt} 次尝试；在子任务超时之前会再次尝试）',
  ],
  'subtask.startNamed': ['start "{name}"', '启动“{name}”'],
  'subtask.cancelled': ['Cancelled', '已取消'],
  'worker.stops': [
    'The worker stops; the subtask goes on at another one',
    'worker 正在停止；子任务将在另一个 worker 上继续',
  ],
  'next.correctConflict': [
    'Two subtasks before this one gave different values; correct one of them and retry it.',
    '之前的两个子任务给出了不同的值；请修正其中一个并重试该子任务。',
  ],
  'log.store': ["store the subtask's log", '保存子任务日志'],
  'database.check': ['Check the database of obflow.', '请检查 obflow 的数据库。'],
} as const satisfies Record<string, Pair>;
