import type { Pair } from '../../workflows/text';

/** What is said when an OBProxy that runs already is taken over. */
export const TAKE_OVER = {
  'takeOver.undo': ['undo the take-over', '撤销接管'],
  'takeOver.forgotten': [
    'its last step has already forgotten the former passwords and parameters',
    '其最后一步已清除之前的密码和参数',
  ],
  'takeOver.into': [
    '{ip}: the OBProxy on port {port} is taken over into cluster {cluster}',
    '{ip}：端口 {port} 上的 OBProxy 将被接管到集群 {cluster}',
  ],
  'takeOver.noRpm': [
    '{ip} has no command rpm: the package of the proxy stays unknown',
    '{ip} 没有 rpm 命令：无法得知 OBProxy 的软件包',
  ],
  'takeOver.recorded': [
    'Recorded: OBProxy {version}, exporter port {port}',
    '已记录：OBProxy {version}，exporter 端口 {port}',
  ],
  'takeOver.passwordThere': [
    'OBProxy has the password of {username} already, {place}',
    'OBProxy 已有 {username} 的密码，{place}',
  ],
  'takeOver.givePassword': ['give OBProxy the password of {username}', '将 {username} 的密码交给 OBProxy'],
  'takeOver.slotsFull': [
    'both of its slots ({slots}) hold other passwords {place}, which an undo could not put back',
    '{place}，两个位置（{slots}）都保存着其他密码，撤销时无法恢复',
  ],
  'takeOver.passwordSet': [
    'OBProxy has the password of {username} now, {place} ({slot})',
    'OBProxy 已设置 {username} 的密码，{place}（{slot}）',
  ],
  'takeOver.rootPasswordThere': [
    "root@proxysys has the cluster's password already",
    'root@proxysys 已使用集群的密码',
  ],
  'takeOver.giveRootPassword': [
    "give root@proxysys the cluster's password",
    '将集群的密码设置给 root@proxysys',
  ],
  'takeOver.oddPassword': [
    'its present password holds a quote or a backslash, which an undo could not put back',
    '其当前密码包含引号或反斜杠，撤销时无法恢复',
  ],
  'takeOver.rootPasswordSet': [
    "root@proxysys has the cluster's password now",
    'root@proxysys 现已使用集群的密码',
  ],
  'takeOver.rootPasswordBack': [
    'give root@proxysys its former password again',
    '将之前的密码还给 root@proxysys',
  ],
  'takeOver.passwordForgotten': [
    'the last step of the task has already forgotten it',
    '任务的最后一步已将其清除',
  ],
  'takeOver.noPasswordSet': ['This task set no password, nothing to undo', '本任务未设置密码，无需撤销'],
  'takeOver.emptied': ['Emptied {slot}{ofCluster} again', '已重新清空 {slot}{ofCluster}'],
  'takeOver.ofCluster': [' of cluster {cluster}', '（集群 {cluster}）'],
  'takeOver.rootPasswordAgain': [
    'root@proxysys has its former password again',
    'root@proxysys 已恢复之前的密码',
  ],
  'takeOver.versionGone': [
    'SHOW PROXYINFO BINARY tells no version any more',
    'SHOW PROXYINFO BINARY 不再返回版本',
  ],
  'takeOver.parameters': [
    '{count} parameters of the cluster, {now} were set now',
    '集群的 {count} 个参数，本次设置了 {now} 个',
  ],
  'takeOver.unknownToVersion': ['is unknown to this version', '在该版本中不存在'],
  'takeOver.isNow': ["is '{value}'", "为 '{value}'"],
  'takeOver.drift': [
    "Drift, needs a restart and is not applied: {name} {is}, the cluster wants '{wished}'",
    "存在差异，需要重启，未应用：{name} {is}，集群期望 '{wished}'",
  ],
  'takeOver.canLogIn': ['root@proxysys can log in with {source}', 'root@proxysys 可以用{source}登录'],
  'takeOver.noVersion': ['SHOW PROXYINFO BINARY tells no version', 'SHOW PROXYINFO BINARY 未返回版本'],
  'takeOver.couldNot': ['could not {tried}: {cameBack}', '未能{tried}：{cameBack}'],
  'takeOver.wouldSetSecret': ['{name} (secret) would be set', '将设置 {name}（保密）'],
  'takeOver.wouldSet': ["{name} would be set from '{from}' to '{to}'", "{name} 将由 '{from}' 设置为 '{to}'"],
  'takeOver.do': ['take the OBProxy over', '接管 OBProxy'],
  'takeOver.find': ['find the OBProxy', '查找 OBProxy'],
  'takeOver.adopted': [
    'Adopted: pid {pid} of {user} in {cwd}, start {startTime}',
    '已接管：{user} 的进程 {pid}，位于 {cwd}，启动时间 {startTime}',
  ],
  'takeOver.moved': [
    'The proxy lives in {home} now, before in {before}',
    '该 OBProxy 现位于 {home}，之前位于 {before}',
  ],
  'takeOver.seeMetrics': ['see whether the proxy serves metrics', '查看 OBProxy 是否提供监控指标'],
  'password.ofRequest': ['the password of the request', '请求中的密码'],
  'password.ofCredential': ['the credential "{name}"', '凭据“{name}”'],
  'password.ofCluster': ["the cluster's password", '集群的密码'],
  'password.empty': ['the empty password', '空密码'],
  'takeOver.logIn': ['log in to OBProxy as root@proxysys', '以 root@proxysys 登录 OBProxy'],
  'takeOver.refuses': [
    'it refuses {sources} (a connection that does not come from 127.0.0.1 is refused in the same words)',
    '它拒绝{sources}（不是来自 127.0.0.1 的连接也会被同样拒绝）',
  ],
  'takeOver.nobodyListens': ['nobody listens on port {port}', '没有进程监听端口 {port}'],
  'takeOver.withPorts': ['{process} (ports {ports})', '{process}（端口 {ports}）'],
  'takeOver.noneRuns': ['no obproxy runs on the host', '主机上没有运行 obproxy'],
  'takeOver.running': ['running: {processes}', '正在运行：{processes}'],
  'takeOver.findProgram': [
    'find the program and the package of the running OBProxy',
    '查找正在运行的 OBProxy 的程序和软件包',
  ],
  'takeOver.commandKilled': ['a command was killed on the host', '主机上的一条命令被杀死'],
  'takeOver.listens': ['{process} listens; home {cwd}', '{process} 正在监听；安装路径 {cwd}'],
  'takeOver.otherUser': [
    'pid {pid} runs as {user}, and proxies of this cluster run as {runUser}',
    '进程 {pid} 以 {user} 用户运行，而该集群的 OBProxy 以 {runUser} 用户运行',
  ],
  'takeOver.twins': [
    'besides pid {pid}, {processes} lives in {cwd}, and both write one configuration',
    '除进程 {pid} 外，{processes} 也位于 {cwd}，两者会写同一份配置',
  ],
  'takeOver.noOthers': ['No other OBProxy runs on the host', '主机上没有运行其他 OBProxy'],
  'takeOver.others': [
    'Other proxies run on the host and are left alone: {processes}; a keeper that looks for obproxy by name cannot tell them apart',
    '主机上还运行着其他 OBProxy，不受影响：{processes}；按名称 obproxy 查找的守护进程无法区分它们',
  ],
  'takeOver.noPackage': [
    '{program} comes from no RPM package; it is taken over as it is',
    '{program} 不属于任何 RPM 软件包；按现状接管',
  ],
  'takeOver.package': ['{program} comes from the package {package}', '{program} 来自软件包 {package}'],
  'takeOver.otherPackage': [
    'the running proxy is {version}, the installed package {package}: a restart would start that one',
    '正在运行的 OBProxy 为 {version}，而已安装的软件包为 {package}：重启会启动后者',
  ],
  'takeOver.noKeeper': [
    'Nobody starts this proxy again when it dies; obflow starts no keeper for a proxy it did not start',
    '该 OBProxy 退出后没有任何程序会重新启动它；obflow 不会为不是由它启动的 OBProxy 启动守护进程',
  ],
  'takeOver.keeper': ['Its keeper: {keeper} ({detail})', '其守护进程：{keeper}（{detail}）'],
  'takeOver.noMetrics': [
    'the proxy serves no metrics on its port {port} (taken at its start); it is taken over without',
    '该 OBProxy 未在端口 {port} 提供监控指标（启动时端口被占用）；按无监控指标接管',
  ],
  'takeOver.notFound': ['{held}; {seen}', '{held}；{seen}'],
  'takeOver.passwordInOptions': [
    'the command line of pid {pid} holds obproxy_sys_password: options win over what is stored, so whoever starts it with that line again brings the former password of root@proxysys back (and everybody on the host can read its hash); take it out of the script or unit that starts the proxy: with its stored configuration it needs no options',
    '进程 {pid} 的命令行包含 obproxy_sys_password：启动选项优先于已保存的配置，因此再次用该命令行启动会恢复 root@proxysys 之前的密码（并且主机上所有人都能读取其哈希）；请从启动 OBProxy 的脚本或 unit 中去掉它：有了已保存的配置，启动不需要选项',
  ],
  'proxy.tooOld': ['OBProxy {version} is older than {oldest}', 'OBProxy {version} 早于 {oldest}'],
  'proxy.runs': ['OBProxy {version} runs', 'OBProxy {version} 正在运行'],
  'proxy.otherFamily': [
    'OBProxy {version} runs, and the cluster has {unlike}: versions before 4.0 and from 4.0 on do not mix in one cluster',
    'OBProxy {version} 正在运行，而集群中有 {unlike}：4.0 之前与 4.0 及之后的版本不能在同一集群中混用',
  ],
  'proxy.hasNo': ['has no {parameter}', '没有 {parameter}'],
  'proxy.shows': ['says {parameter}={value}', '显示 {parameter}={value}'],
  'proxy.portDiffers': ['the proxy {says}, and {field} is {port}', '该 OBProxy {says}，而 {field} 为 {port}'],
  'proxy.otherMode': [
    'the proxy works by {mode}, and cluster {cluster} by {workMode}',
    '该 OBProxy 以 {mode} 方式工作，而集群 {cluster} 为 {workMode}',
  ],
  'proxy.servesOthers': [
    'the proxy serves {served}, and cluster {cluster} is linked to {links}',
    '该 OBProxy 服务于 {served}，而集群 {cluster} 关联的是 {links}',
  ],
  'proxy.noClusterYet': ['no cluster yet', '尚无集群'],
  'proxy.byConfigServer': [
    'The proxy works by a config server and serves {names}',
    '该 OBProxy 通过 config server 工作，服务于 {names}',
  ],
  'proxy.unnamedCluster': ['a cluster without a name', '没有名称的集群'],
  'proxy.otherRootServers': [
    "the proxy's root servers ({list}) are none of those of {link} ({known}): another cluster of that name",
    '该 OBProxy 的 RootServer（{list}）不属于 {link} 的 RootServer（{known}）：是另一个同名集群',
  ],
  'proxy.byList': [
    'The proxy works by a root server list and serves {name}',
    '该 OBProxy 通过 RootServer 列表工作，服务于 {name}',
  ],
  'obproxy.otherConfigUrl': [
    'It asks {url} for its clusters, instead of {wished}; `obflow proxy push-url` gives it the present URL, without a restart',
    '它向 {url} 查询其集群，而不是 {wished}；可用 `obflow proxy push-url` 为其设置当前的 URL，无需重启',
  ],
  'takeOver.driftOfUrl': [
    "Drift, not applied by a take-over: {name} {is}, the cluster wants '{wished}'; `obflow proxy push-url` gives it, without a restart",
    "存在差异，接管时不应用：{name} {is}，集群期望 '{wished}'；可用 `obflow proxy push-url` 设置，无需重启",
  ],
  'takeOver.nameUnknown': [
    'Whether OceanBase cluster {name} calls itself so could not be asked: {said}',
    '无法查询 OceanBase 集群 {name} 是否以此自称：{said}',
  ],
  'takeOver.readEnvironment': ['read the environment of {process}', '读取 {process} 的环境变量'],
} as const satisfies Record<string, Pair>;
