import type { Pair } from '../../workflows/text';

/** What tasks on existing OBProxies say: stopping, starting, restarting, deleting. */
export const LIFE = {
  'home.othersFiles': [
    'Not of the program or its package, so it stays in {home}: {names}',
    '不属于该程序及其软件包，因此保留在 {home} 中：{names}',
  ],
  'package.notInstalled': ['{package} is not installed', '{package} 未安装'],
  'keeper.unit': ['the unit {unit} of systemd', 'systemd 的 unit {unit}'],
  'keeper.unitNotEnabled': ['the unit {unit} of systemd (not enabled)', 'systemd 的 unit {unit}（未启用）'],
  'keeper.ofObflow': ['the keeper of obflow', 'obflow 的守护脚本'],
  'keeper.script': ['obproxyd.sh in {cwd}', '{cwd} 中的 obproxyd.sh'],
  'keeper.stopped': ['Stopped {keeper}, also for the next boot', '已停止 {keeper}，主机重启后也不再启动'],
  'keeper.nobody': ['Nobody keeps this proxy', '没有守护该 OBProxy 的程序'],
  'keeper.stop': ['stop {keeper}', '停止 {keeper}'],
  'keeper.start': ['start {keeper}', '启动 {keeper}'],
  'keeper.enable': ['enable the unit {unit}', '启用 unit {unit}'],
  'keeper.atWork': ['{keeper} is at work', '{keeper} 正在运行'],
  'keeper.started': ['Started {keeper}', '已启动 {keeper}'],
  'keeper.noneAsBefore': [
    'Nobody starts this proxy again when it dies, as before: obflow did not install it',
    '该 OBProxy 退出后无人重新启动，与之前相同：它不是由 obflow 安装的',
  ],
  'obproxy.stop': ['stop OBProxy', '停止 OBProxy'],
  'obproxy.severalLive': [
    '{count} proxies live in {home}: {processes}',
    '{home} 中有 {count} 个 OBProxy：{processes}',
  ],
  'next.endTheOther': [
    'After a hot restart wait until the former process has left, else end the one that is not meant; then retry.',
    '热重启后请等待原进程退出，否则请结束不需要的那一个，然后重试。',
  ],
  'sessions.untold': [
    'The proxy tells nobody of its sessions: {reason}',
    '无法得知该 OBProxy 的会话：{reason}',
  ],
  'sessions.atOnce': ['Ending {process} at once: {why}', '立即结束 {process}：{why}'],
  'sessions.noAnswer': ['it does not answer', '它没有应答'],
  'sessions.none': ['no client has a session', '没有客户端会话'],
  'sessions.open': ['{count} sessions of clients are open', '有 {count} 个客户端会话'],
  'sessions.cut': ['{open} and are cut, as documented for this operation', '{open}，按该操作的说明将被中断'],
  'sessions.tooOld': ['{open}, and {version} cannot end gently', '{open}，而 {version} 不支持平滑退出'],
  'sessions.parent': [
    '{open}, and a gentle end would signal its parent {pid}',
    '{open}，而平滑退出会向其父进程 {pid} 发送信号',
  ],
  'sessions.mayEnd': [
    '{open}: their transactions may end within {seconds} s, then they are cut; new logins hang meanwhile',
    '{open}：其事务可在 {seconds} 秒内结束，之后会话被中断；期间新的登录会挂起',
  ],
  'sessions.longer': [
    'hot_upgrade_exit_timeout asks for more (-1: for ever); a stop waits {seconds} s at most',
    'hot_upgrade_exit_timeout 的值更大（-1 表示无限）；停止最多等待 {seconds} 秒',
  ],
  'obproxy.noProcessLeft': ['No process of the proxy is left', '该 OBProxy 已没有进程'],
  'process.signalled': ['Sent SIG{signal} to pid {pid}', '已向进程 {pid} 发送 SIG{signal}'],
  'obproxy.comesBack': [
    'pid {pid} was ended, and another one lives in {home}: {chain}',
    '进程 {pid} 已结束，而 {home} 中又有另一个进程：{chain}',
  ],
  'next.stopWhoStarts': [
    'Stop who starts it again (a script, a unit, a supervisor), then retry.',
    '请停止重新启动它的程序（脚本、unit 或守护进程），然后重试。',
  ],
  'process.isGone': ['pid {pid} is gone', '进程 {pid} 已退出'],
  'process.letsEnd': ['pid {pid} lets its sessions end', '进程 {pid} 正在等待其会话结束'],
  'process.afterKill': [
    '{processes} is there {seconds} s after SIGKILL (it waits for a disk or a network file system)',
    '发送 SIGKILL {seconds} 秒后 {processes} 仍在（它在等待磁盘或网络文件系统）',
  ],
  'next.lookAtProcess': ['Look at this process and retry.', '请检查该进程后重试。'],
  'next.lookAtProcessAndRollBack': ['Look at this process and roll back again.', '请检查该进程后重新回滚。'],
  'sessions.unitCuts': [
    '{count} sessions of clients are open: systemd ends the proxy with its unit, and they are cut',
    '有 {count} 个客户端会话：systemd 会随 unit 结束该 OBProxy，这些会话将被中断',
  ],
  'process.othersGoOn': [
    'Other proxies of the host go on: {processes}',
    '主机上的其他 OBProxy 继续运行：{processes}',
  ],
  'offline.untold': ['OBProxy {ip} cannot be told: {reason}', '无法通知 OBProxy {ip}：{reason}'],
  'offline.unknown': [
    'OBProxy {ip} {version} knows no offline command',
    'OBProxy {ip} {version} 没有下线命令',
  ],
  'offline.told': [
    'OBProxy {ip} tells load balancers that it takes no new work',
    'OBProxy {ip} 已告知负载均衡不再接受新请求',
  ],
  'offline.emptied': [
    'OBProxy {ip} is {status}: its clients have left',
    'OBProxy {ip} 的状态为 {status}：客户端已离开',
  ],
  'offline.over': [
    'OBProxy {ip} is {status} after its time: {count} sessions are open',
    '到时间后 OBProxy {ip} 的状态为 {status}：仍有 {count} 个会话',
  ],
  'offline.online': ['OBProxy {ip} takes new work', 'OBProxy {ip} 接受新请求'],
  'obproxy.prepareStart': ['prepare the start of OBProxy', '为启动 OBProxy 做准备'],
  'next.putConfigurationBack': [
    'Put the file back from a backup and retry; or delete this OBProxy and add it again.',
    '请从备份恢复该文件后重试；或删除该 OBProxy 后重新添加。',
  ],
  'obproxy.noConfiguration': [
    'there is no {file}, and without it the proxy is another one',
    '没有 {file}，缺少它启动的将是另一个 OBProxy',
  ],
  'next.installAgain': [
    'Install the package again, or delete this OBProxy and add it again.',
    '请重新安装软件包，或删除该 OBProxy 后重新添加。',
  ],
  'obproxy.cannotUse': ['{user} cannot use {path}', '{user} 无法使用 {path}'],
  'obproxy.tellsNoVersion': ['no version: {said}', '没有版本：{said}'],
  'next.putVersionBack': [
    'Put the program of the recorded version back and retry.',
    '请放回所记录版本的程序后重试。',
  ],
  'obproxy.programIs': [
    '{home}/bin/obproxy is {found}, recorded is {version}',
    '{home}/bin/obproxy 为 {found}，记录的版本为 {version}',
  ],
  'obproxy.homeHolds': [
    '{home} holds OBProxy {version} with its configuration',
    '{home} 中有 OBProxy {version} 及其配置',
  ],
  'obproxy.notInInventory': ['The inventory does not hold the proxy any more', '清单中已没有该 OBProxy'],
  'host.notContacted': ['{ip} is not contacted, as asked', '按要求不连接 {ip}'],
  'obproxy.noneLives': ['No process of the proxy lives in {home}', '{home} 中没有该 OBProxy 的进程'],
  'obproxy.nowhereToGo': [
    'No other proxy of cluster {cluster} is RUNNING: its clients have nowhere to go',
    '集群 {cluster} 中没有其他 RUNNING 的 OBProxy：其客户端无处可去',
  ],
  'obproxy.removeFiles': ['remove the files of the proxy in {home}', '删除 {home} 中该 OBProxy 的文件'],
  'obproxy.notOurs': [
    'obflow did not install this proxy: its home {home} and its package stay on {ip}; only what obflow put there is removed',
    '该 OBProxy 不是由 obflow 安装的：其目录 {home} 和软件包保留在 {ip} 上，只删除 obflow 放置的内容',
  ],
  'home.tooShort': ['a home has at least two parts', '目录至少应有两级'],
  'next.correctRecord': ['Correct the record of this proxy.', '请更正该 OBProxy 的记录。'],
  'process.worksThere': ['{processes} works there', '{processes} 正在其中工作'],
  'next.endAndRetry': ['End it and retry.', '请结束它后重试。'],
  'next.repairOrClean': [
    'Repair the cause and retry, or clean it by hand and skip.',
    '请排除原因后重试，或手工清理后跳过。',
  ],
  'home.cleaned': [
    'Configuration, logs and traces of the proxy in {home} are removed',
    '{home} 中该 OBProxy 的配置、日志和痕迹已删除',
  ],
  'package.notOurs': [
    'obflow did not install this proxy: its package stays',
    '该 OBProxy 不是由 obflow 安装的：其软件包保留',
  ],
  'host.remains': [
    '{ip} is not contacted, as asked: on the host remain the proxy with its keeper, its home {home}, its package and {folder}; clean them by hand',
    '按要求不连接 {ip}：主机上仍有该 OBProxy 及其守护程序、目录 {home}、软件包和 {folder}，请手工清理',
  ],
  'obproxy.startingByUnit': [
    'Starting it by the unit {unit}, which has kept it',
    '通过守护它的 unit {unit} 启动',
  ],
  'obproxy.runsOnAfterUndo': [
    'The proxy was not stopped before this task: it runs on',
    '任务开始前该 OBProxy 不是停止状态：保持运行',
  ],
  'obproxy.stoppedAsBefore': [
    'The proxy is stopped, as before; its configuration stays',
    '该 OBProxy 已停止，与之前相同；其配置保留',
  ],
  'parameters.waited': ['{count} parameters have waited for this restart', '{count} 个参数因本次重启生效'],
  'obproxy.notEnded': [
    'This task has not ended the proxy, nothing to undo',
    '该任务没有结束 OBProxy，无需回滚',
  ],
  'obproxy.hotLosesNone': [
    'A hot restart loses no session: the proxies go on taking requests',
    '热重启不会丢失会话：OBProxy 继续接受请求',
  ],
  'obproxy.othersRunning': [
    '{count} other proxies of cluster {cluster} are RUNNING',
    '集群 {cluster} 中另有 {count} 个 OBProxy 为 RUNNING',
  ],
  'obproxy.noneRuns': ['No process of the proxy runs', '没有该 OBProxy 的进程'],
  'process.runsNow': ['{process} runs', '{process} 正在运行'],
  'host.packageRemains': [
    '{ip} is not contacted, as asked: the package remains',
    '按要求不连接 {ip}：软件包保留',
  ],
  'obproxy.stillRunsKept': ['The proxy still runs, and its keeper too', '该 OBProxy 及其守护程序仍在运行'],
  'obproxy.undoRemoval': ['undo the removal of the proxy', '撤销对该 OBProxy 的删除'],
  'obproxy.removedAlready': [
    'it is stopped, and its configuration may be gone',
    '它已停止，其配置可能已删除',
  ],
  'next.endDeletion': [
    'Retry, so that the deletion ends; then add the proxy again. Or abandon the task.',
    '请重试以完成删除，然后重新添加该 OBProxy；或放弃任务。',
  ],
  'loadBalancers.none': ['No load balancers are recorded, nothing to do', '没有记录负载均衡，无需处理'],
  'obproxy.forgotten': ['The inventory holds OBProxy {ids} no more', '清单中已没有 OBProxy {ids}'],
  'obproxy.noTarget': ['The proxy is no target of Prometheus', '该 OBProxy 不再是 Prometheus 的采集目标'],
  'locks.prove': ['prove that nobody else works on the cluster', '确认没有其他任务操作该集群'],
  'locks.none': ['task {task} holds no lock', '任务 {task} 没有持有锁'],
  'next.abandonAndSend': ['Abandon the task and send the request again.', '请放弃任务后重新发送请求。'],
  'locks.held': ['This task holds {locks} until it ends', '该任务持有 {locks}，直到结束'],
  'locks.freeSoon': ['{locks} is free again as soon as this task has ended', '任务结束后 {locks} 即被释放'],
  'keeper.staysAfterUndo': [
    'The proxy was not stopped before this task: its keeper stays',
    '任务开始前该 OBProxy 不是停止状态：其守护程序保留',
  ],
  'offline.notActive': [
    'OBProxy {ip} does not say ACTIVE: load balancers that ask for it may leave it out',
    'OBProxy {ip} 未报告 ACTIVE：据此判断的负载均衡可能不转发给它',
  ],
  'offline.countOnline': ['{count} OBProxies take new work', '{count} 个 OBProxy 接受新请求'],
  'obproxyCluster.gone': [
    'The inventory holds OBProxy cluster {cluster} no more',
    '清单中已没有 OBProxy 集群 {cluster}',
  ],
  'obproxyCluster.isGone': [
    'the inventory holds OBProxy cluster {cluster} no more',
    '清单中已没有 OBProxy 集群 {cluster}',
  ],
  'obproxyCluster.delete': ['delete OBProxy cluster {cluster}', '删除 OBProxy 集群 {cluster}'],
  'obproxyCluster.hasProxies': ['it still has OBProxy {ids}', '其中仍有 OBProxy {ids}'],
  'next.deleteProxies': ['Delete these OBProxies, then retry.', '请先删除这些 OBProxy，然后重试。'],
  'obproxyCluster.undoDelete': ['undo the deletion of the cluster', '撤销对集群的删除'],
  'next.abandonOrSkipUndo': [
    'Abandon the task, or skip this undo; create the cluster again if it is needed.',
    '请放弃任务或跳过该回滚；如仍需要请重新创建集群。',
  ],
  'parameters.behind': [
    'The proxy has parameter version {has}, its cluster {cluster}: it lacks changes that were made while it was away',
    '该 OBProxy 的参数版本为 {has}，集群为 {cluster}：缺少其停止期间的变更',
  ],
  'process.childOf': ['{process}, child of {parent}', '{process}，其父进程 {parent}'],
  'keeper.nobodyKeeps': ['Nobody keeps it', '没有守护它的程序'],
  'keeper.keptBy': ['Kept by {keepers}', '由 {keepers} 守护'],
  'keeper.keptAfterwards': ['Kept afterwards by {keepers}', '之后由 {keepers} 守护'],
  'process.othersAlone': [
    'Other proxies of the host are left alone: {processes}',
    '不影响主机上的其他 OBProxy：{processes}',
  ],
  'sessions.seen': [
    '{count} sessions of clients are open; their transactions may take {seconds} s to end',
    '有 {count} 个客户端会话；其事务可用 {seconds} 秒结束',
  ],
  'ports.free': ['Ports {ports} are free', '端口 {ports} 空闲'],
  'admin.readSessions': ['read the sessions of OBProxy', '读取 OBProxy 的会话'],
  'admin.readStatus': ['read the status of OBProxy', '读取 OBProxy 的状态'],
  'admin.readLocalCommand': ['read proxy_local_cmd of OBProxy', '读取 OBProxy 的 proxy_local_cmd'],
  'admin.localCommand': ['give OBProxy the local command {command}', '向 OBProxy 发送本地命令 {command}'],
  'process.signal': ['send SIG{signal} to pid {pid}', '向进程 {pid} 发送 SIG{signal}'],
  'next.checkSignalCommands': [
    'Check that cat, readlink and kill are on the host, and that the login (or sudo) is root.',
    '请检查主机上是否有 cat、readlink 和 kill，以及登录（或 sudo）是否为 root。',
  ],
  'hosts.free': ['free the hosts', '释放主机'],
  'hosts.stillRecorded': ['OBProxy {ids} is still recorded there', '其中仍记录有 OBProxy {ids}'],
  'next.retryDeleteInfo': ['Retry the subtask that deletes what is recorded.', '请重试删除记录的子任务。'],
  'hosts.areFree': ['{count} hosts are free of OBProxies', '{count} 台主机上已没有 OBProxy'],
} as const satisfies Readonly<Record<string, Pair>>;
