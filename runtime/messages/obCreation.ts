import type { Pair } from '../../workflows/text';

/** What is said when an OceanBase cluster is made, or is deleted with all of its data. */
export const OB_CREATION = {
  'creation.prepare': ['prepare the cluster that is to be made', '准备创建集群'],
  'creation.ofOthers': ['another task has brought this cluster', '该集群由其他任务创建或接管'],
  'creation.begins': [
    'Cluster {name} is to be made of {servers} servers in {zones} zones',
    '集群 {name} 将由 {zones} 个 Zone 中的 {servers} 个 OBServer 组成',
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
  'bootstrap.neverCame': ['no cluster came of it within ten minutes', '十分钟内集群未建成'],
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
  'bootstrap.stopped': ['{ip}: the observer is stopped', '{ip}：observer 已停止'],
} as const satisfies Record<string, Pair>;
