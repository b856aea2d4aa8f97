import type { Pair } from '../../workflows/text';

/** What is said of a hot restart of an OBProxy. */
export const HOT_RESTART = {
  'hot.restart': ['restart OBProxy hot', '热重启 OBProxy'],
  'hot.cannotUse': ['{user} cannot use {missing}', '{user} 无法使用 {missing}'],
  'hot.folder': ['the folder {path}', '目录 {path}'],
  'hot.programSays': [
    '{program} -V with an empty environment, as {user}, says: {said} (exit code {code})',
    '以 {user} 身份在空环境中执行 {program} -V，输出：{said}（退出码 {code}）',
  ],
  'hot.otherVersion': ['{program} is {found}, not {version}', '{program} 的版本是 {found}，而不是 {version}'],
  'hot.tooOld': [
    'OBProxy {version} cannot hand over to a new process: 3.2.1 is the first that can',
    'OBProxy {version} 无法交接给新进程：3.2.1 是第一个支持的版本',
  ],
  'hot.underWay': [
    "the proxy is in {state}: somebody else's hot restart is under way",
    '该 OBProxy 处于 {state}：他人发起的热重启正在进行',
  ],
  'hot.underWayClosed': [
    "the proxy is in {state} and takes no new sessions: somebody else's hot restart is under way",
    '该 OBProxy 处于 {state} 且不接受新会话：他人发起的热重启正在进行',
  ],
  'hot.supervised': ['{who} would take a hot restart for a crash', '{who} 会把热重启当作崩溃'],
  'hot.parentOf': ['{parent}, whose child is {child},', '{parent}（其子进程为 {child}）'],
  'hot.noneInHome': ['no process of the proxy lives in {home}', '{home} 中没有该 OBProxy 的进程'],
  'next.startInstead': ['Start it instead.', '请改为启动它。'],
  'hot.programIs': ['{program} is {version}', '{program} 的版本为 {version}'],
  'hot.programAlone': [
    '{program} is {version} with an empty environment',
    '{program} 在空环境下的版本为 {version}',
  ],
  'hot.canNow': [
    'It can hand over now; {count} sessions of clients go on',
    '它现在可以交接；{count} 个客户端会话将继续',
  ],
  'hot.can': [
    'The proxy can hand over; {count} sessions of clients go on',
    '该 OBProxy 可以交接；{count} 个客户端会话将继续',
  ],
  'hot.servedAllTheTime': [
    'The proxy has served all the time, in the former process or in the new one',
    '该 OBProxy 一直在服务，由原进程或新进程提供',
  ],
  'hot.noProcess': ['no process', '没有进程'],
  'hot.notListening': [
    '{seen} in {home} listens on port {port}, where an OBProxy answers (pid {pid})',
    '{home} 中 {seen} 监听端口 {port}，而该端口有 OBProxy 应答（pid {pid}）',
  ],
  'hot.unknownPid': ['unknown', '未知'],
  'hot.asked': [
    'Asked pid {pid} to hand over to a new process; it looks for commands every {seconds} s',
    '已要求 pid {pid} 交接给新进程；它每 {seconds} 秒查看一次命令',
  ],
  'hot.hangs': [
    '{process} was started and serves nobody, and was not taken back either',
    '{process} 已启动但未提供服务，也未被撤回',
  ],
  'hot.childEnded': [
    'the new process ended, and pid {pid} serves as before; log/obproxy.log says: {said}',
    '新进程已退出，pid {pid} 仍照常服务；log/obproxy.log 记录：{said}',
  ],
  'hot.ignored': [
    'pid {pid} was told {times} times to hand over, and no new process was seen: it dropped the command, or what it started ended at once',
    '已 {times} 次要求 pid {pid} 移交服务，但没有看到新进程：命令被丢弃，或者新进程立即退出',
  ],
  'hot.gone': [
    'pid {pid} is gone, and nobody has started the proxy again',
    'pid {pid} 已不存在，且无人重新启动该 OBProxy',
  ],
  'hot.inherited': [
    '{process} serves on port {port}, inherited from pid {pid}',
    '{process} 在端口 {port} 上服务，该端口继承自 pid {pid}',
  ],
  'hot.startedAnew': [
    'pid {pid} ended by itself and {process} was started anew (a crash, or a reboot of the host): the sessions it had are lost',
    'pid {pid} 自行退出，{process} 被重新启动（崩溃或主机重启）：其原有会话已丢失',
  ],
  'hot.timeoutStays': [
    '{text}; nobody answers on port {port}, so hot_upgrade_rollback_timeout is still {now}, not {former}',
    '{text}；端口 {port} 无人应答，因此 hot_upgrade_rollback_timeout 仍为 {now}，而不是 {former}',
  ],
  'hot.timeoutBack': [
    'hot_upgrade_rollback_timeout is {value} again',
    'hot_upgrade_rollback_timeout 已恢复为 {value}',
  ],
  'hot.formerLeft': ['The former process (pid {pid}) has left', '原进程（pid {pid}）已退出'],
  'hot.formerStays': [
    'The former process (pid {pid}) still has {open} connections of clients and leaves by itself {until}; nobody else is sent to it',
    '原进程（pid {pid}）仍有 {open} 个客户端连接，将{until}自行退出；不会再有新连接进入',
  ],
  'hot.within': ['within {seconds} s', '在 {seconds} 秒内'],
  'hot.whenEmpty': [
    'when the last of them ends (hot_upgrade_exit_timeout is -1)',
    '在最后一个连接结束时（hot_upgrade_exit_timeout 为 -1）',
  ],
  'next.putProgram': [
    'Put the program of the package there and retry.',
    '请将软件包中的程序放到该处，然后重试。',
  ],
  'next.putWantedProgram': [
    'Put the program of the wanted version there and retry.',
    '请将所需版本的程序放到该处，然后重试。',
  ],
  'next.repairProgram': [
    'Repair the program or its libraries: the new process would end at once.',
    '请修复该程序或其依赖库：否则新进程会立即退出。',
  ],
  'next.coldOrReplace': [
    'Restart it without hotRestart; or delete it and add it again with a newer package.',
    '请不带 hotRestart 重启；或将其删除并用更新的软件包重新添加。',
  ],
  'next.hotAgainSoon': [
    'It is tried again; see log/obproxy.log of the proxy when it lasts.',
    '系统会再次尝试；若持续如此，请查看该 OBProxy 的 log/obproxy.log。',
  ],
  'next.coldOrSupervisor': [
    'Restart it without hotRestart, or let its supervisor do it.',
    '请不带 hotRestart 重启，或由其监管程序重启。',
  ],
  'next.seeWhatRuns': ['See what runs there and retry.', '请查看那里运行的是什么，然后重试。'],
  'next.endChild': [
    'End pid {pid} (kill -9): the former process serves again then; look for the cause and retry.',
    '请结束 pid {pid}（kill -9）：之后原进程会恢复服务；请查明原因后重试。',
  ],
  'next.lookBeforeLine': [
    'Look into log/obproxy.log before that line for the reason, repair it and retry.',
    '请在 log/obproxy.log 中该行之前查找原因，修复后重试。',
  ],
  'next.coldOrRetry': [
    'See log/obproxy.log of the proxy for "local cmd"; restart it without hotRestart, or retry.',
    '请在该 OBProxy 的 log/obproxy.log 中查找 "local cmd"；不带 hotRestart 重启，或重试。',
  ],
  'next.startIt': [
    'Start it (start, or restart without hotRestart).',
    '请将其启动（start，或不带 hotRestart 的 restart）。',
  ],
} as const satisfies Record<string, Pair>;
