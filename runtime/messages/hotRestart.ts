/** What a hot restart of an OBProxy says. */
import type { Pair } from '../../workflows/text';

export const HOT_RESTART = {
  'hot.restart': ['restart OBProxy hot', '热重启 OBProxy'],
  'hot.cannotUse': ['{user} cannot use {what}', '{user} 无法使用 {what}'],
  'hot.putProgram': [
    'Put the program of the package there and retry.',
    '请将软件包中的程序放回该位置后重试。',
  ],
  'hot.programSays': [
    '{program} -V with an empty environment, as {user}, says: {said} (exit code {code})',
    '以 {user} 在空环境下运行 {program} -V 的输出：{said}（退出码 {code}）',
  ],
  'hot.saysNothing': ['nothing', '无'],
  'hot.repairProgram': [
    'Repair the program or its libraries: the new process would end at once.',
    '请修复程序或其动态库：否则新进程会立即退出。',
  ],
  'hot.otherVersion': ['{program} is {found}, not {version}', '{program} 的版本为 {found}，而不是 {version}'],
  'hot.putVersion': [
    'Put the program of the wanted version there and retry.',
    '请将所需版本的程序放到该位置后重试。',
  ],
  'hot.tooOld': [
    'OBProxy {version} cannot hand over to a new process: 3.2.1 is the first that can',
    'OBProxy {version} 无法将服务移交给新进程：该能力从 3.2.1 开始提供',
  ],
  'hot.coldOrReplace': [
    'Restart it without hotRestart; or delete it and add it again with a newer package.',
    '请不带 hotRestart 重启；或者删除后用更新的软件包重新添加。',
  ],
  'hot.underWay': [
    "the proxy is in {state} and {accepts}: somebody else's hot restart is under way",
    'OBProxy 处于 {state} 状态，{accepts}：另一个热重启正在进行',
  ],
  'hot.takesSessions': ['takes sessions', '仍接受新会话'],
  'hot.takesNone': ['takes no new sessions', '不再接受新会话'],
  'hot.triedAgain': [
    'It is tried again; see log/obproxy.log of the proxy when it lasts.',
    '将会重试；如果一直如此，请查看 OBProxy 的 log/obproxy.log。',
  ],
  'hot.noListener': [
    '{seen} in {home} listens on port {port}, where an OBProxy answers (pid {pid})',
    '{home} 中的{seen}监听端口 {port}，而该端口上有 OBProxy 响应（PID {pid}）',
  ],
  'hot.noProcess': ['no process', '没有进程'],
  'hot.unknownPid': ['unknown', '未知'],
  'hot.seeAndRetry': ['See what runs there and retry.', '请查看那里运行的是什么，然后重试。'],
  'hot.asked': [
    'Asked pid {pid} to hand over to a new process; it looks for commands every {seconds} s',
    '已要求进程 {pid} 将服务移交给新进程；它每 {seconds} 秒检查一次命令',
  ],
  'hot.silentChild': [
    '{process} was started and serves nobody, and was not taken back either',
    '{process} 已启动，但既不提供服务，也没有被收回',
  ],
  'hot.endChild': [
    'End pid {pid} (kill -9): the former process serves again then; look for the cause and retry.',
    '请结束进程 {pid}（kill -9），原进程随后会恢复服务；查明原因后重试。',
  ],
  'hot.childEnded': [
    'the new process ended, and pid {pid} serves as before; log/obproxy.log says: {lines}',
    '新进程已退出，进程 {pid} 照常服务；log/obproxy.log 内容：{lines}',
  ],
  'hot.lookBefore': [
    'Look into log/obproxy.log before that line for the reason, repair it and retry.',
    '请在 log/obproxy.log 中该行之前查找原因，修复后重试。',
  ],
  'hot.ignored': [
    'pid {pid} was told {times} times to hand over, and no new process was seen: it dropped the command, or what it started ended at once',
    '已 {times} 次要求进程 {pid} 移交服务，但没有看到新进程：命令被丢弃，或者新进程立即退出',
  ],
  'hot.seeLog': [
    'See log/obproxy.log of the proxy for "local cmd" and "sub process exit" (syslog_level INFO), then retry, or restart it without hotRestart.',
    '请在 OBProxy 的 log/obproxy.log 中查找 “local cmd” 和 “sub process exit”（syslog_level 为 INFO），然后重试，或者不带 hotRestart 重启。',
  ],
  'hot.gone': [
    'pid {pid} is gone, and nobody has started the proxy again',
    '进程 {pid} 已不存在，且没有人重新启动 OBProxy',
  ],
  'hot.startIt': ['Start it, or restart it without hotRestart.', '请启动它，或者不带 hotRestart 重启。'],
  'hot.serves': [
    '{process} serves on port {port}, inherited from pid {pid}',
    '{process} 在端口 {port} 上提供服务，该端口继承自进程 {pid}',
  ],
  'hot.startedAnew': [
    'pid {pid} ended by itself and {process} was started anew (a crash, or a reboot of the host): the sessions it had are lost',
    '进程 {pid} 自行结束，{process} 是重新启动的（崩溃或主机重启）：原有会话已丢失',
  ],
  'hot.stillOurs': [
    'nobody answers on port {port}, so hot_upgrade_rollback_timeout is still {ours}, not {former}',
    '端口 {port} 没有响应，因此 hot_upgrade_rollback_timeout 仍为 {ours}，而不是 {former}',
  ],
  'hot.timeoutBack': [
    'hot_upgrade_rollback_timeout is {value} again',
    'hot_upgrade_rollback_timeout 已恢复为 {value}',
  ],
  'hot.formerLeft': ['The former process (pid {pid}) has left', '原进程（PID {pid}）已退出'],
  'hot.formerStays': [
    'The former process (pid {pid}) still has {open} connections of clients and leaves by itself {until}; nobody else is sent to it',
    '原进程（PID {pid}）仍有 {open} 个客户端连接，{until}自行退出；不会再有新连接进入',
  ],
  'hot.within': ['within {seconds} s', '将在 {seconds} 秒内'],
  'hot.withLast': [
    'when the last of them ends (hot_upgrade_exit_timeout is -1)',
    '将在最后一个连接结束后（hot_upgrade_exit_timeout 为 -1）',
  ],
  'hot.formerLeaving': ['pid {pid} lets its sessions end', '进程 {pid} 正在等待其会话结束'],
} as const satisfies Record<string, Pair>;
