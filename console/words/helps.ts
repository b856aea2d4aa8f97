/**
 * Help texts of form fields in Chinese, by the English that the API document says: a text that is changed there is missing
 * here at once, and test/console/words.test.ts prints the line to add. In the words of fields.ts, and of OCP's own pages.
 */
export const HELPS: Readonly<Record<string, string>> = {
  'Hosts where an OBProxy is installed; empty: none yet.': '安装 OBProxy 的主机；不选则暂不安装。',
  'OBProxy 4.3.0 and later.': 'OBProxy 4.3.0 及以上版本。',
  'File name of an uploaded package.': '已上传软件包的文件名。',
  "Only the package's own directory: its RPM is not relocatable.":
    '只能是软件包自身的目录：其 RPM 不支持改变安装路径。',
  'Id of the OceanBase cluster in obflow.': 'obflow 中的 OceanBase 集群。',
  'Password of root@proxysys; a random one when absent.': 'root@proxysys 的密码；不填则随机生成。',
  'Virtual address or domain by which clients reach the cluster.': '客户端访问集群的虚拟 IP 或域名。',
  'Hosts where an OBProxy is added.': '添加 OBProxy 的主机。',
  'SQL port of the OBProxies, e.g. 2883.': 'OBProxy 的 SQL 端口，例如 2883。',
  'Port of the metrics, e.g. 2884.': '监控指标端口，例如 2884。',
  'RPC port; OBProxy 4.3.0 and later.': 'RPC 端口；OBProxy 4.3.0 及以上版本。',
  'Hosts whose running OBProxy is taken over.': '要接管的 OBProxy 所在主机。',
  'SQL port of the running OBProxy.': '运行中 OBProxy 的 SQL 端口。',
  "root@proxysys's password; without it a declared one, the cluster's and the empty one are tried.":
    'root@proxysys 的密码；不填则依次尝试已声明的密码、集群的密码和空密码。',
  'Must be the port the proxies have; read from them when absent.':
    '必须与 OBProxy 的端口一致；不填则从 OBProxy 读取。',
  'OBProxy 4.3.0 and later; read from the proxies when absent.':
    'OBProxy 4.3.0 及以上版本；不填则从 OBProxy 读取。',
  'OBProxies of the cluster.': '集群中的 OBProxy。',
  'false: the proxies are stopped and started, which cuts sessions. true: each hands over to a new process, and no session is lost; from OBProxy 3.2.1 on, and only of proxies that are RUNNING and no unit of systemd.':
    '不选：停止后重新启动，会话会被断开。选中：由新进程接替，不丢失会话；需要 OBProxy 3.2.1 及以上版本，状态为 RUNNING，且不由 systemd 守护。',
  'Name, version and release of an uploaded package, as in obproxy-ce-4.3.1.0-4.':
    '已上传软件包的名称、版本和构建号，例如 obproxy-ce-4.3.1.0-4。',
  'Of the package, as in el8; by default that of the package the proxy has.':
    '软件包适用的操作系统，例如 el8；默认与 OBProxy 当前软件包相同。',
  'true: each proxy hands over to a process of the new version, and no session is lost; from OBProxy 3.2.1 on, and only of proxies that are no unit of systemd. false: they are stopped and started, which cuts sessions. Not in OCP.':
    '选中：由新版本的进程接替，不丢失会话；需要 OBProxy 3.2.1 及以上版本，且不由 systemd 守护。不选：停止后重新启动，会话会被断开。',
  'true: as OCP documents this task, which cannot be rolled back. false: it can, until "Check and reset proxy_id if need" begins; the former version serves again then. Not in OCP.':
    '选中：与 OCP 文档一致，任务不能回滚。不选：在 "Check and reset proxy_id if need" 开始之前可以回滚，恢复原版本。',
  'Restart the proxies one after the other when one of the parameters takes effect at a restart only.':
    '有参数需要重启才生效时，逐个重启 OBProxy。',
  'With restart: by handing over to a new process, which loses no session.':
    '重启时由新进程接替，不丢失会话。',
  '8 to 32 characters: two digits, upper- and lower-case letters each, and two of ._+@#$%.':
    '8 到 32 个字符：数字、大写字母、小写字母和 ._+@#$% 各至少两个。',
  'OBProxies whose hosts cannot be reached and are left alone; what stays there is listed in the log.':
    '主机无法到达、不做操作的 OBProxy；遗留的内容记录在日志中。',
  'Password of root@sys.': 'root@sys 的密码。',
  'IDC of the zone: that of all of its hosts.': 'Zone 的机房：其全部主机所在的机房。',
  'Ids of the hosts (not of servers).': '部署 OBServer 的主机。',
  'Host whose server takes part in the BOOTSTRAP; the first one when absent (OCP 4.3).':
    '参与 BOOTSTRAP 的 OBServer 所在主机；不选则为第一台。',
  'The same for every zone (OCP 4.3).': '每个 Zone 都必须相同。',
  'Must be that of the hosts (OCP 4.3).': '必须与主机的架构相同。',
  'Required, here or with every zone.': '必填：在此处或在每个 Zone 中。',
  'Of the sys tenant: zones by priority, "zone1,zone2;zone3"; empty: left to OceanBase.':
    'sys 租户的 Zone 优先级，例如 "zone1,zone2;zone3"；不填则由 OceanBase 决定。',
  'The next free one when absent (OCP 4.3).': '不填则使用下一个可用编号。',
  'Parameters of the first start (-o); OCP 4.3.': '首次启动的参数（-o）。',
  'OBProxy clusters that are linked to it (OCP 4.3).': '与该集群关联的 OBProxy 集群。',
  'Password of proxyro; a random one when absent.': 'proxyro 的密码；不填则随机生成。',
  "Only the package's own directory.": '只能是软件包自身的目录。',
  'The same directory.': '与安装路径相同。',
  'RPC port, as OCP 4.3 calls it.': 'RPC 端口（OCP 4.3 的名称）。',
  'SQL port of the servers. Not in OCP.': 'OBServer 的 SQL 端口。',
  'RPC port of the servers; default 2882. Not in OCP.': 'OBServer 的 RPC 端口；默认 2882。',
  'Hosts, by commas, that cannot be reached and are left alone: what is on them stays.':
    '无法到达、不做操作的主机，其上的内容会保留。',
  'Zone of the cluster that the servers join.': 'OBServer 加入的 Zone。',
  'Restricts the choice of the package, e.g. el7.': '限定软件包适用的操作系统，例如 el7。',
  'Parameters of the first start (-o).': '首次启动的参数（-o）。',
  'SQL port of the new servers. Not in OCP.': '新 OBServer 的 SQL 端口。',
  'RPC port of the new servers. Not in OCP.': '新 OBServer 的 RPC 端口。',
  'Ids of OBServers, and of nothing else. Not in OCP.': '要删除的 OBServer。',
  'Hosts that cannot be reached and are left alone; what stays there is listed in the log. Not on this page of OCP.':
    '无法到达、不做操作的主机；遗留的内容记录在日志中。',
  'Name of the new zone: 2 to 64 letters, digits and underscores, a letter first.':
    '新 Zone 的名称：2 到 64 个字母、数字和下划线，以字母开头。',
  "IDC that all of the hosts lie in; its region becomes the zone's.":
    '全部主机所在的机房，其地域即为 Zone 的地域。',
  'What the hosts must be, e.g. x86_64.': '主机必须为该架构，例如 x86_64。',
  'Id of the host that the new server is made on.': '部署新 OBServer 的主机。',
  'Nothing is done on the host of the old server, which cannot be reached; what stays there is listed in the log.':
    '旧 OBServer 的主机无法到达时使用：不在其上做任何操作，遗留的内容记录在日志中。',
  "Parameters of the first start (-o); default: the old server's, where obflow has added that one.":
    '首次启动的参数（-o）；旧 OBServer 由 obflow 添加时默认与其相同。',
  "SQL port of the new server; default: the old one's. Not in OCP.":
    '新 OBServer 的 SQL 端口；默认与旧 OBServer 相同。',
  "RPC port of the new server; default: the old one's. Not in OCP.":
    '新 OBServer 的 RPC 端口；默认与旧 OBServer 相同。',
  'Address of a server of the cluster, or of an OBProxy.': '集群中任一 OBServer 或 OBProxy 的地址。',
  'Its SQL port.': '其 SQL 端口。',
  'proxy: address and port are those of an OBProxy; clusterName is needed then.':
    '经由 OBProxy 时，地址和端口为 OBProxy 的地址和端口，并且必须填写集群名称。',
  'What the cluster must call itself.': '集群自身的名称，必须一致。',
  'What the id of the cluster must be.': '集群自身的编号，必须一致。',
  'Password of proxyro@sys. It is proven, never changed; a proxyro that is missing is made with it.':
    'proxyro@sys 的密码。只验证，不修改；缺少 proxyro 用户时以此密码创建。',
  "Set the cluster's obconfig_url to this server's, after every host has proven that it reaches it.":
    '确认每台主机都能访问后，将集群的 obconfig_url 设置为本服务的地址。',
  'For hosts of the cluster that are not in the inventory.': '用于集群中尚未添加的主机。',
  'Credential that logs in to them.': '登录主机的凭据。',
  'Host type. OCP requires it.': '主机的机型。',
  'Changes nothing here: a cluster that does not answer may be moved out as well.':
    '在此没有作用：无响应的集群同样可以移出。',
  'Changes nothing here: nothing is done on any host.': '在此没有作用：移出不操作任何主机。',
  'true: the process is stopped although a log stream loses its majority or OceanBase refuses, which interrupts clients. Without meaning for STOP_SERVICE.':
    '即使日志流会失去多数派或 OceanBase 拒绝，仍停止进程，客户端会中断。对“仅停止服务”没有作用。',
  'true: what is in memory is written to disk first, so that the next start is shorter.':
    '先将内存数据落盘，缩短下次启动的时间。',
  'STOP_SERVICE: clients and leaders leave, the process runs on. STOP_PROCESS, or absent as before V4.3.5: it stops as well.':
    '仅停止服务：迁走客户端和主副本，进程继续运行。停止进程或不选：进程也停止。',
  'true: it is restarted although a log stream loses its majority meanwhile or OceanBase refuses, which interrupts clients.':
    '即使期间日志流会失去多数派或 OceanBase 拒绝，仍重启，客户端会中断。',
  'Whether what is in memory is written to disk first, so that the start is shorter; true unless said. A request that says it is answered with the chain of V4.3.5.':
    '是否先将内存数据落盘，以缩短启动时间；未指定时落盘。指定后按 V4.3.5 的步骤执行。',
  "Whether what is in memory is written to disk first, so that the next start is shorter. Not on OCP's page, but in its console.":
    '是否先将内存数据落盘，以缩短下次启动的时间。',
  "true: processes are stopped without moving clients and leaders away, as by Force Restart of OCP's console. Not on its page.":
    '不迁走客户端和主副本，直接停止进程，与 OCP 的“强制重启”相同。',
  'Address of the host, by which it is reached from here on.': '主机的 IP 地址，此后以该地址访问主机。',
  'SSH port of all of them, e.g. 22.': '全部主机的 SSH 端口，例如 22。',
  'IDC in which they stand.': '主机所在的机房。',
  'Of containers alone, e.g. 8080:80 or 8090; kept and shown, not used.':
    '仅用于容器，例如 8080:80 或 8090；只保存和显示。',
  'Only with one host.': '仅在添加一台主机时填写。',
  'Not of a host with services. The host must show its pinned key there.':
    '有服务的主机不能修改。主机在新地址上的主机密钥必须不变。',
  'The host must show its pinned key there.': '主机在该端口上的主机密钥必须不变。',
  'It must log in to the host.': '必须能登录该主机。',
  'Not of a host with services.': '有服务的主机不能修改。',
  'Empty: none.': '留空表示没有。',
  'OBProxies of the cluster; all of them when absent.': '集群中的 OBProxy；不选则为全部。',
  'Also those that are seen alive: they run on, unknown to obflow.':
    '包括仍存活的 OBProxy：它们继续运行，但 obflow 不再管理。',
  'Also one that answers, or whose services do: they run on, unknown to obflow.':
    '包括主机或其服务仍有响应的情况：它们继续运行，但 obflow 不再管理。',
  '8 to 32 characters of at least three kinds: digits, upper and lower case, ~!@#%^&*_-+=|(){}[]:;,.?/':
    '8 到 32 个字符，至少包含数字、大写字母、小写字母、~!@#%^&*_-+=|(){}[]:;,.?/ 中的三类。',
  'Always so: obflow itself logs in with it. false is refused.': '始终保存：obflow 自身用它登录，不能取消。',
};
