import type { Pair } from '../../workflows/text';

/** What deleting OBServers and zones says. */
export const SERVER_REMOVAL = {
  'zone.standby': [
    'OceanBase cluster "{name}" has a standby cluster (id {id}), so zone {zone} must not be deleted. Remove the standby cluster first, or move it out of obflow when it is none any more',
    'OceanBase 集群“{name}”有备集群（ID {id}），不能删除 Zone {zone}。请先移除备集群；若其已不是备集群，请将其迁出 obflow',
  ],
  'delete.ask': ['find out whether it may be deleted', '确认能否删除'],
  'delete.allServers': ['these are all {count} servers of the cluster', '这是该集群的全部 {count} 台服务器'],
  'delete.nextCluster': ['To delete all of it, delete the cluster.', '如需全部删除，请删除集群。'],
  'delete.noMajority': [
    '{what}: {staying} of {replicas} replicas are in sync now, more than half are needed to move any of them',
    '{what}：当前 {replicas} 个副本中只有 {staying} 个同步，迁移任何副本都需要超过半数',
  ],
  'delete.tooFewServers': [
    'tenant {tenant} has {units} units in zone {zone}, and {staying} servers that serve would stay there: no two of them lie on one server',
    '租户 {tenant} 在 Zone {zone} 有 {units} 个 Unit，而其中将只剩 {staying} 台提供服务的服务器：同一租户的两个 Unit 不能位于同一台服务器',
  ],
  'delete.nextServers': [
    'Add servers to zone {zone}, or lower the number of units of the tenant, then send the request again (or retry the task).',
    '请在 Zone {zone} 增加服务器，或减少该租户的 Unit 数，然后重新发送请求（或重试任务）。',
  ],
  'delete.noRoom': [
    'no server of zone {zone} has room for the unit of tenant {tenant} on {server} ({cpu} cores, {memory} GiB of memory, {log} GiB of log disk)',
    'Zone {zone} 中没有服务器能容纳租户 {tenant} 在 {server} 上的 Unit（{cpu} 核、{memory} GiB 内存、{log} GiB 日志盘）',
  ],
  'delete.nextRoom': [
    'Add a server to zone {zone} or make units smaller, then send the request again (or retry the task).',
    '请在 Zone {zone} 增加服务器或缩小 Unit，然后重新发送请求（或重试任务）。',
  ],
  'delete.refused': ['It must not be deleted: {text}. {next}', '不能删除：{text}。{next}'],
  'delete.twoReadings': [
    'The ids {ids} can be read as OBServers ({servers}) and as hosts (of {hosts}). Say which OBServers go by serverIds',
    'ID {ids} 既可理解为 OBServer（{servers}），也可理解为主机（{hosts}）。请用 serverIds 指明要删除的 OBServer',
  ],
  'delete.wouldMove': [
    'Unit {id} of tenant {tenant} ({gib} GiB of memory) would move from {from}, to {to} as things are now',
    '租户 {tenant} 的 Unit {id}（{gib} GiB 内存）将从 {from} 迁出，按当前情况迁移到 {to}',
  ],
  'delete.moreUnits': ['{count} more units would move', '另有 {count} 个 Unit 将迁移'],
  'delete.leaves': [
    '{what}: {staying} of {replicas} replicas are in sync, and go on voting until what lies on the servers has moved',
    '{what}：{replicas} 个副本中有 {staying} 个同步，在服务器上的内容迁移完成之前继续参与投票',
  ],
  'delete.noUnits': ['No unit would move', '没有 Unit 需要迁移'],
  'replace.counted': [
    'The new server on {ip} is counted with at most {cpu} cores, {memory} GiB of memory and {log} GiB of log disk, by the parameters of its first start and its host',
    '按首次启动参数和主机规格，{ip} 上的新服务器最多按 {cpu} 核、{memory} GiB 内存、{log} GiB 日志盘计算',
  ],
  'replace.any': ['any number of', '任意数量'],
  'replace.untold': [
    'Whether the new server on {ip} has room for the units of the old one is only known when it stands ({why}): if it has not, the task fails at "Prepare delete observer", with the new server in the cluster and the old one as it was. Say memory_limit, cpu_count and log_disk_size in startupParameters to have them counted now',
    '{ip} 上的新服务器能否容纳旧服务器的 Unit，要到其建成后才能知道（{why}）：若不能，任务将在“Prepare delete observer”失败，新服务器已加入集群，旧服务器保持不变。可在 startupParameters 中写明 memory_limit、cpu_count 和 log_disk_size，以便现在就计算',
  ],
  'replace.smallHosts': [
    'OBFLOW_HOST_REQUIREMENTS=small, so sizes of hosts do not count',
    'OBFLOW_HOST_REQUIREMENTS=small，不计主机规格',
  ],
  'replace.hostUntold': ['its host does not tell its size', '主机未给出其规格'],
  'delete.howLong': [
    'It takes as long as copying what lies on the data disks of these servers inside their zone: {gib} GiB now',
    '所需时间取决于在 Zone 内复制这些服务器数据盘上的数据：当前为 {gib} GiB',
  ],
  'delete.begun': [
    '{cluster} deletes {address}: its units move to other servers of the zone',
    '{cluster} 正在删除 {address}：其 Unit 将迁移到 Zone 内的其他服务器',
  ],
  'delete.cancel': ['cancel the deletion of the server', '取消删除服务器'],
  'delete.stays': ['{address} stays in {cluster}', '{address} 保留在 {cluster} 中'],
  'delete.hasLeft': [
    '{cluster} lists it no more, so its deletion cannot be cancelled',
    '{cluster} 已不再包含它，无法取消删除',
  ],
  'delete.nextAddAgain': [
    'Skip this undo to go on, and add the host again as a new server.',
    '请跳过此回滚步骤以继续，然后将该主机作为新服务器重新添加。',
  ],
  'delete.look': ['find out what is left on the server', '查询服务器上剩余的内容'],
  'delete.unitMoves': [
    'unit {id} of tenant {tenant}: {from} → {to}',
    '租户 {tenant} 的 Unit {id}：{from} → {to}',
  ],
  'delete.waitsForUnits': [
    '{left} of {total} servers are still listed; {units} units are left on them, {jobs} jobs move units',
    '{total} 台服务器中还有 {left} 台在列；其上剩余 {units} 个 Unit，{jobs} 个任务正在迁移 Unit',
  ],
  'delete.waitsForRow': [
    '{left} of {total} servers are still listed; no unit is left on them',
    '{total} 台服务器中还有 {left} 台在列；其上已没有 Unit',
  ],
  'delete.stuck': ['{count} units do not move: {text}. {next}', '{count} 个 Unit 未迁移：{text}。{next}'],
  'delete.revived': ['its deletion was cancelled', '其删除已被取消'],
  'delete.nextRevived': [
    'Retry "Delete observer" to delete it all the same, or roll the task back.',
    '如仍需删除，请重试 "Delete observer"，否则请回滚任务。',
  ],
  'delete.forget': ['forget OBServer {id}', '移除 OBServer {id} 的记录'],
  'delete.forgotten': ['The inventory has OBServer {id} no more', '已移除 OBServer {id} 的记录'],
  'delete.notOfTask': [
    'it is {status}, and this task does not work on it',
    '其状态为 {status}，且不由本任务处理',
  ],
  'delete.nextRetryPrepare': [
    'Retry "Prepare delete observer" first, or leave the server alone.',
    '请先重试 "Prepare delete observer"，或保留该服务器。',
  ],
  'delete.bringBack': ['bring OBServer {id} back', '恢复 OBServer {id}'],
  'delete.isForgotten': ['it has left its cluster, and its files are gone', '它已离开集群，文件已被删除'],
  'zone.askDelete': ['find out whether zone {zone} may be deleted', '确认能否删除 Zone {zone}'],
  'zone.inUse': [
    'tenants have units or replicas in zone {zone}: {tenants}',
    '租户在 Zone {zone} 中有 Unit 或副本：{tenants}',
  ],
  'zone.nextInUse': [
    'Take the zone {zone} out of their locality and their resource pools first, then send the request again (or retry the task).',
    '请先从这些租户的 Locality 和资源池中移除 Zone {zone}，然后重新发送请求（或重试任务）。',
  ],
  'zone.onlyDelete': [
    '{name} has one zone, which cannot be deleted alone. Delete the cluster',
    '{name} 只有一个 Zone，不能单独删除。请删除集群',
  ],
  'zone.forget': ['forget zone {zone}', '移除 Zone {zone} 的记录'],
  'zone.forgotten': [
    'The inventory has no zone {zone} of {cluster} any more',
    '已移除 {cluster} 的 Zone {zone} 的记录',
  ],
  'zone.nextRetryPrepare': [
    'Retry "Prepare delete OB zone" first, or leave the zone alone.',
    '请先重试 "Prepare delete OB zone"，或保留该 Zone。',
  ],
  'zone.bringBack': ['bring zone {zone} back', '恢复 Zone {zone}'],
  'zone.isForgotten': [
    'its servers have left the cluster, and their files are gone',
    '其服务器已离开集群，文件已被删除',
  ],
  'zone.nextAddAgain': [
    'Skip this undo to go on, and add the zone again with its hosts.',
    '请跳过此回滚步骤以继续，然后重新添加该 Zone 及其主机。',
  ],
  'clean.prove': ['prove that the server has left its cluster', '确认服务器已离开集群'],
  'clean.files': ['remove the files of the server', '删除服务器的文件'],
  'clean.holdsUnits': ['{count} units lie on it, or come from it', '其上或来自其上的 Unit 有 {count} 个'],
  'clean.nextWait': [
    'Retry "Wait observer delete", then this.',
    '请先重试 "Wait observer delete"，再重试此步骤。',
  ],
  'clean.tooFewAnswer': [
    '{answers} of {asked} root servers answer, more than half are needed',
    '{asked} 台 RootServer 中只有 {answers} 台应答，需要超过半数',
  ],
  'clean.noHome': [
    'Where the observer of {address} lives was never seen; no process is ended',
    '从未见过 {address} 的 observer 的目录；未停止任何进程',
  ],
  'clean.otherObserver': [
    'another observer works in {home}, which does not hold port {port}: {process}',
    '{home} 中运行着另一个未占用端口 {port} 的 observer：{process}',
  ],
  'clean.nextOtherObserver': [
    'Find out whose it is; when its files are to stay, skip this subtask.',
    '请确认其归属；如需保留其文件，请跳过此子任务。',
  ],
  'clean.notOurs': [
    '{address} was not made by obflow: its files stay ({paths}). When it has left its cluster and nobody needs them any more, root removes them on that host by: {command}',
    '{address} 不是由 obflow 创建的：保留其文件（{paths}）。待其离开集群且不再需要这些文件时，请以 root 在该主机上执行以下命令删除：{command}',
  ],
  'clean.nothingKnown': [
    '{address} was not made by obflow: whatever lies on its host stays; obflow knows no folder of it',
    '{address} 不是由 obflow 创建的：其主机上的文件会保留；obflow 不知道它的任何目录',
  ],
  'clean.packageStays': [
    'The package stays: obflow has not installed it, or another was there before',
    '保留软件包：它不是由 obflow 安装的，或之前已有其他软件包',
  ],
  'clean.none': ['No server of this task is on the host any more', '主机上已没有本任务的服务器'],
  'clean.leftAlone': [
    'The host of {address} is left alone: its process and its files ({home}) stay as they are. It must not be used before they are removed by hand',
    '不处理 {address} 的主机：其进程和文件（{home}）保持原样。手工清理之前不得使用该主机',
  ],
  'clean.staysGone': ['What was removed on the host stays removed', '主机上已删除的内容不会恢复'],
  'clean.othersRun': [
    '{count} servers of the cluster run on machines that are no hosts of the inventory: {servers}',
    '集群中有 {count} 台服务器所在的机器不是已声明的主机：{servers}',
  ],
  'clean.nextStopAll': [
    'Declare their machines with `obflow apply`, then retry.',
    '请用 `obflow apply` 声明这些机器后重试。',
  ],
} as const satisfies Record<string, Pair>;
