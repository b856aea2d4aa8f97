import type { Pair } from '../../workflows/text';

/** What is said of links, parameters and passwords of OBProxy clusters that exist. */
export const CONFIGURATION = {
  'must.nameLink': ['must name at least one OceanBase cluster', '必须至少指定一个 OceanBase 集群'],
  'must.beOfType': ['must be of type {type}, like {example}', '必须是 {type} 类型，例如 {example}'],
  'must.beInRange': ['must be in the range {range}', '必须在范围 {range} 之内'],
  'link.fixed': [
    'OBProxy cluster {cluster} works by RS_LIST: the OceanBase cluster that it is linked to is fixed. Create another OBProxy cluster for another one.',
    'OBProxy 集群 {cluster} 的工作模式为 RS_LIST：其关联的 OceanBase 集群是固定的。如需关联其他集群，请另建 OBProxy 集群。',
  ],
  'link.notLinked': [
    'OBProxy cluster {cluster} is not linked to an OceanBase cluster named {name}. GET /api/v2/obproxy/clusters/{id} lists its obLinks.',
    'OBProxy 集群 {cluster} 未关联名为 {name} 的 OceanBase 集群。GET /api/v2/obproxy/clusters/{id} 列出其 obLinks。',
  ],
  'link.learnt': ['it has the passwords and knows {names}', '已有密码，并已获知 {names}'],
  'link.told': [
    'it has the passwords, and learns of {names} when it next asks its config server ({parameter} {seconds})',
    '已有密码，下次查询配置服务时（{parameter} {seconds}）获知 {names}',
  ],
  'link.workedOn': [
    'task {task} works on it; send the request again when it has ended, or refresh it',
    '任务 {task} 正在操作它；请在任务结束后重新发送请求，或刷新该 OBProxy',
  ],
  'link.notTold': [
    'it was not told: {why}. Send the request again, or refresh it when it answers',
    '未能告知：{why}。请重新发送请求，或在其恢复响应后刷新',
  ],
  'link.forgotten': [
    'it does not know {name} any more; {open} sessions of it were open',
    '已不再知道 {name}；当时有 {open} 个会话打开',
  ],
  'link.forgets': [
    'it forgets {name} when it next asks its config server ({parameter} {seconds}); {open} sessions of it are open',
    '下次查询配置服务时（{parameter} {seconds}）忘记 {name}；当前有 {open} 个会话打开',
  ],
  'link.keepsLast': [
    'it keeps {name}, the last cluster that it knows, until it restarts without one; {open} sessions of it are open',
    '它会保留所知的最后一个集群 {name}，直到在没有集群的情况下重启；当前有 {open} 个会话打开',
  ],
  'push.workedOn': [
    'task {task} works on it; push again when it has ended',
    '任务 {task} 正在操作它；请在任务结束后重新推送',
  ],
  'push.noEnd': [
    'no end within {seconds} s: look at the host, then push again',
    '{seconds} 秒内未完成：请检查主机后重新推送',
  ],
  'push.keeps': ['{text}. {next} The proxy keeps what it has', '{text}。{next}该 OBProxy 保持原有设置'],
  'push.note': ['{message}; {note}', '{message}；{note}'],
  'push.unchanged': ['it asks {url}', '它查询 {url}'],
  'push.pushed': ['it asked {had}, and shows {url} now', '它原来查询 {had}，现在显示 {url}'],
  'push.nobody': ['nobody', '无'],
} as const satisfies Record<string, Pair>;
