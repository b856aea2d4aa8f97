import type { Pair } from '../../workflows/text';

/** What is said of links, parameters and passwords of OBProxy clusters that exist. */
export const CONFIGURATION = {
  'obproxy.noTimeToAsk': [
    'it was not asked: {seconds} s were over, spent on others',
    '未被询问：{seconds} 秒已用于询问其他 OBProxy',
  ],
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
  'must.nameParameter': ['must name at least one parameter', '必须至少指定一个参数'],
  'names.noParameter': [
    'names no parameter that an OBProxy of the cluster shows',
    '不是该集群的 OBProxy 所显示的参数',
  ],
  'is.readOnly': [
    '{name} is read-only: a password, a command, or what OBProxy computes',
    '{name} 为只读：它是密码、命令，或由 OBProxy 计算得出',
  ],
  'obproxyCluster.empty': [
    'OBProxy cluster {name} has no OBProxy. Add one first.',
    'OBProxy 集群 {name} 中没有 OBProxy。请先添加。',
  ],
  'obproxyCluster.noneRuns': [
    'No OBProxy of cluster {name} is RUNNING. Start one first.',
    'OBProxy 集群 {name} 中没有 RUNNING 状态的 OBProxy。请先启动。',
  ],
  'parameters.notAsked': [
    '{where} did not answer: {why}. It is told by the task, or by a refresh',
    '{where} 没有响应：{why}。将由任务或刷新操作告知',
  ],
  'parameters.nobodyAsked': ['none was asked', '未询问任何 OBProxy'],
  'parameters.nobodyAnswers': [
    'No OBProxy of cluster {name} could be asked for its parameters: {reasons}. Nothing was changed; send the request again when one answers.',
    '无法向集群 {name} 的任何 OBProxy 查询参数：{reasons}。未做任何更改；请在有 OBProxy 响应后重新发送请求。',
  ],
  'parameters.unknownToSome': [
    'Some OBProxies of the cluster do not know {name}: it is recorded for them as drift',
    '集群中部分 OBProxy 没有参数 {name}：将记录为差异',
  ],
  'parameters.needRestart': [
    '{names} take effect when an OBProxy restarts: until then it shows them as parameterDrift. Ask for it by "restart", or restart the OBProxies later.',
    '{names} 在 OBProxy 重启后生效：此前显示为 parameterDrift。可通过“restart”要求重启，或稍后重启 OBProxy。',
  ],
  'parameters.record': ['record the parameters of the cluster', '记录集群的参数'],
  'parameters.noneProposed': ['what this task is to record is no longer there', '本任务要记录的内容已不存在'],
  'parameters.recorded': [
    'The parameters of the cluster are recorded, version {version}',
    '集群参数已记录，版本 {version}',
  ],
  'parameters.takenBack': ['The parameters of the cluster are what they were before', '集群参数已恢复为原值'],
  'parameters.undo': ['undo the change of parameters', '撤销参数变更'],
  'parameters.formerForgotten': [
    'the last step has already forgotten the former values of its OBProxy',
    '最后一步已清除该 OBProxy 的原参数值',
  ],
  'parameters.nextChangeBack': [
    'Every OBProxy has the new values: abandon the task, and change the parameters back by a request of its own.',
    '各 OBProxy 已使用新参数值：请放弃任务，并通过新的请求将参数改回。',
  ],
  'parameters.notRecorded': ['No parameters were recorded', '未记录任何参数'],
  'parameters.waits': [
    '{name}: the process works with {value} until it restarts; {wished} is stored',
    '{name}：进程在重启之前使用 {value}；已保存 {wished}',
  ],
  'parameters.unknownHere': [
    '{name}: this version of OBProxy has no such parameter; the cluster wants {wished}',
    '{name}：该版本的 OBProxy 没有此参数；集群期望的值为 {wished}',
  ],
  'parameters.allThere': [
    'It shows all {count} parameters of the cluster as they are recorded',
    '其显示的 {count} 个集群参数均与记录一致',
  ],
  'parameters.wouldSet': ['{count} parameters would be set: {changes}', '将设置 {count} 个参数：{changes}'],
  'password.bothKept': [
    'The new password of root@proxysys is kept beside the recorded one until every OBProxy takes it',
    'root@proxysys 的新密码与已记录的密码一并保存，直到所有 OBProxy 都接受新密码',
  ],
  'password.stillBoth': [
    'Not every OBProxy was seen to take the recorded password: {said}. Both passwords stay known',
    '未能确认所有 OBProxy 均接受已记录的密码：{said}。两个密码均保留',
  ],
  'password.formerEverywhere': [
    'Every OBProxy takes the recorded password; the new one is forgotten',
    '所有 OBProxy 均接受已记录的密码；新密码已删除',
  ],
  'password.read': ['read the new password of root@proxysys', '读取 root@proxysys 的新密码'],
  'password.noneOffered': ['it is no longer there', '新密码已不存在'],
  'password.recordedAlready': ['it is the recorded one already', '新密码已成为已记录的密码'],
  'password.hasIt': ['{where} takes the password already', '{where} 已接受该密码'],
  'password.changed': [
    '{where} takes the password, and refuses the former one',
    '{where} 接受该密码，并拒绝原密码',
  ],
  'password.proveFormer': ['log in with the former password', '使用原密码登录'],
  'password.formerTaken': ['the OBProxy still takes it', '该 OBProxy 仍然接受原密码'],
  'password.recorded': [
    'Every OBProxy takes the new password of root@proxysys: it is the recorded one, the former is forgotten',
    '所有 OBProxy 均接受 root@proxysys 的新密码：新密码已记录，原密码已删除',
  ],
  'password.notRecorded': ['The new password is not recorded yet', '新密码尚未记录'],
  'password.undoRecord': ['undo the change of the password', '撤销密码修改'],
  'password.formerForgotten': [
    'every OBProxy has the new password, and the former one is forgotten',
    '所有 OBProxy 均已使用新密码，原密码已删除',
  ],
  'next.changePasswordAgain': [
    'Retry the task, and change the password again by another request.',
    '请重试任务，并通过另一个请求再次修改密码。',
  ],
  'password.letsIn': ['It lets root@proxysys in', '允许 root@proxysys 登录'],
} as const satisfies Record<string, Pair>;
