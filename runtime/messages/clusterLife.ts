import type { Pair } from '../../workflows/text';

/** What stopping, starting and restarting whole OceanBase clusters says. */
export const CLUSTER_LIFE = {
  'clusterLife.unfit': [
    'OceanBase cluster "{name}" is {status}; this is only possible when it is {allowed}. GET /api/v2/ob/clusters/{id} asks it again.',
    'OceanBase 集群“{name}”的状态为 {status}；仅在 {allowed} 时可以执行该操作。GET /api/v2/ob/clusters/{id} 会重新询问集群。',
  ],
  'clusterLife.noServers': [
    'No server of OceanBase cluster "{name}" is known. GET /api/v2/ob/clusters/{id} asks it for them.',
    'OceanBase 集群“{name}”没有已知的服务器。GET /api/v2/ob/clusters/{id} 会向集群查询。',
  ],
  'clusterLife.notRunning': [
    '{address} of zone {zone} is {status}: servers of a cluster are restarted zone after zone when all of them are RUNNING. Start it first, or send force: true, which interrupts clients.',
    'Zone {zone} 的 {address} 状态为 {status}：仅当集群的所有服务器均为 RUNNING 时才能逐 Zone 重启。请先启动它，或发送 force: true（会中断客户端）。',
  ],
  'clusterLife.fewZones': [
    'OceanBase cluster "{name}" has {count} zones: with fewer than {least} no majority is left while one restarts. Send force: true to interrupt clients.',
    'OceanBase 集群“{name}”有 {count} 个 Zone：少于 {least} 个时，重启其中一个将失去多数派。发送 force: true 可在中断客户端的情况下重启。',
  ],
  'clusterLife.refused': [
    'OceanBase cluster "{name}" must not be restarted zone after zone: {text}. {next} Or send force: true, which interrupts clients.',
    'OceanBase 集群“{name}”不能逐 Zone 重启：{text}。{next} 或发送 force: true（会中断客户端）。',
  ],
  'rsList.tell': [
    'tell OBProxies that work by RS_LIST the root servers of {cluster}',
    '将 {cluster} 的 root server 告知以 RS_LIST 方式工作的 OBProxy',
  ],
  'rsList.told': [
    'OBProxy {where} has the root servers {list} from its next start on (rootservice_list)',
    'OBProxy {where} 下次启动时将使用 root server {list}（rootservice_list）',
  ],
  'rsList.untold': [
    'OBProxy {where} works by RS_LIST and could not be told the root servers {list}: {why}. When it answers again, restart it by obflow, which tells it; or set its rootservice_list by ALTER PROXYCONFIG as root@proxysys, and restart it',
    '以 RS_LIST 方式工作的 OBProxy {where} 未能得知 root server {list}：{why}。待其恢复后，请用 obflow 重启它（重启时会告知）；或以 root@proxysys 用 ALTER PROXYCONFIG 设置其 rootservice_list 并重启',
  ],
  'rsList.restart': [
    'OBProxy {where} was started with the root servers {works}, none of which is one now. It goes by the servers that it has seen in the cluster, until it has not used it for a day, or cannot reach them: restart it before, so that it works with {list}',
    'OBProxy {where} 启动时使用的 root server {works} 现已全部失效。它会沿用在集群中见过的服务器，直到一天未访问该集群或无法连接这些服务器：请在此之前重启它，以使用 {list}',
  ],
  'rsList.again': [
    'It was started with the root servers {works}, none of which is one now; it is started once more, with those of now',
    '它启动时使用的 root server {works} 现已全部失效；将以当前的 root server 再次启动',
  ],
  'rsList.nextTell': [
    'Repair what the OBProxy says, or set its rootservice_list to {list} as root@proxysys, then retry.',
    '请按 OBProxy 的提示修复，或以 root@proxysys 将其 rootservice_list 设为 {list}，然后重试。',
  ],
  'rsList.onlyLeaving': [
    'OBProxy {where} knows only servers that go ({list}): the task gives it another list before they do. Restart it afterwards, so that it works with that one',
    'OBProxy {where} 只知道将被删除的服务器（{list}）：任务会在删除前给它新的列表。请在之后重启它，以使用新列表',
  ],
  'rsList.unasked': [
    'OBProxy {where} works by RS_LIST and could not be asked for its root servers: {why}. If it knows only servers that go, it reaches nobody after its next start: let it answer before, or restart it by obflow afterwards',
    '以 RS_LIST 方式工作的 OBProxy {where} 无法查询其 root server：{why}。若它只知道将被删除的服务器，则下次启动后无法连接任何服务器：请先使其恢复应答，或之后用 obflow 重启它',
  ],
  'clusterLife.proxies': [
    'OBProxy clusters linked to {cluster} cannot reach it meanwhile: {names}',
    '以下关联到 {cluster} 的 OBProxy 集群在此期间无法访问它：{names}',
  ],
  'clusterLife.allStop': [
    'All {count} observers of {cluster} would stop ({zones}), which leaves no majority of anything: every client is cut off until the cluster is started',
    '{cluster} 的全部 {count} 个 observer 将停止（{zones}），不保留任何多数派：在启动集群之前所有客户端都会中断',
  ],
  'clusterLife.allStart': [
    'All {count} observers of {cluster} would start together; it answers when a majority of them runs',
    '{cluster} 的全部 {count} 个 observer 将同时启动；多数派运行后集群开始响应',
  ],
  'clusterLife.order': [
    'Zones in this order, one after the other: {zones}. That of the root service comes last',
    'Zone 依次为：{zones}，逐个进行。RootService 所在的 Zone 最后进行',
  ],
  'clusterLife.zoneLeaves': ['Without {zone}: {text}', '停止 {zone} 时：{text}'],
  'clusterLife.takes': [
    'It takes as long as the slowest observer of each zone needs to stop, to start and to catch up, zone after zone; a zone that is not back holds the next one, for up to {minutes} min',
    '耗时为各 Zone 中最慢的 observer 停止、启动并追上所需时间之和；未恢复的 Zone 会阻止下一个 Zone，最长 {minutes} 分钟',
  ],
  'takes.here': [
    'How long it may take: the last {count} tasks "{name}" of this cluster that nobody had to retry took {shortest} to {longest}',
    '预计耗时：该集群最近 {count} 个无需重试的任务“{name}”耗时 {shortest} 至 {longest}',
  ],
  'takes.elsewhere': [
    'How long it may take: the last {count} tasks "{name}" of other clusters that nobody had to retry took {shortest} to {longest}',
    '预计耗时：其他集群最近 {count} 个无需重试的任务“{name}”耗时 {shortest} 至 {longest}',
  ],
  'takes.unknown': [
    'How long it may take is not known: no task "{name}" of this cluster has ended yet without a retry. Its steps have limits, which are no estimate: the last of them fails {limit} after the beginning at the latest',
    '预计耗时未知：该集群尚无无需重试即结束的任务“{name}”。各步骤有时限（并非估计）：最迟在开始后 {limit} 最后一步失败',
  ],
  'takes.nowhere': [
    'How long it may take is not known: no task "{name}" has ended yet without a retry. Its steps have limits, which are no estimate: the last of them fails {limit} after the beginning at the latest',
    '预计耗时未知：尚无无需重试即结束的任务“{name}”。各步骤有时限（并非估计）：最迟在开始后 {limit} 最后一步失败',
  ],
  'takes.withWaits': [
    '{text}. Waits for OceanBase among them: {waits}',
    '{text}。其中等待 OceanBase 的步骤：{waits}',
  ],
  'dry.nothingStops': [
    'Nothing that serves stops, every log stream keeps the majority that it has, and no unit is moved by the task',
    '不会停止任何正在提供服务的对象，各日志流的多数派不变，任务不会迁移任何 Unit',
  ],
  'dry.ends': [
    'What would stop: {count} observers of {cluster} ({addresses}), once nothing of a tenant is left on them',
    '将停止：{cluster} 的 {count} 个 observer（{addresses}），在其上不再有任何租户的内容之后',
  ],
  'dry.allEnd': [
    'What would stop: all {count} observers of {cluster} ({addresses}), for good; no majority of anything is left',
    '将停止：{cluster} 的全部 {count} 个 observer（{addresses}），且不再恢复；不保留任何多数派',
  ],
  'dry.forgets': [
    'The inventory would forget {servers} servers in {zones} zones, and the credentials that a take-over has stored for them',
    '资源中将移除 {zones} 个 Zone 的 {servers} 台服务器，以及接管时为其保存的凭据',
  ],
  'clusterLife.interrupts': [
    'With force the observers of a zone end without moving clients and leaders away: clients are interrupted',
    '使用 force 时，Zone 的 observer 直接结束，不会先迁走客户端和 Leader：客户端会被中断',
  ],
  'clusterLife.notWorked': ['this task does not work on all of the cluster', '本任务不是针对整个集群的任务'],
  'clusterLife.retryPrepare': [
    'Retry the Prepare subtask of the cluster, then this one.',
    '请先重试集群的 Prepare 子任务，再重试本子任务。',
  ],
  'clusterLife.notAllBack': [
    '{count} servers of {cluster} are not ACTIVE again yet',
    '{cluster} 有 {count} 台服务器尚未恢复为 ACTIVE',
  ],
  'clusterLife.reachHosts': [
    'reach every host of the cluster before anything is started',
    '在启动任何进程之前连接集群的所有主机',
  ],
  'clusterLife.hostsAnswer': ['All {count} hosts answer', '全部 {count} 台主机均可连接'],
  'clusterLife.bringHosts': [
    'Bring these hosts back and retry; a host that is gone for good leaves the cluster first.',
    '请恢复这些主机后重试；永久丢失的主机应先从集群中移除。',
  ],
  'rolling.ask': ['find out whether all of the cluster is in service', '确认整个集群是否都在服务'],
  'rolling.noSchemas': [
    'This version does not tell which servers have refreshed their schema',
    '该版本不提供服务器的 schema 刷新信息',
  ],
  'rolling.away': ['{servers}: not serving', '{servers}：未提供服务'],
  'rolling.behind': ['{server}: {what} is not in sync', '{server}：{what}未同步'],
  'rolling.schema': ['{servers}: schema not refreshed', '{servers}：schema 未刷新'],
  'rolling.holds': [
    'Zone {zone} waits until the others are back: {text}',
    'Zone {zone} 等待其他 Zone 恢复：{text}',
  ],
  'rolling.rootMoved': [
    'The root service has moved to {zone} meanwhile: it moves once more',
    'RootService 已迁移到 {zone}：它将再迁移一次',
  ],
  'rolling.begins': [
    'Zone {zone} comes next, {number} of {count}: everything else is in service and in sync',
    '下一个是 Zone {zone}（第 {number} 个，共 {count} 个）：其余均在服务且已同步',
  ],
  'zone.serverIs': ['{address} is {status}', '{address} 的状态为 {status}'],
  'undo.withCluster': [
    'Nothing to undo here: all of the cluster stops again',
    '此处无需撤销：整个集群会再次停止',
  ],
} as const satisfies Record<string, Pair>;
