import type { Pair } from '../../workflows/text';

/** What stopping, starting and restarting OBServers and zones says. */
export const SERVER_LIFE = {
  'stop.ask': ['find out whether it may stop', '确认能否停止'],
  'stop.tenant': ['tenant {tenant}', '租户 {tenant}'],
  'stop.stream': ['tenant {tenant}, {stream}', '租户 {tenant}，{stream}'],
  'stop.otherZone': ['zone {zone} is {status} already', 'Zone {zone} 已处于 {status}'],
  'stop.otherServer': ['{address} of zone {zone} is stopped already', 'Zone {zone} 的 {address} 已停止'],
  'stop.startZoneFirst': [
    'Start zone {zone} first: two zones must not be out of service at once.',
    '请先启动 Zone {zone}：两个 Zone 不能同时停止服务。',
  ],
  'stop.startServerFirst': [
    'Start {address} first: two zones must not be out of service at once.',
    '请先启动 {address}：两个 Zone 不能同时停止服务。',
  ],
  'stop.noLeader': ['{what} has no leader', '{what}没有 Leader'],
  'stop.waitForLeader': [
    'Wait until it has one, or bring the servers of its replicas back, then send the request again (or retry the task).',
    '请等待选出 Leader，或恢复其副本所在的服务器，然后重新发送请求（或重试任务）。',
  ],
  'stop.noMajority': [
    '{what}: {staying} of {replicas} replicas would stay in sync, more than half are needed (staying: {servers}; behind: {lagging}; away: {away})',
    '{what}：{replicas} 个副本中将只有 {staying} 个保持同步，需要超过半数（保留：{servers}；落后：{lagging}；离线：{away}）',
  ],
  'stop.bringBack': [
    'Bring those that are away back and wait until those that are behind have caught up, then send the request again (or retry the task).',
    '请恢复离线的副本，并等待落后的副本追上，然后重新发送请求（或重试任务）。',
  ],
  'stop.tooFewReplicas': [
    'Add replicas in other zones, or stop the whole cluster.',
    '请在其他 Zone 增加副本，或停止整个集群。',
  ],
  'stop.leaves': [
    'Every log stream keeps its majority; the one that is left with the least, {what}, keeps {staying} of {replicas} replicas in sync',
    '所有日志流都保留多数派；其中余量最小的（{what}）在 {replicas} 个副本中保留 {staying} 个同步副本',
  ],
  'stop.lastZone': ['{zone} is the last zone that is ACTIVE', '{zone} 是最后一个 ACTIVE 的 Zone'],
  'stop.stopCluster': ['To stop all of it, stop the cluster.', '如需全部停止，请停止集群。'],
  'stop.andMore': ['{text}. And {count} more', '{text}。另有 {count} 项'],
  'stop.othersAway': [
    'its process is not ended yet, although it is stopped: {text}. The subtask looks again by itself',
    '虽已停止服务，但尚未结束其进程：{text}。子任务会自动再次检查',
  ],
  'stop.forced': ['Although {text}: the request says force', '虽然{text}：但请求指定了 force'],
  'stop.retryStopZone': [
    'Stop the zone (or retry "Stop zone"), then retry.',
    '请停止该 Zone（或重试 "Stop zone"）后重试。',
  ],
  'stop.backWithin': [
    '{address} must be back within server_permanent_offline_time ({value}), or the cluster makes its replicas anew on other servers',
    '{address} 必须在 server_permanent_offline_time（{value}）之内恢复，否则集群会在其他服务器上重建其副本',
  ],
  'server.waitAnswer': ['wait until the observers answer SQL', '等待 observer 响应 SQL'],
  'server.fewAnswer': [
    '{count} of {total} observers answer SQL; until a majority runs the cluster answers nobody. Not yet: {away}',
    '{total} 个 observer 中有 {count} 个响应 SQL；多数派运行之前集群不响应任何请求。尚未响应：{away}',
  ],
  'server.mostAnswer': [
    '{count} of {total} observers answer SQL, a majority. Not yet: {away}',
    '{total} 个 observer 中有 {count} 个响应 SQL，已达多数派。尚未响应：{away}',
  ],
  'server.allAnswer': ['All {count} observers answer SQL', '全部 {count} 个 observer 均响应 SQL'],
  'stop.stops': [
    '{address} ({zone}) would stop: units that live on it: {units}; leaders that would move to other servers: {leaders}',
    '将停止 {address}（{zone}）：其上有 {units} 个 Unit，{leaders} 个 Leader 将迁移到其他服务器',
  ],
  'stop.rootService': ['The root service lives on it and moves first', 'RootService 位于其上，将先迁移'],
  'stop.refused': ['{name} must not be stopped: {text}. {next}', '不能停止 {name}：{text}。{next}'],
  'zone.find': ['find zone {zone}', '查找 Zone {zone}'],
  'zone.stop': ['stop zone {zone}', '停止 Zone {zone}'],
  'zone.start': ['start zone {zone}', '启动 Zone {zone}'],
  'zone.outOfService': [
    'Zone {zone} is out of service; no leader and no root service is left in it',
    'Zone {zone} 已停止服务；其中没有 Leader 和 RootService',
  ],
  'zone.unfit': [
    'Zone {zone} is {status}; allowed: {allowed}',
    'Zone {zone} 的状态为 {status}；允许的状态：{allowed}',
  ],
  'zone.empty': ['Zone {zone} has no server', 'Zone {zone} 没有服务器'],
  'zone.only': [
    '{name} has one zone, which cannot be stopped alone. Stop the cluster',
    '{name} 只有一个 Zone，不能单独停止。请停止集群',
  ],
  'server.undoLast': ['undo the last step of the task', '撤销任务的最后一步'],
  'server.notesForgotten': [
    'it has done its work, and has forgotten which processes the task ended or started',
    '该步骤已完成，并已清除任务停止或启动了哪些进程的记录',
  ],
  'server.nextOpposite': [
    'Everything is as the task was to make it: retry the step, which ends the task well, or abandon the task. Then stop or start the servers by a request of its own.',
    '一切已达到任务的目标：请重试该步骤以正常结束任务，或放弃任务。然后通过单独的请求停止或启动服务器。',
  ],
  'server.findHome': ['find out where the observer lives', '查找 observer 的目录'],
  'server.homeUnknown': [
    'nobody holds port {port}, and where its observer lives was never seen',
    '没有进程占用端口 {port}，且从未见过其 observer 的目录',
  ],
  'server.startByHandOnce': [
    'Start it by hand once, as its user and in its home; it is seen there then. Retry.',
    '请以其用户在其目录中手动启动一次，之后即可识别。然后重试。',
  ],
  'server.proveStart': ['find out whether the observer can be started', '确认 observer 能否启动'],
  'server.missing': ['{path} is missing, empty or cannot be read', '{path} 不存在、为空或无法读取'],
  'server.notTold': ['the host does not tell: {said}', '主机没有给出结果：{said}'],
  'server.foreignFile': [
    '{what} in {home} is not of {user}: a start would fail on it (a start as root leaves such files)',
    '{home} 中的 {what} 不属于 {user}：启动会因此失败（以 root 启动会留下这样的文件）',
  ],
  'server.chown': [
    'chown -R {user} {home} and its disks, then retry.',
    '请对 {home} 及其磁盘执行 chown -R {user} 后重试。',
  ],
  'server.askLeaders': ['ask for the leaders on the server', '查询服务器上的 Leader'],
  'server.leadersLeft': ['{count} leaders are still on it', '其上仍有 {count} 个 Leader'],
  'server.stoppedAnyway': [
    'OceanBase refuses ({said}); the request says force: its process is stopped all the same, which interrupts clients',
    'OceanBase 拒绝（{said}）；请求指定了 force：仍会停止其进程，客户端会被中断',
  ],
  'server.outOfService': [
    '{address} is out of service since {time}, and no leader is left on it',
    '{address} 自 {time} 起停止服务，其上已没有 Leader',
  ],
  'server.inService': [
    'it is still in service: neither it nor its zone is stopped',
    '它仍在服务：它和其 Zone 都未停止',
  ],
  'server.retryStopServer': [
    'Stop it in the cluster (ALTER SYSTEM STOP SERVER), then retry.',
    '请在集群中停止它（ALTER SYSTEM STOP SERVER）后重试。',
  ],
  'server.interrupts': [
    '{address} is in service: stopping its process interrupts clients (force)',
    '{address} 仍在服务：停止其进程会中断客户端（force）',
  ],
  'server.freezing': [
    '{address}: what is in memory is being written to disk',
    '{address}：正在将内存数据写入磁盘',
  ],
  'server.freezeTooLong': [
    'After {seconds} s its memory is not written to disk yet; its next start reads more of the log',
    '{seconds} 秒后内存数据仍未写入磁盘；其下次启动需要读取更多日志',
  ],
  'server.cameBack': ['somebody has started it again: {processes}', '它又被启动：{processes}'],
  'server.endKeeper': [
    'Stop whoever keeps it (systemd, obshell, an OCP agent), then retry.',
    '请停止守护它的程序（systemd、obshell、OCP Agent）后重试。',
  ],
  'server.waitStopped': ['wait until the cluster has noticed the stop', '等待集群感知停止'],
  'server.stillActive': ['{address} is still ACTIVE: its lease runs', '{address} 仍为 ACTIVE：租约未到期'],
  'server.isNow': ['{address} is {status}', '{address} 的状态为 {status}'],
  'server.notBackYet': [
    '{address} runs again, but does not serve yet',
    '{address} 已重新运行，但尚未提供服务',
  ],
  'server.scoreSet': ['{file}: {score}', '{file}：{score}'],
  'server.scoreNotSet': ['{file} cannot be written here: {said}', '此处无法写入 {file}：{said}'],
  'obServer.unknown': [
    'OceanBase cluster {cluster} has no OBServer with id {id}. `obflow ob show {cluster}` lists them',
    'OceanBase 集群 {cluster} 中没有 ID 为 {id} 的 OBServer。`obflow ob show {cluster}` 可列出',
  ],
  'obServer.otherCluster': [
    'OBServer {id} is a server of OceanBase cluster {other}, not of {cluster}',
    'OBServer {id} 属于 OceanBase 集群 {other}，而不是 {cluster}',
  ],
  'obServer.unfit': [
    'OBServer {address} (id {id}) is {status}; allowed: {allowed}',
    'OBServer {address}（ID {id}）的状态为 {status}；允许的状态：{allowed}',
  ],
  'obServer.single': [
    '{name} has one server, whose process cannot be stopped alone. Stop the cluster',
    '{name} 只有一台服务器，不能单独停止其进程。请停止集群',
  ],
  'obServer.noHost': [
    'OBServer {address} (id {id}) runs on a machine that is no host of the inventory. Declare it with `obflow apply`',
    'OBServer {address}（ID {id}）所在的机器不是已声明的主机。请用 `obflow apply` 声明',
  ],
} as const satisfies Record<string, Pair>;
