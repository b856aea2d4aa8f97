import type { Pair } from '../../workflows/text';

/** What is said when an OceanBase cluster is made, or is deleted with all of its data. */
export const OB_CREATION = {
  'creation.prepare': ['prepare the cluster that is to be made', '准备创建集群'],
  'creation.ofOthers': ['another task has brought this cluster', '该集群由其他任务创建或接管'],
  'creation.begins': [
    'Cluster {name} is to be made of {servers} servers in {zones} zones',
    '集群 {name} 将由 {zones} 个 Zone 中的 {servers} 个 OBServer 组成',
  ],
  'creation.oneZone': [
    'One zone: the cluster is down when it is, and none of its servers can be stopped alone.',
    '只有一个 Zone：该 Zone 故障时集群不可用，且不能单独停止其中的 OBServer。',
  ],
  'creation.evenZones': [
    '{count} zones bear the loss of no more zones than {count} less one would.',
    '{count} 个 Zone 所能容忍的 Zone 故障数并不比少一个 Zone 时更多。',
  ],
  'obCluster.nameTaken': [
    'There is a cluster of the name "{name}" already (id {id}). Choose another name.',
    '名为“{name}”的集群已存在（ID {id}）。请更换名称。',
  ],
  'obCluster.idTaken': [
    'The cluster "{name}" has the cluster id {obClusterId} already. Leave obClusterId out, or choose another.',
    '集群“{name}”已使用集群 ID {obClusterId}。请省略 obClusterId 或更换。',
  ],
  'package.noObserver': [
    '{name} holds no OBServer. Name an uploaded package of OceanBase (oceanbase or oceanbase-ce).',
    '{name} 不是 OBServer 的安装包。请指定已上传的 OceanBase 安装包（oceanbase 或 oceanbase-ce）。',
  ],
  'zone.twice': ['Zone {name} is named twice.', 'Zone {name} 重复。'],
  'primaryZone.random': [
    'The sys tenant needs zones by priority, not RANDOM. Leave primaryZone empty, or name zones.',
    'sys 租户的 Primary Zone 不能为 RANDOM。请留空或指定 Zone。',
  ],
  'primaryZone.odd': [
    'primaryZone names "{name}", which is no zone of the request, or names it twice. Zones: {known}.',
    'primaryZone 中的“{name}”不是请求中的 Zone，或被重复指定。可选的 Zone：{known}。',
  ],
  'primaryZone.several': [
    'primaryZone has several zones of the highest priority ({zones}); OceanBase {version} takes one for the sys tenant.',
    'primaryZone 中有多个最高优先级的 Zone（{zones}）；OceanBase {version} 的 sys 租户只能有一个。',
  ],
  'primaryZone.crosses': [
    'The zones of the highest priority ({zones}) lie in several regions. Choose zones of one region.',
    '最高优先级的 Zone（{zones}）位于多个区域。请选择同一区域的 Zone。',
  ],
  'primaryZone.lonely': [
    'Region {region}, which is to have the leaders, has one zone only; losing it would move them to another region. Give it a second zone.',
    '首选区域 {region} 只有一个 Zone，该 Zone 故障后 Leader 将切换到其他区域。请在该区域增加一个 Zone。',
  ],
  'bootstrap.notUndone': [
    'the servers of {cluster} were to become a cluster, and have not been stopped together',
    '{cluster} 的各 OBServer 已参与集群自举，且尚未全部停止',
  ],
  'bootstrap.nextUndo': ['Undo "Bootstrap ob" first: roll back again.', '请先撤销“Bootstrap ob”：再次回滚。'],
  'bootstrap.check': ['prove that the hosts can form a cluster', '检查主机能否组成集群'],
  'bootstrap.clocks': [
    'the clock of {early} is {apart} ms (± {unsure} ms) ahead of that of {late}; {tolerated} ms are tolerated',
    '{early} 的时钟比 {late} 快 {apart} 毫秒（± {unsure} 毫秒），允许相差 {tolerated} 毫秒',
  ],
  'bootstrap.nextClocks': [
    'Synchronise the clocks of the hosts (NTP or chrony), then retry.',
    '请同步各主机的时钟（NTP 或 chrony）后重试。',
  ],
  'bootstrap.nextReach': [
    'Open the RPC port between the hosts (firewall, routes), then retry.',
    '请放通各主机之间的 RPC 端口（防火墙、路由）后重试。',
  ],
  'bootstrap.ready': [
    '{count} servers run, reach each other and agree in time',
    '{count} 个 OBServer 均已运行、互相可达且时钟一致',
  ],
  'bootstrap.send': ['make the cluster (BOOTSTRAP)', '集群自举（BOOTSTRAP）'],
  'bootstrap.refused': ['OceanBase refused it: {said}', 'OceanBase 拒绝执行：{said}'],
  'bootstrap.answered': ['the statement was answered', '语句已返回'],
  'bootstrap.unheard': ['the answer of the statement was lost', '未收到语句的返回结果'],
  'bootstrap.unanswered': [
    'No answer to BOOTSTRAP ({said}); it is never sent twice, the cluster is asked for',
    'BOOTSTRAP 没有返回结果（{said}）；不会重复发送，正在查询集群是否已建成',
  ],
  'bootstrap.sentBefore': [
    'BOOTSTRAP was to be sent at {at} by an earlier attempt; it is never sent twice, the cluster is asked for',
    'BOOTSTRAP 已由之前的执行在 {at} 发送；不会重复发送，正在查询集群是否已建成',
  ],
  'bootstrap.neverCame': ['no cluster came of it within {minutes} minutes', '{minutes} 分钟内集群未建成'],
  'bootstrap.cutOff': [
    'the observer that it was sent to has been restarted since, and there is no cluster',
    '接收该语句的 observer 此后已重启，且集群未建成',
  ],
  'bootstrap.nextRollBack': [
    'A second BOOTSTRAP on the same directories is impossible. Roll the task back: it stops the observers and empties what it has made. Then send the request again.',
    '同一组目录上不能再次执行 BOOTSTRAP。请回滚任务：将停止各 observer 并清空本任务创建的目录，然后重新提交请求。',
  ],
  'bootstrap.already': ['The cluster is there already', '集群已建成'],
  'bootstrap.done': ['Cluster {name} is made', '集群 {name} 已建成'],
  'bootstrap.serve': ['wait until all servers serve', '等待所有 OBServer 提供服务'],
  'bootstrap.undo': ['stop and empty the servers of the cluster', '停止并清空集群的各 OBServer'],
  'bootstrap.tenants': ['tenants have been made in it: {tenants}', '集群中已创建租户：{tenants}'],
  'bootstrap.nextTenants': [
    'Their data would be lost. Retry the task, or abandon it and delete the cluster by its own request.',
    '其数据将会丢失。请重试任务，或放弃任务后通过删除集群请求删除。',
  ],
  'bootstrap.untold': [
    'whether BOOTSTRAP has made a cluster, and whether users have tenants in it, is not known: {said}',
    '无法确认 BOOTSTRAP 是否已建成集群，以及其中是否已有用户租户：{said}',
  ],
  'bootstrap.nextUntold': [
    'Their data would be lost. Start the observers, or correct the credential of root@sys, and roll back again. If nothing of it is needed, abandon the task and delete the cluster by its own request.',
    '其数据可能丢失。请启动各 observer，或更正 root@sys 的凭据，然后再次回滚。如确认无需保留，请放弃任务后通过删除集群请求删除。',
  ],
  'bootstrap.stopped': ['{ip}: the observer is stopped', '{ip}：observer 已停止'],
  'bench.notMeasured': ['The data disk could not be measured: {said}', '无法测量数据盘：{said}'],
  'bench.saw': [
    '{disk}: {perSecond} synchronous writes of 16 KiB a second, one after the other',
    '{disk}：每秒 {perSecond} 次 16 KiB 同步写（逐次）',
  ],
  'bench.slow': [
    '{said}; OCP wants {enough} IOPS. Measure the disk with a real benchmark before you go on',
    '{said}；OCP 要求 {enough} IOPS。继续之前请用专门的工具测量磁盘',
  ],
  'sysPassword.inWork': [
    'OceanBase cluster "{name}" is {status}; its password can be changed when the task has ended.',
    'OceanBase 集群“{name}”的状态为 {status}；任务结束后才能修改其密码。',
  ],
  'sysPassword.set': ['set the password of root@sys', '设置 root@sys 的密码'],
  'sysPassword.unanswered': [
    'No answer ({said}); looking whether it is set',
    '没有返回结果（{said}），正在确认密码是否已设置',
  ],
  'sysPassword.already': ['root@sys has its password already', 'root@sys 的密码已设置'],
  'sysPassword.done': [
    'root@sys has its password on every root server, and none lets root in without',
    '所有 root server 上 root@sys 的密码均已设置，且不再允许空密码登录',
  ],
  'sysPassword.behind': [
    'these servers do not take it yet, or still let root in without a password: {servers}',
    '以下 OBServer 尚未接受新密码，或仍允许空密码登录：{servers}',
  ],
  'primaryZone.set': ['set the primary zone of the sys tenant', '设置 sys 租户的 Primary Zone'],
  'primaryZone.none': ['No primary zone is asked for', '未指定 Primary Zone'],
  'primaryZone.is': ['The primary zone of sys is {zones}', 'sys 租户的 Primary Zone 为 {zones}'],
  'primaryZone.differs': ['it is {now} after {wished} was set', '设置为 {wished} 后，实际为 {now}'],
  'compaction.begin': ['begin a major compaction', '发起合并'],
  'compaction.notAgain': [
    'An earlier attempt has sent it, or was about to; it is not sent again: the cluster compacts every night',
    '之前的尝试已发送或即将发送该语句，不再重复发送：集群每晚都会合并',
  ],
  'compaction.begun': ['A major compaction has begun', '已发起合并'],
  'linkObproxy.link': ['link OBProxy cluster {id} to the cluster', '将 OBProxy 集群 {id} 关联到该集群'],
  'linkObproxy.none': ['No OBProxy cluster is to be linked', '无需关联 OBProxy 集群'],
  'linkObproxy.next': [
    'Check the OBProxies named, then retry; skip the step to let them learn it at their next start.',
    '请检查上述 OBProxy 后重试；也可跳过该步骤，它们将在下次启动时获知。',
  ],
  'linkObproxy.linked': [
    'OBProxy cluster {name} is linked; {count} OBProxies were told',
    'OBProxy 集群 {name} 已关联，已通知 {count} 个 OBProxy',
  ],
  'linkObproxy.undone': ['The links are taken away', '已移除关联'],
  'clusterDeletion.begin': ['delete the cluster {name}', '删除集群 {name}'],
  'clusterDeletion.begun': [
    'Cluster {name} is deleted from here on, with all of its data',
    '开始删除集群 {name} 及其全部数据',
  ],
  'clusterDeletion.halfWay': [
    'Servers of {name} have been stopped for good; it is UNAVAILABLE, and can be deleted again',
    '{name} 的部分 OBServer 已被停止；集群状态为 UNAVAILABLE，可再次删除',
  ],
  'clusterDeletion.noServers': [
    'No server of "{name}" is known. Let it forget by POST …/moveOut instead.',
    '“{name}”没有已知的 OBServer。请改用 POST …/moveOut 移除其记录。',
  ],
  'clusterDeletion.noHosts': [
    'Servers run on machines that are no hosts of the inventory: {ips}. Declare the hosts, or move the cluster out.',
    '部分 OBServer 所在的机器未纳管：{ips}。请先添加主机，或迁出集群。',
  ],
  'clusterDeletion.noHostOf': [
    'names host {id}, which has no server of the cluster',
    '主机 {id} 上没有该集群的 OBServer',
  ],
  'clusterDeletion.silentHost': ['Host {ip} (id {id}): {said}', '主机 {ip}（ID {id}）：{said}'],
  'clusterDeletion.unreachable': [
    'Hosts cannot be reached, and what is on them would stay: {reasons}. Repair them, or name them in skipOperationHostIds.',
    '以下主机无法连接，其上的文件将会残留：{reasons}。请修复，或在 skipOperationHostIds 中指定。',
  ],
  'clusterDeletion.filesGo': [
    '{ip}: its process ends, and {folders} are removed.',
    '{ip}：将停止其进程，并删除 {folders}。',
  ],
  'clusterDeletion.noTenants': ['No tenant of users is in it.', '集群中没有用户租户。'],
  'clusterDeletion.tenantsGo': [
    'The data of {count} tenants is lost: {tenants}.',
    '{count} 个租户的数据将会丢失：{tenants}。',
  ],
  'clusterDeletion.tenantsUnknown': [
    'Whose data is lost cannot be asked: {said}',
    '无法查询哪些租户的数据会丢失：{said}',
  ],
  'clusterDeletion.standby': [
    '"{name}" has a standby cluster (id {id}). Delete that one first.',
    '“{name}”有备集群（ID {id}）。请先删除备集群。',
  ],
  'clusterDeletion.isStandby': [
    '"{name}" is a standby cluster; only primary ones are deleted here. Move it out, or let its database administrators delete it.',
    '“{name}”是备集群；此处仅支持删除主集群。请迁出，或由数据库管理员删除。',
  ],
  'clusterDeletion.status': [
    '"{name}" is {status}; it can be deleted when it is {allowed}.',
    '“{name}”的状态为 {status}；仅可在 {allowed} 时删除。',
  ],
  'clusterDeletion.linked': [
    'OBProxy clusters still serve "{name}": {names}. Delete these links first.',
    '以下 OBProxy 集群仍在使用“{name}”：{names}。请先删除关联。',
  ],
  'clusterDeletion.confirm': [
    'must be the name of the cluster, {name}: all of its data is lost',
    '必须是集群名称 {name}：其全部数据将会丢失',
  ],
} as const satisfies Record<string, Pair>;
