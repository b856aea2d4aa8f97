import type { Pair } from '../../workflows/text';

/** What to do next: whole sentences, the last of what a trouble says. */
export const NEXT = {
  'next.otherTemporal': [
    'Correct TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, or bring the data of the former Temporal back; only when that is gone for good, start with OBFLOW_ACCEPT_TEMPORAL={id}, which ends these tasks as FAILED.',
    '请更正 TEMPORAL_ADDRESS 和 TEMPORAL_NAMESPACE，或恢复原 Temporal 的数据；仅当其已无法恢复时，才使用 OBFLOW_ACCEPT_TEMPORAL={id} 启动，这些任务将以 FAILED 结束。',
  ],
  'next.stopThemAndRetry': ['Stop them and retry.', '请停止它们后重试。'],
  'next.declare': ['Declare it with `obflow apply`.', '请用 `obflow apply` 声明。'],
  'next.checkCluster': [
    'Check the cluster, and that the worker reaches the SQL ports of its root servers.',
    '请检查集群，并确认 worker 能访问其 RootServer 的 SQL 端口。',
  ],
  'next.repairOrGrant': [
    'Repair the cause (the user {username} needs ALTER SYSTEM and SELECT ON oceanbase.*) and retry.',
    '请排除原因（用户 {username} 需要 ALTER SYSTEM 和 SELECT ON oceanbase.* 权限）后重试。',
  ],
  'next.childByHand': [
    'Do what it was to do by hand and skip this subtask, or roll this task back, or abandon it.',
    '请手工完成其工作后跳过该子任务，或回滚本任务，或放弃本任务。',
  ],
  'next.checkPlan': [
    'Check the plan of the task; a task made by this version always holds it.',
    '请检查任务的计划；本版本生成的任务总会包含它。',
  ],
  'next.removedByWhom': [
    'Look at what has removed it; the task cannot work on it any more.',
    '请查明是谁删除了它；任务无法再对其操作。',
  ],
  'next.declareMachine': [
    'Declare the machine as a host with `obflow apply` and retry.',
    '请用 `obflow apply` 将该机器声明为主机后重试。',
  ],
  'next.parentEnded': ['Nothing is submitted for a task that is over.', '任务结束后不再提交任何任务。'],
  'next.waitForTask': ['Wait until that task has ended and retry.', '请等待该任务结束后重试。'],
  'next.endChildFirst': ['Roll back or abandon task {id} first.', '请先回滚或放弃任务 {id}。'],
  'next.childStays': [
    'What it did stays: skip this undo to leave it.',
    '其结果会保留：如需保留，请跳过此撤销。',
  ],
  'next.whoRemoved': ['Look at what has removed it.', '请查明是谁删除了它。'],
  'next.bringTo': [
    'It must be {statuses}: bring it there and retry.',
    '其状态必须为 {statuses}：请将其置为该状态后重试。',
  ],
  'next.lookAtTask': ['Look at that task, then retry.', '请查看该任务，然后重试。'],
  'next.installCommands': ['Install {commands} on the host and retry.', '请在主机上安装 {commands} 后重试。'],
  'next.stopOrTakeOver': [
    'Stop it and retry, or take over what runs.',
    '请停止它后重试，或接管正在运行的进程。',
  ],
  'next.sendAgain': ['Send the request again.', '请重新发送请求。'],
  'next.moveAway': ['Move {path} away (or delete it) and retry.', '请将 {path} 移走（或删除）后重试。'],
  'next.whyKilled': [
    'Look why rpm is killed on this host, then retry.',
    '请查明该主机上 rpm 为何被杀死，然后重试。',
  ],
  'next.repairRpm': ['Repair what rpm complains about and retry.', '请排除 rpm 报告的问题后重试。'],
  'next.checkRpmDatabase': ['Check the rpm database of the host.', '请检查该主机的 rpm 数据库。'],
  'next.rpmVerify': [
    'Look at rpm -V {package}, then remove the package (rpm -e) and retry.',
    '请查看 rpm -V {package}，然后删除该软件包（rpm -e）并重试。',
  ],
  'next.takeNoexecOff': [
    'Take noexec off {point} (/etc/fstab, then mount -o remount,exec {point}), or use a package whose home lies elsewhere, then retry.',
    '请去掉 {point} 的 noexec（修改 /etc/fstab，然后 mount -o remount,exec {point}），或使用安装路径在别处的软件包，然后重试。',
  ],
  'next.eraseDamaged': [
    'Remove it (rpm -e {package}) after saving what you need from {home}, then retry.',
    '请先保存 {home} 中需要的内容，再删除它（rpm -e {package}），然后重试。',
  ],
  'next.stopAndRollBack': ['Stop it and roll back again.', '请停止它后再次回滚。'],
  'next.repairRpmAndRollBack': [
    'Repair what rpm complains about and roll back again.',
    '请排除 rpm 报告的问题后再次回滚。',
  ],
  'next.uploadAndRollBack': ['Upload {file} and roll back again.', '请上传 {file} 后再次回滚。'],
  'next.uploadAgain': ['Upload {file} again.', '请重新上传 {file}。'],
  'next.abandonTakeOver': [
    'The proxy serves in its cluster: abandon the task. Or skip this undo and the ones that fail: the proxy leaves the cluster and keeps the passwords and parameters it has.',
    '该 OBProxy 正在集群中提供服务：请放弃任务。或跳过此撤销及失败的撤销：该 OBProxy 将离开集群，并保留现有的密码和参数。',
  ],
  'next.useRoot': [
    'Use root, or a login that may run everything by sudo without a password.',
    '请使用 root，或可免密码通过 sudo 执行任何命令的用户。',
  ],
  'next.createUser': ['Create it: useradd -m {user}', '请创建该用户：useradd -m {user}'],
  'next.lookAtFileSystem': ['Look at the file system of {home}.', '请检查 {home} 所在的文件系统。'],
  'next.freeSpace': ['Free some space and retry.', '请释放空间后重试。'],
  'next.mountForWriting': ['Mount it for writing.', '请以可写方式挂载。'],
  'next.letUserEnter': [
    'Let the user {user} enter it (chmod o+x {path}, or its owner or group), then retry.',
    '请允许用户 {user} 进入该目录（chmod o+x {path}，或调整其属主或属组），然后重试。',
  ],
  'next.giveToUser': [
    'Give it to the user: chown -R {user} {path}',
    '请将其交给该用户：chown -R {user} {path}',
  ],
  'next.uploadForSystem': [
    "Upload the package for the host's system and add the proxy again.",
    '请上传适合该主机系统的软件包，然后重新添加 OBProxy。',
  ],
  'next.stopOrOtherPorts': [
    'Stop that service and retry, or add the proxy with other ports.',
    '请停止该服务后重试，或使用其他端口添加 OBProxy。',
  ],
  'next.addAfterDeletion': [
    'Wait for that task, then add the proxy again.',
    '请等待该任务结束，然后重新添加 OBProxy。',
  ],
  'next.installRpm': ['Install rpm on the host and retry.', '请在主机上安装 rpm 后重试。'],
  'next.checkExporter': [
    'Check that the proxy runs and that no other process holds its exporter port.',
    '请确认 OBProxy 正在运行，且没有其他进程占用其 exporter 端口。',
  ],
  'next.stopAndRetry': ['Stop it and retry.', '请停止它后重试。'],
  'next.stopServiceAndRetry': ['Stop that service and retry.', '请停止该服务后重试。'],
  'next.repairAndRetry': ['Repair the cause and retry.', '请排除原因后重试。'],
  'next.stopProcessAndRetry': ['Stop that process and retry.', '请停止该进程后重试。'],
  'next.freePort': [
    'Free the port, stop the proxy (its keeper starts it again) and retry.',
    '请释放该端口，停止 OBProxy（其守护进程会重新启动它），然后重试。',
  ],
  'next.endByHand': ['End it by hand and roll back again.', '请手工结束它，然后再次回滚。'],
  'next.removeParameter': [
    'Remove it from the cluster, or install a version that knows it.',
    '请从集群中去掉该参数，或安装支持它的版本。',
  ],
  'next.checkParameter': [
    'Check that the value is within the range of the parameter (a wrong one is replaced by the default at start); then restart the proxy or correct the value, and retry.',
    '请检查参数值是否在取值范围内（错误的值会在启动时被替换为默认值）；然后重启 OBProxy 或修正该值，并重试。',
  ],
  'next.repairFolder': ['Repair the folder and retry.', '请修复该目录后重试。'],
  'next.moveEtcOrTakeOver': [
    'Move {home}/etc away (or delete it) and retry, or take that proxy over.',
    '请将 {home}/etc 移走（或删除）后重试，或接管该 OBProxy。',
  ],
  'next.lookAtFolder': ['Look at this folder on the host.', '请检查主机上的该目录。'],
  'next.removeParameterOrNewer': [
    'Remove the parameter from the cluster, or use OBProxy 4.1 or later.',
    '请从集群中去掉该参数，或使用 4.1 及以上版本的 OBProxy。',
  ],
  'next.reachRootServers': [
    'The worker must reach the SQL ports of the root servers directly; check network and addresses.',
    'worker 必须能直接访问 RootServer 的 SQL 端口；请检查网络和地址。',
  ],
  'next.anotherPassword': [
    'Give {username} another password in OceanBase, declare it with `obflow apply`, and retry.',
    '请在 OceanBase 中为 {username} 设置另一个密码，用 `obflow apply` 声明，然后重试。',
  ],
  'next.correctCredential': [
    'Correct the password of the credential of {username} with `obflow apply`, or set that password in OceanBase, and retry.',
    '请用 `obflow apply` 修正 {username} 凭据的密码，或在 OceanBase 中设置该密码，然后重试。',
  ],
  'next.correctBoth': [
    'Correct the passwords of {username} and {sys} with `obflow apply` and retry.',
    '请用 `obflow apply` 修正 {username} 和 {sys} 的密码，然后重试。',
  ],
  'next.checkObCluster': [
    'Check the OceanBase cluster; the step is tried again.',
    '请检查 OceanBase 集群；该步骤会再次尝试。',
  ],
  'next.noSuchView': [
    'No grant is missing: this server has no such view. Check that the root servers declared for {cluster} are OceanBase (2.2 or later) and fully bootstrapped, and retry.',
    '并不缺少授权：该服务器没有此视图。请确认为 {cluster} 声明的 RootServer 是已完成 bootstrap 的 OceanBase（2.2 或更高版本），然后重试。',
  ],
  'next.grantSelect': [
    'Grant it: GRANT SELECT ON oceanbase.* TO {user}',
    '请授权：GRANT SELECT ON oceanbase.* TO {user}',
  ],
  'next.declareAs': [
    'Declare it as "{own}" with `obflow apply`, and link that one.',
    '请用 `obflow apply` 将其声明为“{own}”，并关联该名称。',
  ],
  'next.samePassword': [
    'Give proxyro the same password in them and declare it with `obflow apply`{or}; then retry.',
    '请在这些集群中为 proxyro 设置相同的密码，用 `obflow apply` 声明{or}；然后重试。',
  ],
  'next.orNewerObproxy': [', or use OBProxy 4.0 or later', '，或使用 4.0 及以上版本的 OBProxy'],
  'next.createCluster': ['Create the cluster again.', '请重新创建该集群。'],
  'next.addByBatch': ['Add the proxy again by batchAdd.', '请用 batchAdd 重新添加 OBProxy。'],
  'next.chooseOtherHost': ['Choose another host.', '请选择另一台主机。'],
  'next.uploadAndAdd': [
    'Upload the package again and add the proxy again.',
    '请重新上传软件包并重新添加 OBProxy。',
  ],
  'next.useObproxyPackage': ['Use a package of OBProxy.', '请使用 OBProxy 的软件包。'],
  'next.declareObCluster': [
    'Declare the OceanBase cluster with `obflow apply`.',
    '请用 `obflow apply` 声明该 OceanBase 集群。',
  ],
  'next.stopFirstOrTakeOver': ['Stop it first, or take the proxy over.', '请先停止它，或接管该 OBProxy。'],
  'next.setOneSlot': [
    'Set one of them to the password of {username} yourself, or empty it, and retry.',
    '请自行将其中一个设置为 {username} 的密码，或将其清空，然后重试。',
  ],
  'next.anotherRootPassword': [
    'Give root@proxysys another password, declare it as said in the documentation, and retry.',
    '请为 root@proxysys 设置另一个密码，按文档所述声明，然后重试。',
  ],
  'next.skipRootPassword': [
    "Skip this undo; root@proxysys keeps the cluster's password until you set another.",
    '请跳过此撤销；在您另行设置之前，root@proxysys 保留集群的密码。',
  ],
  'next.checkObproxyAndRetry': [
    'Check that an OBProxy answers on this port, and retry.',
    '请确认该端口上响应的是 OBProxy，然后重试。',
  ],
  'next.checkObproxy': ['Check that an OBProxy answers on this port.', '请确认该端口上响应的是 OBProxy。'],
  'next.startAndRetry': ['Start it and retry.', '请启动它后重试。'],
  'next.lookedForAgain': [
    'It is looked for again; start the proxy if it stays away, then retry.',
    '将再次查找；如果 OBProxy 一直不在，请启动它，然后重试。',
  ],
  'next.declarePassword': [
    'Declare the right password with `obflow apply` as a credential "{credential}" of kind DATABASE, username root@proxysys, then retry.',
    '请用 `obflow apply` 将正确的密码声明为 DATABASE 类型的凭据“{credential}”，用户名 root@proxysys，然后重试。',
  ],
  'next.nameSqlPort': [
    'Name the SQL port of a running OBProxy, or start it and retry.',
    '请指定正在运行的 OBProxy 的 SQL 端口，或启动它后重试。',
  ],
  'next.shortOfMemoryOrTime': [
    'It is tried again; look whether the host is short of memory, or sudo ends what takes long (command_timeout in /etc/sudoers).',
    '将再次尝试；请检查主机是否内存不足，或 sudo 是否会结束耗时较长的命令（/etc/sudoers 中的 command_timeout）。',
  ],
  'next.shortOfMemory': [
    'It is tried again; look whether the host is short of memory.',
    '将再次尝试；请检查主机是否内存不足。',
  ],
  'next.startAsUser': [
    'Stop it, give its home to that user (chown -R {runUser} {path}), start it as {runUser}, and retry.',
    '请停止它，将其目录交给该用户（chown -R {runUser} {path}），以 {runUser} 用户启动它，然后重试。',
  ],
  'next.endTwin': [
    'End the one that is not meant (after a hot restart, wait until the former process has left), then retry.',
    '请结束不需要的那个（热重启之后请等待旧进程退出），然后重试。',
  ],
  'next.deleteThereFirst': [
    'Delete it there first, or choose another host.',
    '请先在那里删除它，或选择另一台主机。',
  ],
  'next.cancelDeletionOrWait': [
    "Decide: ALTER SYSTEM CANCEL DELETE SERVER '{address}', or wait until it is gone; then retry.",
    "请决定：执行 ALTER SYSTEM CANCEL DELETE SERVER '{address}'，或等待其删除完成；然后重试。",
  ],
  'next.startObserver': [
    'Look at {home}/log/observer.log, start it as {user} (cd {home} && ./bin/observer) and retry.',
    '请查看 {home}/log/observer.log，以 {user} 用户启动它（cd {home} && ./bin/observer），然后重试。',
  ],
  'next.checkObflowDatabase': [
    'Check the database of obflow and the connection to it; the step is tried again.',
    '请检查 obflow 的数据库及其连接；将重试该步骤。',
  ],
  'next.askedAgain': [
    'It is asked again; check that the root service reaches the RPC port of the server.',
    '将再次查询；请确认 RootService 能访问该服务器的 RPC 端口。',
  ],
  'next.moveAwayOrOtherHost': [
    'Move away what is there, or choose another host, and retry.',
    '请移走其中的内容，或选择另一台主机，然后重试。',
  ],
  'next.moveItAway': ['Move it away and retry.', '请将其移走后重试。'],
  'next.emptyFolders': [
    'An observer starts only in empty folders: empty them, retry.',
    'observer 只能在空目录中启动：请清空目录后重试。',
  ],
  'next.undoStartFirst': ['Undo its start first, then roll back again.', '请先撤销其启动，然后再次回滚。'],
  'next.repairThis': ['Repair this and retry.', '请修复后重试。'],
  'next.declareVersion': [
    "Declare the cluster's version, upload its package and send the request again.",
    '请声明集群的版本，上传相应的软件包，然后重新发送请求。',
  ],
  'next.uploadIt': ['Upload it and retry.', '请上传后重试。'],
  'next.sameEdition': [
    'Upload the package of the same edition, delete this one, and send the request again.',
    '请上传相同版本类型的软件包，删除这一个，然后重新发送请求。',
  ],
  'next.startZone': ['Start the zone and retry.', '请启动该 Zone 后重试。'],
  'next.lookAtLog': ['Look at its log and retry.', '请查看其日志后重试。'],
  'next.giveAddress': ['Give the host that address, then retry.', '请为主机配置该地址，然后重试。'],
  'next.moveEtc': [
    'Move {home}/etc away (or delete it) and retry.',
    '请将 {home}/etc 移走（或删除）后重试。',
  ],
  'next.chownHome': ['Stop it, chown its home, and retry.', '请停止它，修改其目录的属主，然后重试。'],
  'next.logWhenServing': ['Look at its log; retry when it serves.', '请查看其日志；待其提供服务后重试。'],
  'next.cancelDeletion': [
    'Cancel the deletion (CANCEL DELETE SERVER) and retry.',
    '请取消删除（CANCEL DELETE SERVER）后重试。',
  ],
  'next.lookAtObserverLog': [
    'Look at {home}/log/observer.log and retry.',
    '请查看 {home}/log/observer.log 后重试。',
  ],
  'next.nameById': ['Name one of them by its own id.', '请用其自身的 ID 指定其中一台。'],
  'next.chooseOfCluster': ['Choose a server of the cluster.', '请选择该集群的服务器。'],
  'next.uploadAndSend': ['Upload the package and send the request again.', '请上传软件包后重新发送请求。'],
  'next.undoAddFirst': [
    'Undo "Add observer" first (DELETE SERVER, and wait until it is gone), then roll back again.',
    '请先撤销“Add observer”（DELETE SERVER，并等待其完成），然后再次回滚。',
  ],
  'next.lookAtCluster': ['Look at the cluster and retry.', '请查看集群后重试。'],
  'next.askedWhetherDone': ['It is asked again whether it took effect.', '将再次查询是否已生效。'],
  'next.startOthers': [
    'Start the servers that are stopped in another zone, or repair the replicas that are behind; then retry.',
    '请启动其他 Zone 中已停止的服务器，或修复落后的副本；然后重试。',
  ],
  'next.setOfflineTime': [
    "ALTER SYSTEM SET {name} = '3600s', then retry.",
    "请执行 ALTER SYSTEM SET {name} = '3600s'，然后重试。",
  ],
  'next.processAgain': ['Look at this process and try again.', '请检查该进程，然后重试。'],
  'next.otherHostForObserver': [
    'Choose another host: the home of an observer has no version, so one host holds one observer.',
    '请选择另一台主机：observer 的安装路径不含版本，因此一台主机只能有一个 observer。',
  ],
  'next.repairMount': [
    'Repair the cause (a file system that is read-only, a mount that is busy) and roll back again.',
    '请排除原因（文件系统只读、挂载点被占用等），然后再次回滚。',
  ],
  'next.declareHost': ['Declare the host with `obflow apply`.', '请用 `obflow apply` 声明该主机。'],
  'next.whoDeleted': ['Look who deleted it, then retry.', '请查明是谁删除了它，然后重试。'],
  'next.wasToBe': [
    'It was to be {status}: look who has changed it, then retry.',
    '其状态本应为 {status}：请查明是谁改变了它，然后重试。',
  ],
  'next.both': ['{one} {other}', '{one}{other}'],
  'next.lookAtProfile': [
    'Look at what a script of {user} meets on the host (/etc/profile, /etc/profile.d), then retry.',
    '请检查主机上 {user} 的脚本会遇到什么（/etc/profile、/etc/profile.d），然后重试。',
  ],
  'next.setMaxSessions': [
    'Set MaxSessions in /etc/ssh/sshd_config of the host to 10 (1 is the least) and reload sshd; the next attempt makes a new connection.',
    '请将主机 /etc/ssh/sshd_config 中的 MaxSessions 设置为 10（至少为 1）并重新加载 sshd；下次尝试会建立新的连接。',
  ],
  'next.lookAtSshLog': [
    'Look into the SSH server’s log on the host; the next attempt makes a new connection.',
    '请查看主机上 SSH 服务的日志；下次尝试会建立新的连接。',
  ],
  'next.checkHostAndNetwork': [
    'Check that the host runs and the network between; what was started there goes on and is looked for at the next attempt.',
    '请确认主机正在运行以及网络是否正常；已在主机上启动的操作会继续，下次尝试时会查找它。',
  ],
  'next.checkUname': ['Check that uname works on the host.', '请确认主机上的 uname 可用。'],
  'next.checkSpaceForUpload': [
    'Check the free space on the host; the upload starts again at the next attempt.',
    '请检查主机的可用空间；下次尝试会重新上传。',
  ],
  'next.lookAtFile': ['Look at this file on the host.', '请检查主机上的该文件。'],
  'next.checkSpaceAndOwner': [
    'Check free space, permissions and the owner’s account on the host, then retry.',
    '请检查主机上的可用空间、权限以及属主账号，然后重试。',
  ],
  'next.setNewPassword': [
    'Set a new password of {user} on the host (passwd {user}) or let it not expire (chage -M -1 -E -1 {user}), correct the credential, then retry.',
    '请在主机上为 {user} 设置新密码（passwd {user}）或使其不过期（chage -M -1 -E -1 {user}），修正凭据，然后重试。',
  ],
  'next.takeSecondFactorOff': [
    'Take the second factor off this account (AuthenticationMethods in /etc/ssh/sshd_config, PAM in /etc/pam.d/sshd), then retry.',
    '请取消该账号的双因素认证（/etc/ssh/sshd_config 中的 AuthenticationMethods，/etc/pam.d/sshd 中的 PAM），然后重试。',
  ],
  'next.lookAtPam': [
    "Look into the host's log (journalctl -u sshd, /var/log/secure): PAM refuses the account {user} (pam_access in /etc/security/access.conf, pam_nologin, an expired account), or AllowUsers and the like in /etc/ssh/sshd_config; then retry.",
    '请查看主机日志（journalctl -u sshd，/var/log/secure）：PAM 拒绝账号 {user}（/etc/security/access.conf 中的 pam_access、pam_nologin、账号过期），或 /etc/ssh/sshd_config 中的 AllowUsers 等限制；然后重试。',
  ],
  'next.allowSetting': [
    'Set {setting} yes (and PermitRootLogin, for root) in /etc/ssh/sshd_config of the host, or use a credential of another kind; then retry.',
    '请在主机的 /etc/ssh/sshd_config 中设置 {setting} yes（root 还需 PermitRootLogin），或使用其他类型的凭据；然后重试。',
  ],
  'next.correctLogin': [
    "Correct the credential, or the host's authorized keys and account (PermitRootLogin and AllowUsers in /etc/ssh/sshd_config; its login shell must be a program that is there), apply the inventory file again, then retry.",
    '请修正凭据，或主机的 authorized_keys 及账号（/etc/ssh/sshd_config 中的 PermitRootLogin 和 AllowUsers；其登录 shell 必须是存在的程序），重新应用清单文件，然后重试。',
  ],
  'next.shortenBanner': [
    'Shorten the text that sshd shows before a login (Banner in /etc/ssh/sshd_config) to less than 32 KB and reload sshd, then retry.',
    '请将 sshd 在登录前显示的文本（/etc/ssh/sshd_config 中的 Banner）缩短到 32 KB 以内并重新加载 sshd，然后重试。',
  ],
  'next.allowAlgorithms': [
    'Allow current key exchange, cipher and host key algorithms in the host’s sshd_config.',
    '请在主机的 sshd_config 中允许当前的密钥交换、加密和主机密钥算法。',
  ],
  'next.raiseLoginSeconds': [
    'Its login takes longer than OBFLOW_SSH_LOGIN_SECONDS ({seconds}): set UseDNS no in /etc/ssh/sshd_config, look at PAM (/etc/pam.d/sshd) and the name servers of the host, or raise the setting.',
    '其登录时间超过 OBFLOW_SSH_LOGIN_SECONDS（{seconds}）：请在 /etc/ssh/sshd_config 中设置 UseDNS no，检查主机的 PAM（/etc/pam.d/sshd）和域名服务器，或调大该设置。',
  ],
  'next.checkSshServer': [
    'Check that the host runs, that its SSH server listens on this port, and the network between.',
    '请确认主机正在运行、其 SSH 服务监听该端口，以及网络正常。',
  ],
  'next.pinKey': [
    'If the host was reinstalled on purpose, set its hostKey to {shown} in the inventory file and run `obflow apply`; otherwise somebody stands between.',
    '如果主机是有意重装的，请在清单文件中将其 hostKey 设置为 {shown} 并运行 `obflow apply`；否则可能存在中间人攻击。',
  ],
  'next.checkProc': ['Check that /proc is mounted on the host.', '请确认主机上已挂载 /proc。'],
  'next.checkSpaceOfRoot': [
    'Check the free space and the permissions of {folder} on the host; the step is tried again.',
    '请检查主机上 {folder} 的可用空间和权限；该步骤会再次尝试。',
  ],
  'next.waitedForAgain': [
    'It goes on; the next attempt waits for it again.',
    '它会继续运行；下次尝试会再次等待它。',
  ],
  'next.lookAtProcesses': ['Look at these processes on the host.', '请检查主机上的这些进程。'],
  'next.removeByHand': ['Remove it by hand if it stays.', '如果它仍然存在，请手工删除。'],
  'next.checkProcAndCommands': [
    'Check that /proc is mounted, that grep, find and getent are on the host, and that the login (or sudo) is root.',
    '请确认主机上已挂载 /proc，具备 grep、find 和 getent，并且登录用户（或 sudo）为 root。',
  ],
  'next.installRpmThenRetry': ['Install rpm on the host, then retry.', '请在主机上安装 rpm，然后重试。'],
  'next.rebuildRpmDatabase': [
    'Repair the rpm database of the host (rpm --rebuilddb; rpm -qa must list its packages), then retry.',
    '请修复主机的 rpm 数据库（rpm --rebuilddb；rpm -qa 应能列出其软件包），然后重试。',
  ],
  'next.checkLoadAndShell': [
    'Check the load of the host, and what stands in the way of a shell: {forced}. It is tried again.',
    '请检查主机的负载，以及是什么妨碍了 shell：{forced}。将再次尝试。',
  ],
  'next.checkLoad': [
    'Check the load of the host; the step is tried again.',
    '请检查主机的负载；该步骤会再次尝试。',
  ],
  'next.setNewPasswordIfAny': [
    'Set a new password of {account} on the host (passwd {account}) or let it not expire (chage -M -1 {account}), correct the credential if it is one with a password, then retry.',
    '请在主机上为 {account} 设置新密码（passwd {account}）或使其不过期（chage -M -1 {account}），如果凭据使用密码则修正凭据，然后重试。',
  ],
  'next.giveShell': [
    'Give {user} a shell on the host (usermod -s /bin/bash {user}), then retry.',
    '请在主机上为 {user} 设置 shell（usermod -s /bin/bash {user}），然后重试。',
  ],
  'next.installSudo': [
    'Install sudo on the host, or let root log in, then retry.',
    '请在主机上安装 sudo，或允许 root 登录，然后重试。',
  ],
  'next.allowSudo': [
    'Allow {login} to run sh as {user} by sudo without a password and without a terminal (NOPASSWD, !requiretty in /etc/sudoers).',
    '请允许 {login} 通过 sudo 免密码、无需终端地以 {user} 用户运行 sh（/etc/sudoers 中的 NOPASSWD、!requiretty）。',
  ],
  'next.checkUserShell': [
    'Check that the user {user} exists on the host and may run a shell.',
    '请确认主机上存在用户 {user}，且该用户可以运行 shell。',
  ],
  'next.takeObstacleAway': [
    'Take away what stands in the way of a shell for {login}: {forced}; then retry.',
    '请排除妨碍 {login} 使用 shell 的原因：{forced}；然后重试。',
  ],
  'next.allowTunnels': [
    'Set AllowTcpForwarding local in /etc/ssh/sshd_config of the host (DisableForwarding no, no PermitOpen) and reload sshd, then retry.',
    '请在主机的 /etc/ssh/sshd_config 中设置 AllowTcpForwarding local（DisableForwarding no，不设置 PermitOpen）并重新加载 sshd，然后重试。',
  ],
  'next.checkService': [
    'Check that the service runs and listens on this port.',
    '请确认服务正在运行并监听该端口。',
  ],
  'next.whyNoAddress': [
    'Find out why OceanBase lists something that is no address, before anything else is done with this cluster.',
    '请先查明 OceanBase 为何列出不是地址的内容，再对该集群进行任何操作。',
  ],
  'next.correctSysUser': [
    'Correct the username of its credential with `obflow apply`, e.g. root@sys, and retry.',
    '请用 `obflow apply` 修正其凭据的用户名，例如 root@sys，然后重试。',
  ],
  'next.checkObproxyProcess': [
    'Check that the process runs and see its log/obproxy.log.',
    '请确认进程正在运行，并查看其 log/obproxy.log。',
  ],
  'next.removeFromCluster': [
    'This version of OBProxy has no such parameter: remove it from the cluster.',
    '该版本的 OBProxy 没有此参数：请从集群中去掉它。',
  ],
  'next.correctValue': [
    'Correct the value; `show proxyconfig` tells the allowed range.',
    '请修正该值；`show proxyconfig` 会给出允许的范围。',
  ],
  'next.seeObproxyLog': ['See log/obproxy.log of the proxy.', '请查看该 OBProxy 的 log/obproxy.log。'],
  'next.writeAsShown': [
    'Write the value in the form that OBProxy shows, or choose one within its range.',
    '请按 OBProxy 显示的形式书写该值，或选择取值范围内的值。',
  ],
  'next.upgradeFirst': ['Upgrade it to {oldest} or later first.', '请先将其升级到 {oldest} 或更高版本。'],
  'next.ownFamily': [
    'Take it over into a cluster of its own family, or upgrade it first.',
    '请将其接管到同一版本系列的集群，或先将其升级。',
  ],
  'next.portAltered': [
    'Its port was altered and takes effect at the next restart: set it back (alter proxyconfig set listen_port) or restart the proxy, then retry.',
    '其端口已被修改，将在下次重启后生效：请改回（alter proxyconfig set listen_port）或重启 OBProxy，然后重试。',
  ],
  'next.givenPort': [
    'Take it over with the port it has, or without naming one.',
    '请使用其现有端口接管，或不指定端口。',
  ],
  'next.sameMode': ['Take it over into a cluster of work mode {mode}.', '请将其接管到 {mode} 方式的集群。'],
  'next.sameLinks': [
    'Take it over into the OBProxy cluster that is linked to the same OceanBase clusters.',
    '请将其接管到关联相同 OceanBase 集群的 OBProxy 集群。',
  ],
  'next.giveSshCredential': [
    'Give the host an SSH key or password with `obflow apply`.',
    '请用 `obflow apply` 为该主机指定 SSH 密钥或密码。',
  ],
  'next.setDatabaseUrl': [
    'Set OBFLOW_DATABASE_URL to file:/path/obflow.db or postgres://user:password@host/database.',
    '请将 OBFLOW_DATABASE_URL 设置为 file:/path/obflow.db 或 postgres://user:password@host/database。',
  ],
  'next.runNewer': [
    'Run {newer}, or restore the backup that was made before the upgrade.',
    '请运行 {newer}，或恢复升级之前的备份。',
  ],
  'next.stopAll': [
    'Stop every API and worker of it, then run this again.',
    '请停止使用它的所有 API 和 worker，然后重新运行。',
  ],
  'next.otherWriter': ['Try again; another writer holds it.', '请重试；另一个写入者正占用它。'],
  'next.checkDatabaseRuns': ['Check that it is running, then try again.', '请确认它正在运行，然后重试。'],
  'next.checkDatabaseLogin': [
    'Check user, password and database name in OBFLOW_DATABASE_URL.',
    '请检查 OBFLOW_DATABASE_URL 中的用户、密码和数据库名。',
  ],
  'next.freeDiskSpace': ['Free disk space, then try again.', '请释放磁盘空间，然后重试。'],
  'next.checkFileOwner': [
    'Check that the file and its folder belong to the user obflow runs as.',
    '请确认该文件及其目录属于运行 obflow 的用户。',
  ],
  'next.restoreFile': ['Restore the file from a backup.', '请从备份恢复该文件。'],
  'next.restoreKeyOrSet': [
    'Restore the file from a backup, or set OBFLOW_MASTER_KEY_FILE to its place.',
    '请从备份恢复该文件，或将 OBFLOW_MASTER_KEY_FILE 设置为其位置。',
  ],
  'next.chmodKey': ['Run: chmod 600 {file}', '请运行：chmod 600 {file}'],
  'next.giveKeyFile': [
    'Give the file to the user obflow runs as.',
    '请将该文件的属主设置为运行 obflow 的用户。',
  ],
  'next.restoreKey': [
    'Restore the file from a backup; a new key can be made with: openssl rand -base64 32',
    '请从备份恢复该文件；可用以下命令生成新密钥：openssl rand -base64 32',
  ],
  'next.setKeyFile': [
    'Set OBFLOW_MASTER_KEY_FILE to a place this user may write.',
    '请将 OBFLOW_MASTER_KEY_FILE 设置为该用户可写的位置。',
  ],
  'next.declareAgain': [
    'Declare it again with `obflow apply`, or restore the database.',
    '请用 `obflow apply` 重新声明，或恢复数据库。',
  ],
  'next.setOwnKeyFile': [
    'Set OBFLOW_MASTER_KEY_FILE to the key file that belongs to this database.',
    '请将 OBFLOW_MASTER_KEY_FILE 设置为属于该数据库的密钥文件。',
  ],
  'next.listClusters': [
    'List the clusters with GET /api/v2/obproxy/clusters.',
    '请用 GET /api/v2/obproxy/clusters 列出集群。',
  ],
  'next.checkProxysys': [
    'OBProxy answers the same for a wrong password and for an address it does not allow: check the password of root@proxysys, and that the connection reaches the proxy from 127.0.0.1 (sshd must allow TCP forwarding).',
    'OBProxy 对错误的密码和不允许的地址返回相同的响应：请检查 root@proxysys 的密码，并确认连接是从 127.0.0.1 到达 OBProxy 的（sshd 必须允许 TCP 转发）。',
  ],
  'next.whatEndsScripts': [
    'Look what ends scripts of {username} there (/etc/profile.d, ~/.bashrc, ulimits in /etc/security/limits.conf, noexec in /etc/sudoers).',
    '请检查是什么结束了 {username} 的脚本（/etc/profile.d、~/.bashrc、/etc/security/limits.conf 中的 ulimit、/etc/sudoers 中的 noexec）。',
  ],
  'next.raiseMaxSessions': [
    '{named}: set MaxSessions 10 in {file} and reload sshd, for speed.',
    '{named}：请在 {file} 中设置 MaxSessions 10 并重新加载 sshd，以提高速度。',
  ],
  'next.mountOrMake': [
    'Mount it for writing (/etc/fstab, mount -o remount,rw), or make it.',
    '请以可写方式挂载（/etc/fstab，mount -o remount,rw），或创建它。',
  ],
  'next.freeSpaceIn': [
    'Free some space there (df -h {folder}, df -i {folder}).',
    '请释放其中的空间（df -h {folder}、df -i {folder}）。',
  ],
  'next.liftLimit': [
    'Lift the limit: ulimit in ~/.bashrc and /etc/profile.d, /etc/security/limits.conf.',
    '请放宽该限制：~/.bashrc 和 /etc/profile.d 中的 ulimit，以及 /etc/security/limits.conf。',
  ],
  'next.silenceShell': [
    'Silence ~/.bashrc (and /etc/profile.d) of {username} for shells that are not interactive: what they print stands before the first word of SFTP. Or set Subsystem sftp internal-sftp in {file}{named}.',
    '请让 {username} 的 ~/.bashrc（以及 /etc/profile.d）在非交互式 shell 中不输出：其输出会出现在 SFTP 的第一个字之前。或在 {file} 中设置 Subsystem sftp internal-sftp{named}。',
  ],
  'next.setSubsystem': [
    'Set Subsystem sftp internal-sftp in {file}{named} and reload sshd, for speed.',
    '请在 {file} 中设置 Subsystem sftp internal-sftp{named}并重新加载 sshd，以提高速度。',
  ],
  'next.allowForwarding': [
    '{named}: set AllowTcpForwarding local in {file} and reload sshd.',
    '{named}：请在 {file} 中设置 AllowTcpForwarding local 并重新加载 sshd。',
  ],
  'next.installNc': [
    'Install nc (nmap-ncat) on the host, or {next}',
    '请在主机上安装 nc（nmap-ncat），或者：{next}',
  ],
  'next.takeNoexecOffIn': [
    'Take noexec off {point} (in /etc/fstab, then mount -o remount,exec {point}), or use a package whose home lies elsewhere.',
    '请去掉 {point} 的 noexec（修改 /etc/fstab，然后 mount -o remount,exec {point}），或使用安装路径在别处的软件包。',
  ],
  'next.checkDate': ['Check the command date on the host.', '请检查主机上的 date 命令。'],
  'next.setByNtp': [
    'Set both by NTP (/etc/chrony.conf, chronyc tracking, timedatectl): times of tasks and signatures depend on it.',
    '请用 NTP 校准双方的时钟（/etc/chrony.conf，chronyc tracking，timedatectl）：任务时间和签名都依赖它。',
  ],
  'next.installRpmOnHost': ['Install rpm on the host.', '请在主机上安装 rpm。'],
  'next.repairRpmDatabase': [
    'Repair /var/lib/rpm (rpm --rebuilddb; rpm -qa must list its packages).',
    '请修复 /var/lib/rpm（rpm --rebuilddb；rpm -qa 应能列出其软件包）。',
  ],
  'next.installCore': [
    'Install {names} (coreutils, findutils, grep, util-linux, glibc-common).',
    '请安装 {names}（coreutils、findutils、grep、util-linux、glibc-common）。',
  ],
  'next.fewerHosts': ['Ask for fewer hosts at a time.', '请减少单次请求的主机数量。'],
  'next.ownNamespace': [
    'Give every obflow database a Temporal namespace (or data folder) of its own, then send the request again.',
    '请为每个 obflow 数据库指定各自的 Temporal namespace（或数据目录），然后重新发送请求。',
  ],
  'next.permitAddress': [
    'Correct the address with `obflow apply`; or permit it in the settings of API and workers, start them again, and retry.',
    '请用 `obflow apply` 修正该地址；或在 API 和 worker 的设置中允许它，重新启动它们，然后重试。',
  ],
  'next.whyNoAccounts': [
    'Look why the host cannot look up accounts (id, /etc/nsswitch.conf, its directory service), then retry.',
    '请查明主机为何无法查询账号（id、/etc/nsswitch.conf、其目录服务），然后重试。',
  ],
  'next.installIp': [
    'Install the command ip (iproute), then retry.',
    '请安装 ip 命令（iproute），然后重试。',
  ],
  'next.restoreNote': [
    'Look what has damaged it (a full or broken disk), restore it, or delete it and undo by hand what obflow did there.',
    '请查明是什么损坏了它（磁盘已满或故障），恢复它，或将其删除并手工撤销 obflow 在那里所做的操作。',
  ],
  'next.endAndAskForFewer': [
    'Roll this task back, or abandon it, and ask for fewer hosts at a time.',
    '请回滚本任务，或放弃它，并减少单次请求的主机数量。',
  ],
  'next.lookAtCommand': ['Look at that command on the host, then retry.', '请检查主机上的该命令，然后重试。'],
  'next.thenRetry': ['{next} Then retry.', '{next}然后重试。'],
  'next.thenPushUrl': [
    '{next} Then run `obflow proxy push-url` and retry.',
    '{next}然后运行 `obflow proxy push-url` 并重试。',
  ],
  'next.unknownToProxy': [
    'The proxy does not know that cluster: {next} Then run `obflow proxy push-url` and retry.',
    '该 OBProxy 不知道该集群：{next}然后运行 `obflow proxy push-url` 并重试。',
  ],
  'next.acceptUser': [
    "Let OceanBase accept that user from the address of the proxy (ob_tcp_invited_nodes, the user's host part), and retry.",
    '请让 OceanBase 接受来自 OBProxy 地址的该用户（ob_tcp_invited_nodes、用户的主机部分），然后重试。',
  ],
  'next.declareOwnName': [
    'Declare it with `obflow apply` by the name it has (parameter cluster), and link that one.',
    '请用 `obflow apply` 以其实际名称（参数 cluster）声明它，并关联该名称。',
  ],
  'next.acceptProxyro': [
    'Let OceanBase accept proxyro from the address of the proxy (ob_tcp_invited_nodes), and give the proxy its password: retry "Set obproxy user and password for connect", then this.',
    '请让 OceanBase 接受来自 OBProxy 地址的 proxyro（ob_tcp_invited_nodes），并把密码交给 OBProxy：先重试“Set obproxy user and password for connect”，再重试本子任务。',
  ],
  'next.reachSqlPorts': [
    'Let {ip} reach the SQL ports of {name} ({servers}), and retry.',
    '请让 {ip} 能访问 {name} 的 SQL 端口（{servers}），然后重试。',
  ],
  'next.letRootLook': [
    'Repair what keeps root from looking at {path} and retry.',
    '请排除妨碍 root 查看 {path} 的原因，然后重试。',
  ],
  'next.thenLink': ['Then link that one.', '然后关联该名称。'],
  'next.endsAndStarts': [
    'It is tried again; look whether the proxy ends and starts again all the time.',
    '将再次尝试；请检查该 OBProxy 是否不断地退出和启动。',
  ],
  'next.setPublicUrl': [
    'Set OBFLOW_PUBLIC_URL of API and workers to an address of the API that hosts reach (and OBFLOW_LISTEN so that it listens there), let firewalls pass it, and start them again.',
    '请将 API 和 worker 的 OBFLOW_PUBLIC_URL 设置为主机能访问的 API 地址（并设置 OBFLOW_LISTEN 使其在该地址监听），让防火墙放行，然后重新启动它们。',
  ],
  'next.installCurl': [
    'Install curl on the host, or see for yourself that it reaches that address.',
    '请在主机上安装 curl，或自行确认它能访问该地址。',
  ],
  'next.plainAddress': [
    'Give OBProxies a plain address: http:// before one of OBFLOW_LISTEN, and that one as OBFLOW_PUBLIC_URL.',
    '请为 OBProxy 提供非加密地址：在 OBFLOW_LISTEN 的某个地址前加 http://，并将其作为 OBFLOW_PUBLIC_URL。',
  ],
  'next.repairPath': [
    'Repair what stands in the way (a broken mount, rights of a folder above, links in a circle, a missing command), then retry.',
    '请排除妨碍的原因（挂载损坏、上级目录权限、循环链接、缺少命令），然后重试。',
  ],
  'next.restartCold': ['Restart it without hotRestart.', '请不带 hotRestart 重启。'],
} as const satisfies Record<string, Pair>;
