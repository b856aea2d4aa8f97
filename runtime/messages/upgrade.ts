import type { Pair } from '../../workflows/text';

/** What is said of an upgrade of an OBProxy. */
export const UPGRADE = {
  'upgrade.prepare': ['prepare the upgrade of OBProxy', '为升级 OBProxy 做准备'],
  'upgrade.restart': ['bring OBProxy to another version', '切换 OBProxy 的版本'],
  'upgrade.keepEtc': ['keep etc of {home} beside', '保留 {home} 的 etc'],
  'upgrade.etcKept': ['The configuration as it is now is kept in {path}', '当前配置保留在 {path} 中'],
  'upgrade.look': ['look at the files of the upgrade in {home}', '查看 {home} 中升级的文件'],
  'upgrade.stage': ['take the program out of {package} into {home}', '从 {package} 中取出程序放入 {home}'],
  'upgrade.place': ['put the program of {version} in place in {home}', '在 {home} 中换上 {version} 的程序'],
  'upgrade.putBack': ['put the program of {version} back in {home}', '在 {home} 中换回 {version} 的程序'],
  'upgrade.clear': ['remove the files of the upgrade in {home}', '删除 {home} 中升级的文件'],
  'upgrade.staged': [
    '{program} of the package runs there and is {version}; it is put in place when the proxy is restarted',
    '软件包中的 {program} 可在该处运行，版本为 {version}；重启该 OBProxy 时换上',
  ],
  'upgrade.placed': [
    'The program of {version} is in place in {home}; the proxy still runs with its former one',
    '{home} 中已换上 {version} 的程序；该 OBProxy 仍以原程序运行',
  ],
  'upgrade.notStaged': ['no program of the new package waits in {home}', '{home} 中没有待换上的新软件包程序'],
  'next.retryRpm': ['Retry the subtask "Upgrade Obproxy Rpm".', '请重试子任务“Upgrade Obproxy Rpm”。'],
  'upgrade.isBack': [
    'The program of {version} is back in place, and nothing was upgraded here',
    '已换回 {version} 的程序，此处没有升级',
  ],
  'upgrade.servesAgain': ['OBProxy {version} serves, as before', 'OBProxy {version} 照常服务'],
  'upgrade.recorded': ['Recorded: OBProxy {version} in {home}', '已记录：{home} 中的 OBProxy {version}'],
  'upgrade.recordedFormer': [
    'Recorded: OBProxy {version}, as before',
    '已记录：OBProxy {version}，与之前相同',
  ],
  'upgrade.noFormer': [
    'The proxy was stopped and started: no former process is left',
    '该 OBProxy 是停止后启动的：没有原进程',
  ],
  'upgrade.bringConfiguration': [
    'bring the stored configuration into the file that the new version reads',
    '把已存储的配置写入新版本读取的文件',
  ],
  'upgrade.sameConfiguration': [
    '{version} reads the configuration where it is',
    '{version} 直接读取现有位置的配置',
  ],
  'upgrade.configurationUntold': [
    'it does not show where OceanBase is, or another port than {port}: what it shows is not all that it has',
    '它没有显示 OceanBase 的位置，或显示的端口不是 {port}：显示的内容不完整',
  ],
  'next.seeShownAndRetry': [
    'See what SHOW PROXYCONFIG of the proxy tells, and retry.',
    '请查看该 OBProxy 的 SHOW PROXYCONFIG，然后重试。',
  ],
  'upgrade.configurationBrought': [
    '{count} values of the running proxy are in {file}, passwords as their hashes',
    '运行中 OBProxy 的 {count} 个值已写入 {file}，密码为其哈希值',
  ],
  'upgrade.configurationBack': ['{file} is as it was before', '{file} 已恢复原样'],
  'upgrade.register': ['tell rpm of the upgrade', '在 rpm 中登记升级'],
  'upgrade.registered': ['rpm lists {package}', 'rpm 中已有 {package}'],
  'upgrade.unregistered': [
    'rpm lists {package} no more; its files stay, because the proxy runs on them',
    'rpm 中已没有 {package}；其文件保留，因为该 OBProxy 正在使用',
  ],
  'upgrade.noOwner': ['rpm lists no package for {path}', 'rpm 中没有 {path} 所属的软件包'],
  'upgrade.ownerStays': [
    'rpm goes on listing {package}: obflow does not have this package, and could not list it again. Erasing it later would take the program of the proxy away',
    'rpm 中保留 {package}：obflow 没有该软件包，无法重新登记。以后卸载它会删除该 OBProxy 的程序',
  ],
  'upgrade.canHot': [
    'OBProxy {version} serves and can hand over; {count} sessions of clients go on',
    'OBProxy {version} 正在服务，可以交接；{count} 个客户端会话将继续',
  ],
  'upgrade.cutsSessions': [
    'OBProxy {version} serves; its {count} sessions of clients are cut when it is stopped',
    'OBProxy {version} 正在服务；停止时其 {count} 个客户端会话将被中断',
  ],
  'upgrade.otherProgram': [
    '{process} was not started as {program}, so it would not hand over to that',
    '{process} 不是以 {program} 启动的，因此不会交接给它',
  ],
  'next.startByProgram': [
    'Undo, and send the request with hotRestart false; or restart the proxy by that path first.',
    '请回滚后以 hotRestart false 重新发送请求；或先以该路径重启该 OBProxy。',
  ],
  'upgrade.homeUnfit': ['{home} cannot be upgraded in: {said}', '{home} 无法升级：{said}'],
  'upgrade.noRoom': [
    '{path} has {free} kB free, and the upgrade needs {needed} kB',
    '{path} 剩余 {free} kB，升级需要 {needed} kB',
  ],
  'upgrade.room': [
    '{home} has {free} MB free; the upgrade needs {needed} MB',
    '{home} 剩余 {free} MB；升级需要 {needed} MB',
  ],
  'upgrade.opensRpcPort': [
    'The new version opens RPC port {port}, which is free',
    '新版本会打开 RPC 端口 {port}，该端口空闲',
  ],
  'upgrade.before': [
    'OBProxy {ip} is {version}, pid {pid}, with {count} sessions of clients; hot_upgrade_exit_timeout is {seconds} s (-1: no end)',
    'OBProxy {ip} 版本 {version}，pid {pid}，有 {count} 个客户端会话；hot_upgrade_exit_timeout 为 {seconds} 秒（-1：无限）',
  ],
  'upgrade.clusterVersions': [
    'The OBProxies of cluster {cluster} are of version {versions}',
    '集群 {cluster} 的 OBProxy 版本为 {versions}',
  ],
  'proxyId.untold': [
    'OBProxy {ip} does not tell its proxy_id: {reason}',
    '无法得知 OBProxy {ip} 的 proxy_id：{reason}',
  ],
  'proxyId.ofCluster': [
    'The parameters of cluster {cluster} name proxy_id: it is left as it is',
    '集群 {cluster} 的参数中有 proxy_id：保持不变',
  ],
  'proxyId.set': ['proxy_id of OBProxy {ip} is {id} now', 'OBProxy {ip} 的 proxy_id 现为 {id}'],
  'proxyId.unique': [
    'Every OBProxy of cluster {cluster} that tells its proxy_id has one of its own',
    '集群 {cluster} 中可得知的 proxy_id 各不相同',
  ],
  'upgrade.notHigher': [
    'OBProxy {id} ({address}) is {version}: {wanted} is not higher. Choose a higher version.',
    'OBProxy {id}（{address}）的版本为 {version}：{wanted} 不更高。请选择更高的版本。',
  ],
  'upgrade.otherFamily': [
    'OBProxy {id} ({address}) is {version}: versions before 4.0 and from 4.0 on cannot follow each other. Choose one of its own family, or delete it and add it again.',
    'OBProxy {id}（{address}）的版本为 {version}：4.0 之前与 4.0 及以后的版本不能互相升级。请选择同一系列的版本，或将其删除后重新添加。',
  ],
  'upgrade.otherEdition': [
    'OBProxy {id} ({address}) is made from {name}: {wanted} is another edition. Choose a package of {name}.',
    'OBProxy {id}（{address}）由 {name} 安装：{wanted} 是另一版本类型。请选择 {name} 的软件包。',
  ],
  'upgrade.noPackage': [
    'No package {name} is uploaded. Upload it with POST /api/v2/software-packages; GET lists those that exist.',
    '没有软件包 {name}。请用 POST /api/v2/software-packages 上传；GET 列出现有软件包。',
  ],
  'upgrade.noPackageOf': [
    'No package {name} for {system} is uploaded, only for {there}. Name one of these as packageOperatingSystem, or upload it.',
    '没有 {system} 的软件包 {name}，只有 {there} 的。请用 packageOperatingSystem 指定其一，或上传所需的软件包。',
  ],
  'upgrade.noArchitecture': [
    'Host {ip} is {host}, and {name} is uploaded for {there} only. Upload the package for {host}.',
    '主机 {ip} 为 {host}，而 {name} 只上传了 {there} 的软件包。请上传 {host} 的软件包。',
  ],
  'upgrade.several': [
    '{name} is uploaded for {there}. Name one of them as packageOperatingSystem.',
    '{name} 已上传 {there} 的软件包。请用 packageOperatingSystem 指定其一。',
  ],
  'must.shortRpmName': [
    'must be name-version-release without dist tag, architecture and .rpm, such as obproxy-ce-4.3.1.0-4',
    '必须是 名称-版本-发布号，不带发行版标签、架构和 .rpm，例如 obproxy-ce-4.3.1.0-4',
  ],
} as const satisfies Record<string, Pair>;
