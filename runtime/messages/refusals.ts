import type { Pair } from '../../workflows/text';

/** Why a request is refused: whole sentences. */
export const REFUSALS = {
  'request.faults': ['The request cannot be accepted: {faults}.', '请求参数不合法：{faults}。'],
  'request.faultsAndMore': [
    'The request cannot be accepted: {faults}; and {more} more.',
    '请求参数不合法：{faults}；另有 {more} 处。',
  ],
  'request.fault': ['{field} {fault}.', '请求参数不合法：{field} {fault}。'],
  'request.faultOf': ['{field} {value} {fault}.', '请求参数不合法：{field} {value} {fault}。'],
  'port.used': ['{field} {value} {fault}. Choose a free port.', '{field} {value} {fault}。请选择空闲端口。'],
  'field.fault': ['{field} {fault}', '{field} {fault}'],
  'body.fault': ['the request {fault}', '请求 {fault}'],

  'http.throttled': [
    'Excessive number of requests. You have exceeded the request limit for the current throttling window.',
    '请求过于频繁，已超出当前限流窗口的请求次数上限。',
  ],
  'http.otherSite': [
    'Pages of other sites may not send requests that change something.',
    '其他站点的页面不能发送变更类请求。',
  ],
  'http.noPath': [
    'There is no {path} here. GET /openapi.json lists every path.',
    '路径 {path} 不存在。GET /openapi.json 列出全部路径。',
  ],
  'http.noMethod': [
    '{method} is not possible on {path}. Use {allowed}.',
    '{path} 不支持 {method}，请使用 {allowed}。',
  ],
  'http.contentType': [
    'The Content-Type "{type}" is not understood. Send application/json.',
    '不支持的 Content-Type“{type}”，请发送 application/json。',
  ],
  'http.noJson': [
    'The body is not valid JSON. Send one JSON object.',
    '请求体不是合法的 JSON，请发送一个 JSON 对象。',
  ],
  'http.tooLarge': [
    'The body is larger than 1 MB. Send fewer entries in one request.',
    '请求体超过 1 MB，请减少单次请求的内容。',
  ],
  'http.encoding': [
    'The Content-Encoding is not supported. Send the body as it is, or with gzip or deflate.',
    '不支持的 Content-Encoding。请直接发送请求体，或使用 gzip、deflate。',
  ],
  'http.charset': [
    'The charset of the body is not supported. Send JSON in UTF-8.',
    '不支持请求体的字符集，请以 UTF-8 发送 JSON。',
  ],
  'http.length': [
    'The body does not have the length that Content-Length says.',
    '请求体长度与 Content-Length 不一致。',
  ],
  'http.aborted': ['The request ended before its body did.', '请求体尚未发送完，请求已中断。'],
  'http.unreadable': [
    'The request cannot be read. Check its URL and headers.',
    '无法解析该请求，请检查 URL 和请求头。',
  ],
  'http.unexpected': [
    'Something unexpected happened. The server log has the details under the traceId of this answer.',
    '发生未预期的错误。详情请用本响应的 traceId 查询服务端日志。',
  ],
  'list.sort': [
    'The list cannot be sorted by "{field}". Leave sort out, or name a field of the list.',
    '该列表不能按“{field}”排序。请去掉 sort，或指定列表中的字段。',
  ],

  'login.wrong': ['User name or password is wrong.', '用户名或密码错误。'],
  'login.ended': [
    'This login has ended: the user is deleted or disabled, or its password or access key no longer counts. Log in again.',
    '登录已失效：用户已被删除或禁用，或其密码、访问密钥已失效。请重新登录。',
  ],
  'login.sessionOver': [
    'This session is over: it was ended, or is older than 12 hours, or was not used for an hour, or its user is deleted or disabled or has another password. Log in again.',
    '会话已结束：已退出登录，或已超过 12 小时，或一小时未使用，或其用户已被删除、禁用或修改了密码。请重新登录。',
  ],
  'login.needed': [
    'Log in by HTTP Basic, or sign the request with an access key: send an Authorization header {forms}.',
    '请使用 HTTP Basic 登录，或用访问密钥对请求签名：发送 Authorization 请求头 {forms}。',
  ],
  'login.noKey': ['There is no enabled access key {id}.', '没有已启用的访问密钥 {id}。'],
  'user.unknown': [
    'There is no user {id}. GET /api/v2/iam/users lists the users.',
    '用户 {id} 不存在。GET /api/v2/iam/users 列出全部用户。',
  ],
  'user.oldPasswordWrong': ['The old password is wrong.', '原密码错误。'],

  'task.unknown': [
    'There is no task {id}. GET /api/v2/tasks/instances lists them.',
    '任务 {id} 不存在。GET /api/v2/tasks/instances 列出全部任务。',
  ],
  'task.unreadable': ['The plan of the task cannot be used: {reason}', '无法使用该任务的计划：{reason}'],
  'task.neverRan': ['Task {id} takes no command but abandon: {why}.', '任务 {id} 只接受放弃命令：{why}。'],
  'why.notStarted': ['it has not been started yet', '任务尚未启动'],
  'why.unknownToTemporal': ['Temporal does not know its workflow', 'Temporal 中没有其工作流'],
  'task.starting': [
    'Task {id} is being started just now. Look at it in some seconds, then send the command again.',
    '任务 {id} 正在启动。请稍后查看，再重新发送命令。',
  ],
  'task.unknownToTemporal': [
    'Temporal does not know the workflow of this task; see the log of the API.',
    'Temporal 中没有该任务的工作流，请查看 API 日志。',
  ],
  'failed.noReason': ['It failed without a reason.', '失败，未给出原因。'],
  'by.somebody': ['somebody', '未知用户'],
  'ended.failed': ['The workflow failed: {reason}', '工作流失败：{reason}'],
  'ended.timeout': ['The workflow exceeded its timeout.', '工作流超时。'],
  'ended.cancelled': [
    'The workflow was cancelled; it takes no more commands.',
    '工作流已被取消，不再接受命令。',
  ],
  'ended.cancelledBy': [
    'The workflow was cancelled by {by}; it takes no more commands.',
    '工作流已被 {by} 取消，不再接受命令。',
  ],
  'ended.terminated': [
    'The workflow was terminated by {by}; it takes no more commands.',
    '工作流已被 {by} 终止，不再接受命令。',
  ],
  'ended.terminatedFor': [
    'The workflow was terminated by {by}: {reason}; it takes no more commands.',
    '工作流已被 {by} 终止：{reason}；不再接受命令。',
  ],
  'temporal.away': [
    'Temporal does not answer ({reason}). Tasks go on when it is back; try again then.',
    'Temporal 无响应（{reason}）。恢复后任务会继续执行，请届时重试。',
  ],
  'worker.none': [
    'No worker takes tasks of queue "{queue}"; the command was not sent. Start one (obflow worker) and send it again.',
    '没有 worker 处理队列“{queue}”，命令未发送。请启动 worker（obflow worker）后重试。',
  ],

  'task.is': ['Task {id} is {status}', '任务 {id} 的状态为 {status}'],
  'subtask.is': ['Subtask {id} ({name}) is {status}', '子任务 {id}（{name}）的状态为 {status}'],
  'workflow.notStarted': ['has not been started yet', '尚未启动'],
  'workflow.ended': ['has ended', '已结束'],
  'refused.closed': [
    '{what}, and the workflow of task {id} {ended}: only an open task takes commands.',
    '{what}，任务 {id} 的工作流{ended}：只有未结束的任务才接受命令。',
  ],
  'task.tooLarge': [
    'The request makes one task of {asked} {unit}, and {most} are supported. Ask for fewer hosts at a time.',
    '该请求会产生一个包含 {asked} {unit}的任务，最多支持 {most}。请减少单次请求的主机数。',
  ],
  'unit.subtasks': ['subtasks', '个子任务'],
  'unit.edges': ['edges', '条依赖'],
  'unit.bytes': ['bytes of plan', '字节的计划'],
  'thing.host': ['Host {id}', '主机 {id}'],
  'thing.obCluster': ['OceanBase cluster {id}', 'OceanBase 集群 {id}'],
  'thing.package': ['Package {id}', '软件包 {id}'],
  'thing.obproxyCluster': ['OBProxy cluster {id}', 'OBProxy 集群 {id}'],
  'held.by': ['{what} is in use by task {task}. {next}', '{what} 正被任务 {task} 使用。{next}'],
  'held.byFailed': [
    'Task {task} has FAILED: see its log, repair the cause and retry it.',
    '任务 {task} 已失败：请查看日志，排除原因后重试该任务。',
  ],
  'held.byOpen': [
    'Wait until task {task} has ended, then send the request again.',
    '请等待任务 {task} 结束后重新发送请求。',
  ],
  'link.unknown': [
    '{field}: there is no OceanBase cluster {name}. Declare it with "obflow apply" first.',
    '{field}：OceanBase 集群 {name} 不存在。请先用“obflow apply”声明。',
  ],
  'link.otherIds': [
    '{field}: there is no OceanBase cluster {name}. One of that name is known with other ids ({known}).',
    '{field}：OceanBase 集群 {name} 不存在。已知同名集群的 ID 为（{known}）。',
  ],
  'obproxyCluster.taken': [
    'There is already an OBProxy cluster named "{name}". Choose another name, or add proxies to that one by batchAdd.',
    '名为“{name}”的 OBProxy 集群已存在。请换一个名称，或用 batchAdd 向其中添加 OBProxy。',
  ],
  'package.unfit': [
    '{file} does not fit every host ({reasons}). Choose the package built for these hosts.',
    '{file} 不适用于所有主机（{reasons}）。请选择适用于这些主机的软件包。',
  ],
  'configUrl.leadsToItself': [
    'OBProxies would ask {url} for the servers of their clusters, and that address leads a host to itself ({ips}). Set OBFLOW_PUBLIC_URL to an address of the API that hosts reach (and OBFLOW_LISTEN so that it listens there), and start API and workers again.',
    'OBProxy 将向 {url} 获取其集群的服务器列表，而该地址在主机上指向主机自身（{ips}）。请将 OBFLOW_PUBLIC_URL 设置为主机可访问的 API 地址（并设置 OBFLOW_LISTEN 使 API 监听该地址），然后重启 API 和 worker。',
  ],
  'host.hasObproxy': [
    'Host {ip} (id {id}) already has an OBProxy: server {server} of cluster "{cluster}", port {port}, {status}. Choose another host.',
    '主机 {ip}（ID {id}）上已有 OBProxy：集群“{cluster}”的 {server}，端口 {port}，状态 {status}。请选择其他主机。',
  ],
  'thing.rootServer': ['a root server', '一个 RootServer'],
  'thing.observer': ['server {id} ({zone}, {status})', '服务器 {id}（{zone}，{status}）'],
  'host.hasObserver': [
    'Host {ip} (id {id}) is already {what} of OceanBase cluster "{cluster}". Choose another host.',
    '主机 {ip}（ID {id}）已是 OceanBase 集群“{cluster}”的 {what}。请选择其他主机。',
  ],
  'host.offline': [
    'Host {ip} (id {id}) is offline: {reason} Repair the host, or leave it out of the request.',
    '主机 {ip}（ID {id}）离线：{reason} 请修复该主机，或从请求中去掉。',
  ],
  'host.reserved': [
    'Host {ip} (id {id}) is reserved by task {task}. Wait until it has ended, or choose another host.',
    '主机 {ip}（ID {id}）已被任务 {task} 预留。请等待其结束，或选择其他主机。',
  ],
  'host.otherRegion': [
    'Host {ip} lies in region {region}, zone "{zone}" in region {zoneRegion} (host {first}). Choose hosts of that region.',
    '主机 {ip} 位于区域 {region}，而 Zone“{zone}”位于区域 {zoneRegion}（主机 {first}）。请选择该区域的主机。',
  ],
  'hosts.differ': [
    'Host {ip} is {architecture}, host {otherIp} is {otherArchitecture}. Send one request for each architecture.',
    '主机 {ip} 为 {architecture}，主机 {otherIp} 为 {otherArchitecture}。请按架构分别发送请求。',
  ],
  'field.needsNewer': [
    '{field} needs OBProxy 4.3.0 or later, and {file} is {version}. Leave {field} out.',
    '{field} 需要 OBProxy 4.3.0 或更高版本，而 {file} 的版本为 {version}。请去掉 {field}。',
  ],
  'rpcPort.clusterTooOld': [
    'rpcPort {fault}, and cluster "{cluster}" holds {version}. Leave rpcPort out.',
    'rpcPort {fault}，而集群“{cluster}”中有 {version}。请去掉 rpcPort。',
  ],
  'obproxy.unknown': [
    'There is no OBProxy with id {id}. GET /api/v2/obproxy/clusters/{cluster} lists those of the cluster.',
    'ID 为 {id} 的 OBProxy 不存在。GET /api/v2/obproxy/clusters/{cluster} 列出该集群的 OBProxy。',
  ],
  'obproxy.otherCluster': [
    'OBProxy {id} belongs to OBProxy cluster {other}, not to {cluster}. Send the request for that cluster.',
    'OBProxy {id} 属于 OBProxy 集群 {other}，而不是 {cluster}。请对其所属集群发送请求。',
  ],
  'obproxy.already': [
    'OBProxy {id} ({address}) is {status} already. Leave it out of the request.',
    'OBProxy {id}（{address}）已经是 {status} 状态。请从请求中去掉。',
  ],
  'obproxy.unfit': [
    'OBProxy {id} ({address}) is {status}; it must be {allowed}. Leave it out, or bring it there first.',
    'OBProxy {id}（{address}）的状态为 {status}，必须为 {allowed}。请从请求中去掉，或先使其达到该状态。',
  ],
  'hotRestart.tooOld': [
    'OBProxy {id} ({address}) is version {version}, and 3.2.1 is the first that restarts hot. Leave it out, or send hotRestart false, which cuts its sessions.',
    'OBProxy {id}（{address}）的版本为 {version}，热重启要求版本不低于 3.2.1。请从请求中去掉，或将 hotRestart 设为 false（会中断其会话）。',
  ],
  'hotRestart.unit': [
    'OBProxy {id} ({address}) is kept by systemd ({keeper}), which takes a hot restart for a crash. Leave it out, or send hotRestart false, which cuts its sessions.',
    'OBProxy {id}（{address}）由 systemd 管理（{keeper}），systemd 会将热重启视为崩溃。请从请求中去掉，或将 hotRestart 设为 false（会中断其会话）。',
  ],
  'skip.notDeleted': [
    'skipHostOperationServerIds names {ids}, which obproxyServerIds does not. Name only OBProxies that are to be deleted.',
    'skipHostOperationServerIds 中的 {ids} 不在 obproxyServerIds 中。请只指定要删除的 OBProxy。',
  ],
  'obproxyCluster.linked': [
    'OBProxy cluster "{name}" is linked to {links}. Remove its links first.',
    'OBProxy 集群“{name}”仍关联 OceanBase 集群 {links}。请先移除关联。',
  ],
  'obproxyCluster.fixed': [
    '{field} of an OBProxy cluster cannot be changed. Send address and port only.',
    'OBProxy 集群的 {field} 不可修改。只能修改 address 和 port。',
  ],
  'obproxy.known': [
    'The OBProxy at {address} is known already: server {server} of cluster "{cluster}".',
    '{address} 上的 OBProxy 已存在：集群“{cluster}”的 {server}。',
  ],
  'obproxy.alive': [
    'OBProxy {id} at {where} is alive ({by} answers), so it is not gone for good. Stop it first; or send force=true: then it runs on, unknown to obflow.',
    '位于 {where} 的 OBProxy {id} 仍在运行（{by} 有应答），并非永久失效。请先停止它；或使用 force=true，此后它将继续运行，但 obflow 不再管理它。',
  ],
  'obproxy.silent': [
    'The process of OBProxy {id} at {where} is still there: {reason}. Stop it first; or send force=true: then it stays, unknown to obflow.',
    '位于 {where} 的 OBProxy {id} 的进程仍然存在：{reason}。请先停止它；或使用 force=true，此后该进程保留，但 obflow 不再管理它。',
  ],
  'obCluster.notRunning': [
    'OceanBase cluster "{name}" is {status}: servers can be added when it is RUNNING. GET /api/v2/ob/clusters/{id} asks it again and says what is wrong.',
    'OceanBase 集群“{name}”的状态为 {status}：仅在 RUNNING 时可以添加 OBServer。GET /api/v2/ob/clusters/{id} 会重新询问集群并给出原因。',
  ],
  'obCluster.neverAnswered': [
    'The zones of OceanBase cluster "{name}" are not known, because it has never answered here. Check the root servers and the credential that are declared, and that this machine reaches their SQL ports.',
    'OceanBase 集群“{name}”从未应答，其 Zone 未知。请检查声明的 RootServer 和凭据，并确认本机可访问其 SQL 端口。',
  ],
  'zone.unknown': [
    'OceanBase cluster "{cluster}" has no zone "{name}". It has {known}.',
    'OceanBase 集群“{cluster}”中没有 Zone“{name}”。现有：{known}。',
  ],
  'zone.notActive': [
    'Zone "{name}" is {status}: servers can be added when it is ACTIVE. Start the zone first.',
    'Zone“{name}”的状态为 {status}：仅在 ACTIVE 时可以添加 OBServer。请先启动该 Zone。',
  ],
  'package.noOceanBase': [
    'There is no package oceanbase or oceanbase-ce of version {version}, which cluster "{cluster}" runs. {upload}',
    '没有集群“{cluster}”所用版本 {version} 的 oceanbase 或 oceanbase-ce 软件包。{upload}',
  ],
  'package.noneFits': [
    'No package of OceanBase {version} fits every host: {reasons}. {upload}',
    '没有适用于所有主机的 OceanBase {version} 软件包：{reasons}。{upload}',
  ],
  'package.bothEditions': [
    'Packages of both editions are uploaded for OceanBase {version}: {files}. Delete those of the edition that the cluster does not run.',
    'OceanBase {version} 的两种版本的软件包均已上传：{files}。请删除集群未使用的那一种。',
  ],
  'package.upload': [
    'Upload the package of OceanBase {version} with POST /api/v2/software-packages.',
    '请用 POST /api/v2/software-packages 上传 OceanBase {version} 的软件包。',
  ],
  'obproxyCluster.noConfigUrl': [
    'OBProxy cluster "{name}" works by RS_LIST: its OBProxies ask no config URL.',
    'OBProxy 集群“{name}”的工作模式为 RS_LIST：其 OBProxy 不访问 config URL。',
  ],
  'obproxyCluster.unknown': [
    'There is no OBProxy cluster with id {id}. GET /api/v2/obproxy/clusters lists those that exist.',
    'ID 为 {id} 的 OBProxy 集群不存在。GET /api/v2/obproxy/clusters 列出现有集群。',
  ],
  'host.unknown': [
    'There is no host with id {id}. GET /api/v2/compute/hosts lists the hosts; "obflow apply" adds one.',
    'ID 为 {id} 的主机不存在。GET /api/v2/compute/hosts 列出现有主机，“obflow apply”可添加主机。',
  ],
  'obCluster.unknown': [
    'There is no OceanBase cluster with id {id}. GET /api/v2/ob/clusters lists those that exist; "obflow apply" adds one.',
    'ID 为 {id} 的 OceanBase 集群不存在。GET /api/v2/ob/clusters 列出现有集群，“obflow apply”可添加集群。',
  ],
  'package.unknown': ['There is no package "{name}".', '软件包“{name}”不存在。'],
  'package.missing': [
    'There is no package "{name}". Upload it with POST /api/v2/software-packages; GET lists those that exist.',
    '软件包“{name}”不存在。请用 POST /api/v2/software-packages 上传；GET 列出现有软件包。',
  ],
  'package.unknownId': [
    'There is no package with id {id}. GET /api/v2/software-packages lists them.',
    'ID 为 {id} 的软件包不存在。GET /api/v2/software-packages 列出现有软件包。',
  ],
  'package.tooLarge': [
    'The package is larger than {size} bytes. OBFLOW_MAX_PACKAGE_MB of the API sets the limit.',
    '软件包超过 {size} 字节。上限由 API 的 OBFLOW_MAX_PACKAGE_MB 设置。',
  ],
  'http.headers': [
    'The request has more than {limit} headers. Send less.',
    '请求的请求头超过 {limit} 个，请减少。',
  ],
  'http.host': ['The request must name its Host, once.', '请求必须且只能指定一次 Host。'],
  'login.clearText': [
    'This address takes no logins, because they would travel in clear text. Use https.',
    '该地址不接受登录，因为登录信息会以明文传输。请使用 https。',
  ],
  'http.uploadOnly': [
    'Only an upload takes a signed multipart body, and nothing of this one was read.',
    '只有上传接受带签名的 multipart 请求体，而该请求的内容完全没有被读取。',
  ],
  'http.sendJson': [
    '{message} Send application/json, or no body.',
    '{message} 请发送 application/json，或不带请求体。',
  ],
  'http.noDryRun': [
    '{method} {path} has no dry run. Nothing was done.',
    '{method} {path} 不支持 dry run。未执行任何操作。',
  ],
  'idempotency.key': [
    'The Idempotency-Key must be 1 to 255 visible ASCII characters without spaces and quotes, for instance a UUID.',
    'Idempotency-Key 必须是 1 到 255 个可见的 ASCII 字符，不含空格和引号，例如 UUID。',
  ],
  'idempotency.other': [
    'This Idempotency-Key was sent with another request (method, path or body). Use a new key for a new request.',
    '该 Idempotency-Key 已随另一个请求（方法、路径或请求体不同）发送过。新请求请使用新的 key。',
  ],
  'idempotency.underWay': [
    'The request under this Idempotency-Key is still under way. Send it again in some seconds to get its answer.',
    '使用该 Idempotency-Key 的请求仍在处理中。请几秒后再次发送以获取其响应。',
  ],
  'login.userOfKey': ['the user of this key', '该密钥的用户'],
  'login.lacks': ['does not have it', '没有该权限'],
  'login.hasRoles': ['has {roles}', '拥有 {roles}'],
  'login.noRole': ['no role', '没有任何角色'],
  'login.needsPermission': [
    '{method} {path} needs the permission {permission}, and {who} {has}. Ask an administrator for a role that includes it.',
    '{method} {path} 需要权限 {permission}，而 {who} {has}。请联系管理员授予包含该权限的角色。',
  ],
  'login.tooManyFailed': ['Too many failed logins from this address', '来自该地址的失败登录过多'],
  'login.wait': ['{what}. Wait {seconds} s, then try again.', '{what}。请等待 {seconds} 秒后重试。'],
  'login.tooManyChecked': ['Too many logins are being checked', '正在校验的登录过多'],
  'http.endedEarly': ['The request ended early.', '请求提前结束。'],
  'login.tooManyUploads': ['Too many signed uploads are being received', '正在接收的带签名上传过多'],
  'signature.date': [
    'A signed request needs a Date header in RFC 1123 form, such as "{here}".',
    '带签名的请求需要 RFC 1123 格式的 Date 请求头，例如“{here}”。',
  ],
  'signature.clock': [
    'The Date of a signed request may be 15 minutes off at most; here it is {here}. Check the clock.',
    '带签名请求的 Date 最多可相差 15 分钟；此处时间为 {here}。请检查时钟。',
  ],
  'signature.wrong': [
    'The signature does not fit. The text to sign is {shown}.',
    '签名不匹配。待签名的文本为 {shown}。',
  ],
  'upload.multipart': [
    'Send the package as multipart/form-data, in a part named "file".',
    '请以 multipart/form-data 发送软件包，其中一个部分名为“file”。',
  ],
  'upload.encoding': [
    'Send the package without a Content-Encoding: it is compressed already.',
    '请不带 Content-Encoding 发送软件包：它已经过压缩。',
  ],
  'upload.noBoundary': ['the Content-Type names no boundary', 'Content-Type 没有指定 boundary'],
  'upload.moreParts': ['it has more parts than a package needs', '其部分数超过软件包所需'],
  'upload.noFile': ['there is no part named "file"', '没有名为“file”的部分'],
  'upload.endedEarly': ['the connection ended before the file did', '连接在文件传完之前断开'],
  'upload.unreadable': [
    'The upload cannot be read: {reason}. Send multipart/form-data with a part named "file".',
    '无法读取上传内容：{reason}。请发送 multipart/form-data，其中一个部分名为“file”。',
  ],
  'upload.notStored': [
    'The package was not stored: {reason}. Upload the whole .rpm file.',
    '软件包未保存：{reason}。请上传完整的 .rpm 文件。',
  ],
  'upload.oddName': [
    'The package was not stored: its header has a name or version with odd characters.',
    '软件包未保存：其头部的名称或版本含有异常字符。',
  ],
  'upload.otherContent': [
    'There is already a package {file} with other content. Delete that one first, or build this one with another release.',
    '已存在内容不同的软件包 {file}。请先删除它，或以另一个 release 构建该软件包。',
  ],
  'upload.usedByProxies': [
    '{file} is in use by OBProxy server {servers}. Remove or upgrade these first.',
    '{file} 正被 OBProxy {servers} 使用。请先删除或升级它们。',
  ],
  'upload.usedByObservers': [
    '{file} is in use by OBServer {servers}. Remove or upgrade these first.',
    '{file} 正被 OBServer {servers} 使用。请先删除或升级它们。',
  ],
  'login.basic': ['Log in by HTTP Basic.', '请用 HTTP Basic 登录。'],
  'http.requestId': [
    'The x-request-id must be 1 to 128 letters, digits, "_", ".", ":" or "-".',
    'x-request-id 必须是 1 到 128 个字母、数字、“_”、“.”、“:”或“-”。',
  ],
  'login.plain': ['Log in.', '请登录。'],
  'user.lastAdmin': [
    'No enabled user with the role ADMIN would be left. Give that role to another user first.',
    '将不再有任何启用的用户拥有 ADMIN 角色。请先将该角色授予其他用户。',
  ],
  'user.otherName': ['{reason}. Choose another name.', '{reason}。请选择其他名称。'],
  'events.tooManyOfUser': [
    'You watch {limit} tasks here already. Close some, or read the task again and again.',
    '您已在此监视 {limit} 个任务。请关闭其中一些，或改为反复读取任务。',
  ],
  'events.tooMany': [
    'This server streams to {limit} clients already. Close some, or read the task again and again.',
    '该服务器已向 {limit} 个客户端推送事件。请关闭其中一些，或改为反复读取任务。',
  ],
  'events.stopping': ['This server is stopping. Connect again.', '该服务器正在停止。请重新连接。'],
  'taken.obproxyCluster': ['An OBProxy cluster "{name}" exists already', 'OBProxy 集群“{name}”已存在'],
  'used.obproxyCluster': [
    'OBProxy cluster {id} still has OBProxy {list}',
    'OBProxy 集群 {id} 仍有 OBProxy {list}',
  ],
  'taken.obproxyOnHost': ['Host {host} has an OBProxy already', '主机 {host} 上已有 OBProxy'],
  'taken.package': [
    'A package {file} with other content (SHA-256 {sha256}) exists as {id}',
    '内容不同（SHA-256 {sha256}）的软件包 {file} 已存在，ID 为 {id}',
  ],
  'used.packageByProxy': [
    'Package {id} is in use by OBProxy {proxies}',
    '软件包 {id} 正被 OBProxy {proxies} 使用',
  ],
  'used.packageByServer': [
    'Package {id} is in use by OBServer {servers}',
    '软件包 {id} 正被 OBServer {servers} 使用',
  ],
  'taken.observer': ['An OBServer {address} is known already', 'OBServer {address} 已存在'],
  'user.noAdminLeft': [
    'No enabled user with the role ADMIN would be left',
    '将不再有任何启用的用户拥有 ADMIN 角色',
  ],
  'taken.user': ['There is a user {name} already', '用户 {name} 已存在'],
  'taken.task': ['Task {task} exists already', '任务 {task} 已存在'],
  'signature.used': [
    'This signature was used before, and one under which something changes is good once. Sign again with a new Date; requests of the same second are told apart by a header such as x-ocp-nonce.',
    '该签名已被使用过，而变更类请求的签名只能使用一次。请用新的 Date 重新签名；同一秒内的请求可用 x-ocp-nonce 等请求头区分。',
  ],
} as const satisfies Record<string, Pair>;
