import type { Pair } from '../../workflows/text';

/** What is said when an OceanBase cluster that runs already is taken over, or moved out again. */
export const OB_TAKE_OVER = {
  'obTakeOver.nobodyListens': ['{ip}: nobody listens on port {port}', '{ip}：端口 {port} 上没有进程监听'],
  'obTakeOver.heldByOther': [
    '{ip}: port {port} is held by no observer, but by {holder}',
    '{ip}：端口 {port} 被 {holder} 占用，而不是 observer',
  ],
  'obTakeOver.nextHost': [
    'Check that this host is the one on which the server runs.',
    '请确认该主机正是该 OBServer 所在的主机。',
  ],
  'obTakeOver.hidden': ['{ip} does not show where {process} works', '{ip} 不显示 {process} 的工作目录'],
  'obTakeOver.nextReadable': [
    'Log in as a user who may read /proc of other users (root, or sudo).',
    '请使用可读取其他用户 /proc 的用户（root 或 sudo）登录。',
  ],
  'obTakeOver.otherUser': [
    '{ip}: {process}; only an observer of {user} can be taken over',
    '{ip}：{process}；只能接管以 {user} 运行的 observer',
  ],
  'obTakeOver.nextUser': [
    'Stop it, give its files to {user}, and start it as {user}.',
    '请停止它，将其文件的属主改为 {user}，并以 {user} 启动。',
  ],
  'obTakeOver.otherName': ['it calls itself "{name}", not "{wished}"', '它自称“{name}”，而不是“{wished}”'],
  'obTakeOver.otherId': ['its cluster id is {id}, not {wished}', '其集群 ID 为 {id}，而不是 {wished}'],
  'obTakeOver.nextEntrance': ['Correct address, name or id.', '请更正地址、名称或 ID。'],
  'obTakeOver.oddName': [
    'the name "{name}" (cluster id {id}) is none that obflow can work with',
    'obflow 无法使用名称“{name}”（集群 ID {id}）',
  ],
  'obTakeOver.nextName': [
    'A name begins with a letter and has letters, digits and _ . @ - only; the id is a positive number.',
    '名称须以字母开头，仅包含字母、数字和 _ . @ -；ID 须为正整数。',
  ],
  'obTakeOver.oddTenants': ['names of tenants do not fit: {tenants}', '租户名称不合法：{tenants}'],
  'obTakeOver.nextTenants': [
    'Names of tenants begin with a letter or _ and have letters, digits and _ only.',
    '租户名称须以字母或 _ 开头，仅包含字母、数字和 _。',
  ],
  'obTakeOver.oddZone': ['the name of zone "{zone}" does not fit', 'Zone 名称“{zone}”不合法'],
  'obTakeOver.nextZone': [
    'Names of zones begin with a letter and have 2 to 64 characters.',
    'Zone 名称须以字母开头，长度为 2 到 64 个字符。',
  ],
  'obTakeOver.mixedVersions': [
    'its servers run different versions: {versions}',
    '各 OBServer 的版本不一致：{versions}',
  ],
  'obTakeOver.nextUpgrade': ['End the upgrade first.', '请先完成升级。'],
  'obTakeOver.dataDirs': [
    'data_dir differs between the servers: {folders}',
    '各 OBServer 的 data_dir 不一致：{folders}',
  ],
  'obTakeOver.nextDataDirs': [
    'obflow works on clusters whose servers have one data_dir.',
    'obflow 仅支持各 OBServer 的 data_dir 相同的集群。',
  ],
  'obTakeOver.noServers': ['it lists no servers', '它没有列出任何 OBServer'],
  'obTakeOver.nextRoot': ['Log in as root of the sys tenant.', '请以 sys 租户的 root 登录。'],
  'obTakeOver.notServing': [
    'server {address} is {status} and does not serve',
    'OBServer {address} 的状态为 {status}，未提供服务',
  ],
  'obTakeOver.nextServing': ['Start it, or delete it from the cluster.', '请启动它，或将其从集群中删除。'],
  'obTakeOver.unknownVersion': [
    'The cluster runs OceanBase {version}; obflow knows 2.2, 3.x and 4.x.',
    '集群的 OceanBase 版本为 {version}；obflow 支持 2.2、3.x 和 4.x。',
  ],
  'obTakeOver.loginRefused': [
    '{at} refuses root@sys: {said}. Correct rootSysPassword.',
    '{at} 拒绝 root@sys 登录：{said}。请更正 rootSysPassword。',
  ],
  'obTakeOver.cannotAsk': [
    'The cluster at {at} cannot be asked as root@sys: {said}. Address and port must be those of OceanBase.',
    '无法以 root@sys 查询 {at} 的集群：{said}。地址和端口必须属于 OceanBase。',
  ],
  'obTakeOver.silent': [
    'The cluster could not be asked at {at}: {said}. Check address and port, and that this machine reaches them.',
    '无法在 {at} 查询集群：{said}。请检查地址和端口，并确认本机可以访问。',
  ],
  'obTakeOver.known': [
    'cluster {name}:{obClusterId} is known here (id {id}, {status})',
    '集群 {name}:{obClusterId} 已存在（ID {id}，{status}）',
  ],
  'obTakeOver.nextKnown': [
    'GET /api/v2/ob/clusters/{id} shows that cluster; to take it over anew, move it out first.',
    'GET /api/v2/ob/clusters/{id} 可查看该集群；如需重新接管，请先将其移出。',
  ],
  'obTakeOver.standby': [
    'cluster {name} is a standby, and its primary is not known here',
    '集群 {name} 是备集群，其主集群尚未纳入管理',
  ],
  'obTakeOver.nextPrimary': ['Take over the primary cluster first.', '请先接管主集群。'],
  'obTakeOver.proxyroFits': ['{user} can log in with the stored password', '{user} 可用所存密码登录'],
  'obTakeOver.proxyroDiffers': [
    '{user}@sys is there and refuses the password',
    '{user}@sys 已存在，且拒绝该密码',
  ],
  'obTakeOver.nextProxyro': [
    'Send the password that {user} has, in letters, digits and signs other than quotes, backslash and semicolon; it is never changed.',
    '请提供 {user} 现有的密码，不得包含引号、反斜杠和分号；obflow 从不修改该密码。',
  ],
  'obTakeOver.nextSendPassword': [
    'Roll back, and send the request again with the password of {user}.',
    '请回滚，并带上 {user} 的密码重新发送请求。',
  ],
  'obTakeOver.nextCredential': [
    'Correct the credential of {user} and retry; obflow never changes the password in the cluster.',
    '请更正 {user} 的凭据后重试；obflow 从不修改集群中的密码。',
  ],
  'obTakeOver.proxyroUnproven': [
    '{user}@sys is there, and its password was not given: before an OBProxy is linked, its credential must be corrected',
    '{user}@sys 已存在，但未提供密码：关联 OBProxy 之前必须更正其凭据',
  ],
  'obTakeOver.proxyroAbsent': ['{user}@sys is missing; it will be made', '{user}@sys 不存在，将会创建'],
  'obTakeOver.proxyroUnfit': ['the password for {user} {fault}', '{user} 的密码{fault}'],
  'obTakeOver.serverKnown': [
    'server {address} is known here as one of cluster {cluster}',
    'OBServer {address} 已登记为集群 {cluster} 的服务器',
  ],
  'obTakeOver.hostUnknown': ['there is no host {ip} in the inventory', '资源中没有主机 {ip}'],
  'obTakeOver.nextHostInfo': [
    'Add it, or send hostInfo with the take-over.',
    '请先添加该主机，或在接管请求中提供 hostInfo。',
  ],
  'obTakeOver.noIdc': [
    'zone {zone} names no IDC, so it is not known where host {ip} stands',
    'Zone {zone} 未设置机房，无法得知主机 {ip} 所在的机房',
  ],
  'obTakeOver.nextIdc': [
    "ALTER SYSTEM MODIFY ZONE '{zone}' SET IDC sets it; or add the host first.",
    "可用 ALTER SYSTEM MODIFY ZONE '{zone}' SET IDC 设置，或先添加主机。",
  ],
  'obTakeOver.unknownIdc': [
    'there is no IDC {idc} in region {region}, which zone {zone} names',
    'Zone {zone} 所在的区域 {region} 中没有机房 {idc}',
  ],
  'obTakeOver.nextAddIdc': ['Add region and IDC, or the host.', '请先添加区域和机房，或添加主机。'],
  'obTakeOver.unfit': ['Cluster {name} cannot be taken over: {faults}', '无法接管集群 {name}：{faults}'],
  'obTakeOver.coded': ['{code} {message}', '{code} {message}'],
  'obTakeOver.oneSite': [
    'No other site manages this cluster; there is nothing to lock',
    '没有其他站点管理该集群，无需加锁',
  ],
  'obTakeOver.noCalibration': [
    'No I/O calibration: it loads the disks, and this cluster is in use',
    '不执行 I/O 校准：它会给磁盘带来压力，而该集群正在使用',
  ],
  'obTakeOver.noResourceManager': [
    'The users of obflow have no resource plan; nothing to create',
    'obflow 的用户没有资源计划，无需创建',
  ],
  'obTakeOver.proveProxyro': ['log in as {user}@sys', '以 {user}@sys 登录'],
  'obTakeOver.rootRefused': ['root@sys is refused', 'root@sys 登录被拒绝'],
  'obTakeOver.nextRootPassword': [
    'Correct the credential of root@sys and retry.',
    '请更正 root@sys 的凭据后重试。',
  ],
  'obTakeOver.forgotten': ['Cluster {name} is forgotten again', '已重新移除集群 {name} 的记录'],
  'obTakeOver.forgottenBefore': ['The cluster is forgotten already', '该集群的记录已被移除'],
  'obTakeOver.forget': ['forget the cluster {name}', '移除集群 {name} 的记录'],
  'obTakeOver.linked': ['OBProxy clusters are linked to it: {names}', '以下 OBProxy 集群与其关联：{names}'],
  'obTakeOver.nextUnlink': ['Delete these links, then try again.', '请删除这些关联后重试。'],
  'obTakeOver.prepare': ['ask the cluster that is to be taken over', '查询将被接管的集群'],
  'obTakeOver.nextAgain': ['Roll back and send the request again.', '请回滚并重新发送请求。'],
  'obTakeOver.answersAs': ['it answers as {name}:{id} now', '它现在自称 {name}:{id}'],
  'obTakeOver.newServers': [
    'it lists servers that were not there at the request: {servers}',
    '它列出了请求时不存在的 OBServer：{servers}',
  ],
  'obTakeOver.serversAway': ['servers do not serve: {servers}', '以下 OBServer 未提供服务：{servers}'],
  'obTakeOver.found': [
    '{name}: OceanBase {version}, {count} servers serve',
    '{name}：OceanBase {version}，{count} 台 OBServer 提供服务',
  ],
  'obTakeOver.makeUser': ['make the user {user} in the sys tenant', '在 sys 租户中创建用户 {user}'],
  'obTakeOver.userThere': ['{user}@sys is there; it stays as it is', '{user}@sys 已存在，保持不变'],
  'obTakeOver.userGone': [
    '{user}@sys was there at the request and is gone, and its password is not known',
    '{user}@sys 在请求时存在，现已不存在，且其密码未知',
  ],
  'obTakeOver.dropUser': ['drop the user {user} that this task has made', '删除本任务创建的用户 {user}'],
  'obTakeOver.userDropped': ['Dropped {user}@sys again', '已重新删除 {user}@sys'],
  'obTakeOver.proveUrl': [
    'prove that the servers reach the config server before they are told of it',
    '在告知 OBServer 之前确认其可访问 config server',
  ],
  'obTakeOver.setUrl': ['set obconfig_url of the cluster', '设置集群的 obconfig_url'],
  'obTakeOver.urlStays': ['obconfig_url stays as it is, as asked', '按要求保持 obconfig_url 不变'],
  'obTakeOver.urlThere': ['obconfig_url is {url} already', 'obconfig_url 已是 {url}'],
  'obTakeOver.urlFormer': ['obconfig_url is "{former}" so far', 'obconfig_url 目前为“{former}”'],
  'obTakeOver.urlSet': [
    'obconfig_url is {url} now (before: "{former}")',
    'obconfig_url 现为 {url}（之前：“{former}”）',
  ],
  'obTakeOver.urlBack': ['obconfig_url is "{url}" again', 'obconfig_url 已恢复为“{url}”'],
  'obTakeOver.askRootServers': ['ask the cluster for its root servers', '向集群查询其 RootServer'],
  'obTakeOver.noRootServers': [
    'rootservice_list names no server that obflow may connect to: "{list}"',
    'rootservice_list 中没有 obflow 可以连接的服务器：“{list}”',
  ],
  'obTakeOver.rootServers': ['Root servers: {rootServers}', 'RootServer 列表：{rootServers}'],
  'obTakeOver.allServe': ['All {count} servers serve', '{count} 台 OBServer 均提供服务'],
  'obTakeOver.findProcess': ['find the process of server {address}', '查找 OBServer {address} 的进程'],
  'obTakeOver.process': [
    '{address}: pid {pid} of {user} in {home}, data in {dataDir}, package {package}',
    '{address}：{user} 的进程 {pid}，目录 {home}，数据目录 {dataDir}，软件包 {package}',
  ],
  'obTakeOver.askEdition': ['ask the cluster for its edition', '查询集群的版本类型'],
  'obTakeOver.noPackage': [
    'There is no package {name} {version} in the library: upload it before a server is added',
    '软件包库中没有 {name} {version}：添加 OBServer 之前请先上传',
  ],
  'obTakeOver.package': [
    'Packages of {name} {version} in the library: {files}',
    '软件包库中的 {name} {version}：{files}',
  ],
  'obTakeOver.noRpm': ['{ip}: {program} belongs to no rpm', '{ip}：{program} 不属于任何 rpm'],
  'obTakeOver.askTenants': ['ask the cluster for its tenants', '向集群查询其租户'],
  'obTakeOver.tenants': [
    'The cluster has {count} tenants that users have made',
    '集群中有 {count} 个用户创建的租户',
  ],
  'obTakeOver.tenantsUntold': ['The cluster does not tell its tenants', '集群没有给出其租户'],

  'moveOut.status': [
    'OceanBase cluster "{name}" is {status}: it can be moved out when it is {allowed}.',
    'OceanBase 集群“{name}”的状态为 {status}：仅在 {allowed} 时可以移出。',
  ],
  'moveOut.linked': [
    'OBProxy clusters are linked to OceanBase cluster "{name}": {names}. Delete these links first.',
    '以下 OBProxy 集群与 OceanBase 集群“{name}”关联：{names}。请先删除这些关联。',
  ],
  'moveOut.credentials': [
    'The passwords of root@sys and proxyro@sys that the take-over has stored will be lost',
    '接管时保存的 root@sys 和 proxyro@sys 密码将会丢失',
  ],
  'moveOut.configUrl': [
    'The servers go on asking this config server (obconfig_url; before the take-over: "{former}")',
    'OBServer 仍会访问本 config server（obconfig_url；接管之前为“{former}”）',
  ],
  'moveOut.related': [
    '{name}: {count} servers and their zones are forgotten',
    '{name}：已移除 {count} 台 OBServer 及其 Zone 的记录',
  ],
  'moveOut.forget': ['forget the OceanBase cluster {id}', '移除 OceanBase 集群 {id} 的记录'],
  'moveOut.forgotten': [
    'OceanBase cluster {id} is forgotten; nothing was done to it',
    '已移除 OceanBase 集群 {id} 的记录；未对其做任何操作',
  ],
  'moveOut.bringBack': ['bring the OceanBase cluster {id} back', '恢复 OceanBase 集群 {id} 的记录'],
  'moveOut.gone': ['the inventory has forgotten it', '资源中已没有其记录'],
  'moveOut.nextTakeOver': [
    'Take the cluster over again, or declare it with `obflow apply`.',
    '请重新接管该集群，或用 `obflow apply` 声明。',
  ],
} as const satisfies Record<string, Pair>;
