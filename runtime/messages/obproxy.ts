import type { Pair } from '../../workflows/text';

/** What is said of OBProxies: their start, their parameters and their links. */
export const OBPROXY = {
  'obproxy.prepareHost': ['prepare the host for OBProxy', '为 OBProxy 准备主机'],
  'obproxy.prepareInstall': ['prepare the installation', '准备安装'],
  'obproxy.beingDeleted': ['the proxy is being deleted', '该 OBProxy 正在被删除'],
  'obproxy.plan': [
    '{ip}: OBProxy {version} for cluster {cluster}, ports {ports}',
    '{ip}：集群 {cluster} 的 OBProxy {version}，端口 {ports}',
  ],
  'obproxy.noHosts': [
    'The request names no hosts: the cluster is recorded, nothing is installed',
    '请求未指定主机：仅记录集群，不安装任何内容',
  ],
  'obproxy.recordRemoved': ['Removed the record of the proxy on {ip}', '已删除 {ip} 上 OBProxy 的记录'],
  'obproxy.clusterStays': [
    'Cluster {cluster} has other proxies by now and stays',
    '集群 {cluster} 中已有其他 OBProxy，保留该集群',
  ],
  'obproxy.clusterRemoved': ['Removed the record of cluster {cluster}', '已删除集群 {cluster} 的记录'],
  'exporter.answers': [
    'http://{at}/metrics answers with {samples} samples',
    'http://{at}/metrics 返回 {samples} 个样本',
  ],
  'exporter.silent': [
    'http://{at}/metrics does not answer this worker: {said}; asking on the host',
    'http://{at}/metrics 不响应该 worker：{said}；改为在主机上查询',
  ],
  'exporter.onHost': [
    'On the host itself it answers with {samples} samples: open port {port} for Prometheus',
    '在主机本机上它返回 {samples} 个样本：请为 Prometheus 开放端口 {port}',
  ],
  'exporter.read': ['read the metrics of OBProxy', '读取 OBProxy 的监控指标'],
  'exporter.target': ['{target} is a target of Prometheus', '{target} 已成为 Prometheus 的采集目标'],
  'exporter.noTarget': [
    '{target} is no target of Prometheus any more',
    '{target} 不再是 Prometheus 的采集目标',
  ],
  'exporter.none': [
    'The proxy serves no metrics on port {port}: Prometheus is not told of it',
    '该 OBProxy 未在端口 {port} 提供监控指标：不告知 Prometheus',
  ],
  'obproxy.forAllClusters': ['for all clusters', '适用于所有集群'],
  'obproxy.forCluster': ['for cluster {cluster}', '适用于集群 {cluster}'],
  'obproxy.passwordThere': ['OBProxy has the password already, {place}', 'OBProxy 已有该密码，{place}'],
  'obproxy.passwordSet': [
    'OBProxy has the password now, {place} ({slot}); its stored hash is the right one',
    'OBProxy 已设置该密码，{place}（{slot}）；其保存的哈希正确',
  ],
  'obproxy.passwordsStay': [
    'The proxy was not made by this task, its passwords stay',
    '该 OBProxy 不是由本任务创建的，其密码保留',
  ],
  'obproxy.passwordsGo': [
    'The passwords go with the configuration of the proxy, when its start is undone',
    '撤销启动时，密码会随 OBProxy 的配置一起删除',
  ],
  'obproxy.usersStay': [
    'Users that were created in OceanBase stay: other proxies may use them',
    '在 OceanBase 中创建的用户保留：其他 OBProxy 可能正在使用',
  ],
  'obproxy.start': ['start OBProxy', '启动 OBProxy'],
  'obproxy.noLog': [
    'there is no {home}/log/obproxy.log, so it did not begin to start',
    '{home}/log/obproxy.log 不存在，说明它未开始启动',
  ],
  'obproxy.alsoStderr': ['{said}; on stderr: {stderr}', '{said}；标准错误输出：{stderr}'],
  'obproxy.otherRuns': [
    'another OBProxy runs on the host: {processes}',
    '主机上运行着另一个 OBProxy：{processes}',
  ],
  'obproxy.starting': [
    'Starting OBProxy {version} in {home} as {user}',
    '正在 {home} 中以 {user} 用户启动 OBProxy {version}',
  ],
  'obproxy.notListening': [
    'after {seconds} s {held} on port {port}; {log}',
    '{seconds} 秒后{held}端口 {port}；{log}',
  ],
  'obproxy.passwordReplaced': [
    'The password of the first start is replaced by the lasting one',
    '首次启动的密码已替换为长期密码',
  ],
  'obproxy.otherVersion': [
    'OBProxy {running} answers on port {port}, not {version}',
    '端口 {port} 上响应的是 OBProxy {running}，而不是 {version}',
  ],
  'obproxy.unknownVersion': ['of an unknown version', '（未知版本）'],
  'obproxy.answers': [
    'root@proxysys can log in; OBProxy {running} answers on port {port}',
    'root@proxysys 可以登录；端口 {port} 上响应的是 OBProxy {running}',
  ],
  'obproxy.clustersUnread': [
    'The proxy has not read its clusters yet: the host must reach {url} (OBFLOW_PUBLIC_URL); it asks again about once a minute',
    '该 OBProxy 尚未读取其集群：主机必须能访问 {url}（OBFLOW_PUBLIC_URL）；它大约每分钟查询一次',
  ],
  'obproxy.noPrometheus': [
    'enable_prometheus is false: this proxy serves none of the odp_ metrics',
    'enable_prometheus 为 false：该 OBProxy 不提供任何 odp_ 指标',
  ],
  'obproxy.metricsPort': [
    'the proxy runs, but its metrics port {port} is {state}',
    'OBProxy 正在运行，但其监控端口 {port} {state}',
  ],
  'obproxy.metricsServed': ['Metrics are served on port {port}', '已在端口 {port} 提供监控指标'],
  'keeper.notStarting': ['its keeper does not start: {said}', '其守护进程无法启动：{said}'],
  'keeper.afterReboot': ['also after a reboot of the host', '主机重启后也会'],
  'keeper.notAfterReboot': [
    'but not after a reboot: this host has no systemd',
    '但主机重启后不会：该主机没有 systemd',
  ],
  'keeper.runs': [
    'The keeper runs: it starts the proxy again when its process is gone, {after}',
    '守护进程正在运行：OBProxy 进程消失时会重新启动它，{after}',
  ],
  'obproxy.listens': ['pid {pid} of {user} listens on port {port}', '{user} 的进程 {pid} 监听端口 {port}'],
  'obproxy.notStarted': ['This task started no proxy, nothing to undo', '本任务未启动 OBProxy，无需撤销'],
  'obproxy.stopped': [
    'OBProxy is stopped; its configuration in {home} is removed, its log stays',
    'OBProxy 已停止；已删除 {home} 中的配置，日志保留',
  ],
  'obproxy.configurationIn': ['the configuration of the proxy in {home}', '{home} 中 OBProxy 的配置'],
  'obproxy.setParameters': ['set the parameters of OBProxy', '设置 OBProxy 的参数'],
  'obproxy.unknownParameters': ['this version knows no parameter {names}', '该版本没有参数 {names}'],
  'obproxy.lateParameters': [
    '{differences}: this takes effect at a restart only',
    '{differences}：仅在重启后生效',
  ],
  'obproxy.parametersSet': [
    '{count} parameters have their values, {now} were set now',
    '{count} 个参数均为期望值，本次设置了 {now} 个',
  ],
  'obproxy.noParameters': ['The cluster sets no parameters', '集群未设置任何参数'],
  'obproxy.recordStopped': ['record the proxy as stopped', '将 OBProxy 记录为已停止'],
  'obproxy.notBegun': [
    'This task has not begun to work on the proxy, nothing to undo',
    '本任务尚未开始操作该 OBProxy，无需撤销',
  ],
  'obproxy.provePassword': [
    'prove that OBProxy can store a password, before it is sent',
    '在发送密码之前确认 OBProxy 能够保存它',
  ],
  'obproxy.passwordMasked': [
    'Masked the password where OBProxy wrote it, in {file}',
    '已在 {file} 中遮蔽 OBProxy 写入的密码',
  ],
  'obproxy.passwordMayStand': [
    'The password may stand in {file}, where OBProxy wrote it: {said}',
    'OBProxy 可能在 {file} 中写入了密码：{said}',
  ],
  'obproxy.otherConfiguration': [
    '{home}/{file} holds the configuration of another proxy',
    '{home}/{file} 中有另一个 OBProxy 的配置',
  ],
  'obproxy.configured': [
    'The proxy has its configuration from an earlier start, it is started without options',
    '该 OBProxy 已有之前启动留下的配置，启动时不带选项',
  ],
  'obproxy.give': ['give {home} to {user}', '将 {home} 交给 {user}'],
  'obproxy.configurationWritten': [
    'Wrote the configuration of the proxy (etc/proxyconfig_v1.db, readable by its user only)',
    '已写入 OBProxy 的配置（etc/proxyconfig_v1.db，仅其用户可读）',
  ],
  'obproxy.notAtStart': [
    'OBProxy {version} cannot be given {names} at its start: the value holds a comma, a quote or a blank',
    'OBProxy {version} 启动时无法指定 {names}：参数值包含逗号、引号或空白',
  ],
  'link.cluster': [
    'link OBProxy to the OceanBase cluster {cluster}',
    '将 OBProxy 关联到 OceanBase 集群 {cluster}',
  ],
  'link.unknownCluster': ['the inventory has no such cluster', '元数据中没有该集群'],
  'link.unfitPassword': ['the password of {username} {fault}', '{username} 的密码{fault}'],
  'link.refusedPassword': [
    '{user} exists, but OceanBase refuses its password',
    '{user} 存在，但 OceanBase 拒绝其密码',
  ],
  'link.created': [
    'Created {user} in {cluster}; it may read oceanbase.*, nothing else',
    '已在 {cluster} 中创建 {user}；它只能读取 oceanbase.*',
  ],
  'link.cannotLookUp': [
    'OceanBase refuses {username}, and {sys} cannot look up why (error {errno})',
    'OceanBase 拒绝 {username}，而 {sys} 无法查明原因（错误 {errno}）',
  ],
  'link.canLogIn': [
    '{username} can log in to {cluster} (OceanBase {version}) and reads its {count} servers',
    '{username} 可以登录 {cluster}（OceanBase {version}），并读取其 {count} 台服务器',
  ],
  'link.errorFor': ['error {errno} for {username}: {said}', '{username} 遇到错误 {errno}：{said}'],
  'link.nameless': [
    '{cluster} does not tell its own name; no login works through the proxy if it has another',
    '{cluster} 未给出自己的名称；如果其名称不同，则无法通过 OBProxy 登录',
  ],
  'link.otherName': [
    'the cluster calls itself "{own}" (parameter cluster): a proxy linked to it as "{cluster}" sends every user away (4666)',
    '该集群自称“{own}”（参数 cluster）：以“{cluster}”关联的 OBProxy 会拒绝所有用户（4666）',
  ],
  'link.none': [
    'No OceanBase cluster is linked, there is no password to set',
    '未关联 OceanBase 集群，没有需要设置的密码',
  ],
  'link.sharingName': ['the linked clusters named {cluster}', '关联的名为 {cluster} 的集群'],
  'link.sharing': ['the linked clusters', '关联的集群'],
  'link.setPasswords': ['set the passwords of proxyro', '设置 proxyro 的密码'],
  'link.crowded': [
    'OBProxy {version} keeps two passwords for {each}, but {sharing} have {count} different ones',
    'OBProxy {version} 为{each}保存两个密码，而{sharing}有 {count} 个不同的密码',
  ],
  'link.eachName': ['each name of a cluster', '每个集群名'],
  'link.allClusters': ['all clusters', '所有集群'],
  'obproxy.parameterVersion': ['Parameter version {version} is recorded', '已记录参数版本 {version}'],
  'obproxy.secretParameter': ['{name} (secret)', '{name}（保密）'],
  'obproxy.noParametersSet': ['This task set no parameters, nothing to undo', '本任务未设置参数，无需撤销'],
  'obproxy.setBack': ['Set back: {parameter}', '已恢复：{parameter}'],
  'obproxy.set': ['Set {parameter}', '已设置 {parameter}'],
  'obproxy.unknownCluster': ['there is no OBProxy cluster with id {id}', 'ID 为 {id} 的 OBProxy 集群不存在'],
  'obproxy.noneRecorded': [
    'no OBProxy of cluster {cluster} is recorded there',
    '那里没有集群 {cluster} 的 OBProxy 记录',
  ],
  'obproxy.ofOtherCluster': [
    'it belongs to cluster {other}, not to {cluster}',
    '它属于集群 {other}，而不是 {cluster}',
  ],
  'obproxy.findOfHost': [
    'find the OBProxy of host {host} in the inventory',
    '在元数据中查找主机 {host} 的 OBProxy',
  ],
  'obproxy.findById': [
    'find the OBProxy with id {id} in the inventory',
    '在元数据中查找 ID 为 {id} 的 OBProxy',
  ],
  'obproxy.findPackage': ['find the package of the proxy', '查找 OBProxy 的软件包'],
  'obproxy.noRootServers': [
    'cluster {cluster} works by RS_LIST, but no root servers of its OceanBase cluster are known',
    '集群 {cluster} 以 RS_LIST 方式工作，但其 OceanBase 集群的 RootServer 未知',
  ],
  'obproxy.findRootServers': ['find the root servers', '查找 RootServer'],
  'obproxy.logSays': ['log/obproxy.log says: {lines}', 'log/obproxy.log 内容：{lines}'],
  'obproxy.logEndsWith': ['log/obproxy.log ends with: {lines}', 'log/obproxy.log 末尾：{lines}'],
  'obproxy.isWished': ["{name} is '{now}', wished '{value}'", "{name} 为 '{now}'，期望 '{value}'"],
  'admin.logIn': ['log in to OBProxy as {login}', '以 {login} 登录 OBProxy'],
  'admin.secretInLog': [
    'OBProxy writes such a statement with the plain password into log/obproxy.log: see that it is not there.',
    'OBProxy 会将此类语句连同明文密码写入 log/obproxy.log：请确认其中没有。',
  ],
  'admin.readParameters': ['read the parameters of OBProxy', '读取 OBProxy 的参数'],
  'admin.readParameter': ['read the parameter {name} of OBProxy', '读取 OBProxy 的参数 {name}'],
  'admin.readHandOver': ['read the state of hot restarts of OBProxy', '读取 OBProxy 的热重启状态'],
  'admin.handOverUnread': [
    'its answer has neither is_inherited nor state: {said}',
    '其返回中既没有 is_inherited 也没有 state：{said}',
  ],
  'admin.otherHash': ['the hash of another value', '另一个值的哈希'],
  'admin.otherValue': ["the value '{shown}'", "值 '{shown}'"],
  'admin.setParameter': ['set the parameter {name} of OBProxy', '设置 OBProxy 的参数 {name}'],
  'admin.otherAfterwards': ['it answered OK, but shows {shown} afterwards', '它返回 OK，但随后显示{shown}'],
  'admin.noValue': ['no value', '没有值'],
  'admin.readOfCluster': [
    'read the parameter {name} of cluster {cluster}',
    '读取集群 {cluster} 的参数 {name}',
  ],
  'admin.readVersion': ['read the version of OBProxy', '读取 OBProxy 的版本'],
  'admin.readClusters': ['read the clusters of OBProxy', '读取 OBProxy 的集群'],
  'admin.setOfCluster': [
    'set the parameter {name} of cluster {cluster} in OBProxy',
    '在 OBProxy 中设置集群 {cluster} 的参数 {name}',
  ],
  'admin.removeOfCluster': [
    'remove the parameter {name} of cluster {cluster} from OBProxy',
    '从 OBProxy 中删除集群 {cluster} 的参数 {name}',
  ],
  'obproxy.urlLeadsToItself': [
    'OBProxies of this cluster would ask {url}, which leads every host to itself. {next}',
    '该集群的 OBProxy 会访问 {url}，而它指向每台主机自身。{next}',
  ],
  'obproxy.urlAsked': ['Asked as the proxy will ask: {text}', '已按 OBProxy 的方式查询：{text}'],
  'obproxy.urlNotProven': ['Not proven: {text}. {next}', '未能证实：{text}。{next}'],
  'obproxy.urlLater': [
    'The proxy will not learn of clusters that are linked later: {text}. {next}',
    '该 OBProxy 将无法得知以后关联的集群：{text}。{next}',
  ],
  'obproxy.getUrl': ['get from the host what the proxy will ask for', '从主机上获取 OBProxy 将要查询的内容'],
  'serves.noLinks': [
    'No OceanBase cluster is linked yet: there is nobody to be reached',
    '尚未关联 OceanBase 集群：没有可访问的对象',
  ],
  'serves.reach': [
    'reach the linked OceanBase clusters through the proxy',
    '通过 OBProxy 访问关联的 OceanBase 集群',
  ],
  'serves.knows': ['The proxy knows {clusters}', '该 OBProxy 已知 {clusters}'],
  'serves.asksElsewhere': [
    'Not proven: the proxy asks {asks}, which does not tell it of {names}; users of {names} hear "cluster not exist". Run `obflow proxy push-url`',
    '未能证实：该 OBProxy 查询的是 {asks}，其中没有 {names}；{names} 的用户会收到“cluster not exist”。请运行 `obflow proxy push-url`',
  ],
  'serves.learnsLater': [
    'Not proven: the proxy has not learnt of {names} from {asks} yet, and asks only after its {parameter}',
    '未能证实：该 OBProxy 尚未从 {asks} 得知 {names}，只会按其 {parameter} 再次查询',
  ],
  'serves.notLearnt': [
    'the proxy has not learnt of {names} from {asks}: users hear "cluster not exist" ({errno})',
    '该 OBProxy 未从 {asks} 得知 {names}：用户会收到“cluster not exist”（{errno}）',
  ],
  'serves.asksAgain': [
    'The proxy does not know {names} yet; it asks {asks} again after its {parameter}',
    '该 OBProxy 尚不知道 {names}；它会按其 {parameter} 再次查询 {asks}',
  ],
  'serves.noVersion': [
    'Not proven: the proxy does not tell its version, so its root servers were not compared',
    '未能证实：该 OBProxy 没有给出版本，因此未比较其 RootServer',
  ],
  'serves.logsIn': [
    '{login} logs in through the proxy, and SELECT 1 is answered',
    '{login} 通过 OBProxy 登录成功，SELECT 1 得到响应',
  ],
  'serves.answers': [
    '{name} answers through the proxy: it was asked as {stranger}, whom it does not have, and says so (proxyro itself may not log in through a proxy)',
    '{name} 通过 OBProxy 得到响应：以其没有的用户 {stranger} 查询，它如实答复（proxyro 本身可能不能通过 OBProxy 登录）',
  ],
  'serves.errorInstead': [
    'Not proven: a login through the proxy to {name} is answered by error {errno}: {text}',
    '未能证实：通过 OBProxy 登录 {name} 返回错误 {errno}：{text}',
  ],
  'serves.logIn': ['log in to {cluster} through the proxy', '通过 OBProxy 登录 {cluster}'],
  'serves.hearsError': ['{login} hears error {errno}: {text}', '{login} 收到错误 {errno}：{text}'],
  'serves.otherName': [
    'the cluster linked as "{name}" calls itself otherwise (4666: {text})',
    '以“{name}”关联的集群自称其他名称（4666：{text}）',
  ],
  'serves.proxyroRefused': [
    "OceanBase refuses the proxy's own login to {name} as proxyro ({text})",
    'OceanBase 拒绝 OBProxy 以 proxyro 登录 {name}（{text}）',
  ],
  'serves.diagnosis': [
    '; its log/obproxy_diagnosis.log says {code}: {text}',
    '；其 log/obproxy_diagnosis.log 显示 {code}：{text}',
  ],
  'serves.noLogin': [
    'No login to {name} is answered through the proxy: {heard}{why}',
    '通过 OBProxy 登录 {name} 均没有响应：{heard}{why}',
  ],
  'serves.silence': [
    'every login to {name} through the proxy ends without an answer ({heard}){why}',
    '通过 OBProxy 登录 {name} 均没有响应而结束（{heard}）{why}',
  ],
  'url.cannotAsk': [
    '{ip} cannot ask for the config URL {url}: {said}',
    '{ip} 无法查询 config URL {url}：{said}',
  ],
  'url.asked': ['{ip} asked for the config URL {url}: {cameBack}', '{ip} 查询 config URL {url}：{cameBack}'],
  'url.certificate': [
    '{ip} does not trust the certificate of the config URL {url} ({said})',
    '{ip} 不信任 config URL {url} 的证书（{said}）',
  ],
  'url.itself': [' (that address is the host itself)', '（该地址就是主机自身）'],
  'url.reached': ['config URL {url} reached from {ip}', '从 {ip} 可以访问 config URL {url}'],
  'url.noAnswer': ['no answer', '没有响应'],
  'url.status': ['it answers with status {status}', '它返回状态码 {status}'],
  'url.endless': ['the answer does not end', '响应没有结束'],
  'url.noTool': ['it has neither curl nor Python nor bash', '它没有 curl、Python 和 bash'],
  'url.silentShell': ['its shell said nothing', '其 shell 没有任何输出'],
  'url.otherServer': [
    'what answers there is no config server of OBProxies (it begins with "{begins}")',
    '该地址上不是 OBProxy 的 config server（响应开头为“{begins}”）',
  ],
  'url.several': [
    'it answers VersionOnly by {versionOnly} and the whole by {whole}: several config servers answer there',
    '它对 VersionOnly 返回 {versionOnly}，而完整内容为 {whole}：该地址上有多个 config server',
  ],
  'url.unlisted': [
    'the config server that answers there does not list {names}: it is another one, or another obflow',
    '该地址上的 config server 没有列出 {names}：它是另一个 config server，或另一个 obflow',
  ],
  'url.elsewhere': [
    'it sends proxies to {elsewhere} for the servers of their clusters: the API that answers has another OBFLOW_PUBLIC_URL than {url}',
    '它让 OBProxy 到 {elsewhere} 查询其集群的服务器：响应的 API 的 OBFLOW_PUBLIC_URL 与 {url} 不同',
  ],
  'url.fault': ['{text}{itself}', '{text}{itself}'],
  'url.noTime': ['there was no time to ask it', '没有时间查询它'],
  'url.hostSilent': ['it did not answer within {seconds} s', '{seconds} 秒内没有响应'],
  'url.unknown': [
    'Whether the host reaches the config URL is not known: {why}',
    '无法得知主机是否能访问 config URL：{why}',
  ],
  'url.leadsToItself': [
    'OBProxies of this cluster would ask {url} for their servers, which leads every host to itself: adding OBProxies to it will be refused. {next}',
    '该集群的 OBProxy 会到 {url} 查询其服务器，而它指向每台主机自身：向该集群添加 OBProxy 会被拒绝。{next}',
  ],
} as const satisfies Record<string, Pair>;
