import type { Pair } from '../../workflows/text';

/** What is said of OceanBase clusters, their zones and the statements that they are sent. */
export const CLUSTERS = {
  'cluster.gone': [
    'Nothing listens on the root servers of {cluster}',
    '{cluster} 的 RootServer 上没有进程在监听',
  ],
  'cluster.proveServers': ['find out whether the servers serve still', '确认服务器仍在提供服务'],
  'cluster.serversLost': [
    'the cluster says that {servers} served and do not serve any more',
    '集群显示 {servers} 曾提供服务，但现已停止服务',
  ],
  'cluster.recordStopped': ['record the cluster as stopped', '将集群记录为已停止'],
  'cluster.stillServes': ['{count} of its servers serve', '其中 {count} 台服务器仍在提供服务'],
  'cluster.undoFollows': ['Nothing to undo: the record follows the cluster', '无需撤销：记录以集群为准'],
  'cluster.find': ['find the OceanBase cluster', '查找 OceanBase 集群'],
  'cluster.unknownId': ['there is no OceanBase cluster with id {id}', 'ID 为 {id} 的 OceanBase 集群不存在'],
  'sql.error': ['error {errno}: {text}', '错误 {errno}：{text}'],
  'cluster.keepTurn': ['keep the turn at the cluster', '保持操作该集群的顺序'],
  'cluster.turnNotProlonged': [
    'the database has not prolonged it for almost {seconds} s, or has given it to another subtask',
    '数据库在将近 {seconds} 秒内未能将其延长，或已将其交给另一个子任务',
  ],
  'cluster.waitForTurn': [
    'Another worker adds a server; waiting for the turn at the cluster',
    '另一个 worker 正在添加服务器；等待轮到本任务操作该集群',
  ],
  'cluster.askServers': ['ask the cluster for its servers and zones', '向集群查询其服务器和 Zone'],
  'cluster.seen': [
    '{cluster}: {zones} zones, {serving} of {total} servers serve',
    '{cluster}：{zones} 个 Zone，{total} 台服务器中有 {serving} 台提供服务',
  ],
  'cluster.leftOut': [
    '{cluster} lists the server {ip}, which {fault}: it is left out',
    '{cluster} 列出的服务器 {ip} {fault}：已忽略',
  ],
  'cluster.rootServersTold': [
    'Proxies and new observers are told the root servers {rootServers}',
    '告知 OBProxy 和新 observer 的 RootServer 为 {rootServers}',
  ],
  'zone.none': ['it has no zone {zone}', '其中没有 Zone {zone}'],
  'zone.is': ['{zone} is {status}', '{zone} 的状态为 {status}'],
  'zone.record': ['record the status of zone {zone}', '记录 Zone {zone} 的状态'],
  'zone.gone': ['the cluster has no such zone', '集群中没有该 Zone'],
  'cluster.askServersOnly': ['ask the cluster for its servers', '向集群查询其服务器'],
  'cluster.oddServer': [
    'it lists a server "{odd}", RPC port {rpcPort}, SQL port {sqlPort}',
    '它列出的服务器为“{odd}”，RPC 端口 {rpcPort}，SQL 端口 {sqlPort}',
  ],
  'sql.logInSys': ['log in to the sys tenant of OceanBase', '登录 OceanBase 的 sys 租户'],
  'sql.userIs': ['the declared user "{user}" is {fault}', '声明的用户“{user}”{fault}'],
  'sql.answerTooLong': ['the answer is longer than {mib} MiB', '响应超过 {mib} MiB'],
  'sql.connectionClosed': ['the connection was closed', '连接已关闭'],
  'sql.cancelled': ['the step was cancelled', '该步骤已取消'],
  'sql.sessionClosed': ['the session is closed', '会话已关闭'],
  'cluster.callsItself': [
    'it calls itself "{own}" (parameter cluster), and a proxy linked to it as "{declared}" sends every user away (4666): declare it as "{own}"',
    '它自称“{own}”（参数 cluster），而以“{declared}”关联的 OBProxy 会拒绝所有用户（4666）：请将其声明为“{own}”',
  ],
  'sql.noVersion': ['it does not tell its version', '它没有给出版本'],
  'sql.silent': ['{at}: {said}', '{at}：{said}'],
  'sql.allSilent': ['{servers}', '{servers}'],
  'sql.noServer': ['no server of the cluster is known', '该集群没有已知的服务器'],
  'cluster.differs': ['OceanBase cluster {name} at {at}: {fault}', 'OceanBase 集群 {name}（{at}）：{fault}'],
  'cluster.refuses': [
    'OceanBase cluster {name} refuses {username}: {error}',
    'OceanBase 集群 {name} 拒绝 {username}：{error}',
  ],
} as const satisfies Record<string, Pair>;
