/**
 * Texts that are translated as a whole: [English, Chinese]. `{name}` stands for a value, which is taken over as it is
 * (`{NAME}`: for words in capitals). What
 * is not here is answered as headline of its code and English text.
 */
type Pair = readonly [en: string, zh: string];

/** What is wrong with a field, said to follow its name. */
export const FAULTS: readonly Pair[] = [
  ['is required', '为必填项'],
  ['is required with hostIds', '在指定 hostIds 时为必填项'],
  ['is taken', '已被占用'],
  ['is no zone of the cluster', '不是该集群的 Zone'],
  ['is needed: several clusters are named "{name}"', '为必填项：有多个集群名为“{name}”'],
  ['is declared twice ({name})', '重复声明（{name}）'],
  ['is used on {host} by {service}', '在 {host} 上已被 {service} 占用'],
  [
    'is the RPC port of OBProxy {version} ({port}); choose another port, or set {field}',
    '是 OBProxy {version} 的 RPC 端口（{port}）；请换一个端口，或设置 {field}',
  ],
  ['must be a string', '必须是字符串'],
  ['must be a number', '必须是数字'],
  ['must be a whole number from {min} to {max}', '必须是 {min} 到 {max} 的整数'],
  ['must be a whole number', '必须是整数'],
  ['must be true or false', '必须是 true 或 false'],
  ['must be a list', '必须是列表'],
  ['must be an object', '必须是对象'],
  ['must be at most {limit}', '不能大于 {limit}'],
  ['must be at least {limit}', '不能小于 {limit}'],
  ['must have at most {limit} characters', '最多 {limit} 个字符'],
  ['must have at least {limit} characters', '至少 {limit} 个字符'],
  ['must have at most {limit} entries', '最多 {limit} 项'],
  ['must have at least {limit} entries', '至少 {limit} 项'],
  [
    'must have 1 to {limit} letters, digits, ".", "_", "@" or "-"',
    '必须是 1 到 {limit} 个字母、数字、“.”、“_”、“@”或“-”',
  ],
  ['must have {min} to {max} characters', '长度必须为 {min} 到 {max} 个字符'],
  ['must not be empty', '不能为空'],
  ['must not hold control characters', '不能包含控制字符'],
  ['must not hold NUL or halves of characters (surrogates)', '不能包含 NUL 或不完整的字符（代理项）'],
  ['holds more than {limit} values', '包含的值超过 {limit} 个'],
  ['is nested deeper than {limit} levels', '嵌套层数超过 {limit} 层'],
  ['must be given once', '只能出现一次'],
  ['must name at least one host', '至少指定一台主机'],
  ['must name at least one root server', '至少指定一个 RootServer'],
  ['must name at most {limit} hosts', '最多指定 {limit} 台主机'],
  ['must name a credential of kind {kinds}, not {kind}', '必须是 {kinds} 类型的凭据，而不是 {kind}'],
  [
    'must name exactly one OceanBase cluster in RS_LIST mode, not {count}',
    '在 RS_LIST 模式下必须恰好指定一个 OceanBase 集群，而不是 {count} 个',
  ],
  ['must differ from {field} (both {port})', '不能与 {field} 相同（均为 {port}）'],
  ['must be a port', '必须是端口号'],
  ['must be a user name of letters, digits and "_"', '必须是由字母、数字和“_”组成的用户名'],
  ['must be a user name', '必须是用户名'],
  ['must be the name of a Linux user', '必须是 Linux 用户名'],
  ['is not an IP address', '不是 IP 地址'],
  ['is not one of OBFLOW_ALLOWED_ADDRESSES', '不在 OBFLOW_ALLOWED_ADDRESSES 之内'],
  ['is denied by OBFLOW_DENIED_ADDRESSES', '被 OBFLOW_DENIED_ADDRESSES 禁止'],
  [
    'is a loopback address, to which obflow connects only when OBFLOW_ALLOWED_ADDRESSES names it',
    '是环回地址，仅当 OBFLOW_ALLOWED_ADDRESSES 指明它时 obflow 才会连接',
  ],
  [
    'is a link-local address, to which obflow connects only when OBFLOW_ALLOWED_ADDRESSES names it',
    '是链路本地地址，仅当 OBFLOW_ALLOWED_ADDRESSES 指明它时 obflow 才会连接',
  ],
  ['must be an IPv4 or IPv6 address', '必须是 IPv4 或 IPv6 地址'],
  ['must be an IP address or a domain name', '必须是 IP 地址或域名'],
  ['must be a version, e.g. {example}', '必须是版本号，例如 {example}'],
  ['must be the dist tag of a package, e.g. {example}', '必须是软件包的发行标识，例如 {example}'],
  [
    'must be the full file name of an uploaded package, e.g. {example}',
    '必须是已上传软件包的完整文件名，例如 {example}',
  ],
  ['must be the full file name of an uploaded package', '必须是已上传软件包的完整文件名'],
  ['must be a documented type of service, e.g. {example}', '必须是文档中的服务类型，例如 {example}'],
  ['must be a documented type of task', '必须是文档中的任务类型'],
  ['must be a file of the documentation page', '必须是文档页面的文件'],
  [
    'must be a fingerprint as "ssh-keygen -l" prints it, SHA256:…',
    '必须是“ssh-keygen -l”输出的指纹，SHA256:…',
  ],
  [
    'must be an absolute path of letters, digits, "_", ".", "-" and "/"',
    '必须是由字母、数字、“_”、“.”、“-”和“/”组成的绝对路径',
  ],
  [
    'must begin with a letter and {verb} at most {limit} letters, digits, "_", "." or "-"',
    '必须以字母开头，最多 {limit} 个字母、数字、“_”、“.”或“-”',
  ],
  [
    'must begin with a letter and {verb} {min} to {max} letters, digits, "_", "." or "-"',
    '必须以字母开头，由 {min} 到 {max} 个字母、数字、“_”、“.”或“-”组成',
  ],
  [
    'must be an ISO-8601 time, e.g. {example} (a "+" in a URL is written %2B)',
    '必须是 ISO-8601 时间，例如 {example}（URL 中的“+”写作 %2B）',
  ],
  ['must be field,asc or field,desc', '必须是“字段,asc”或“字段,desc”'],
  ['must be one of {values}', '必须是下列之一：{values}'],
  ['must be {VALUES}', '必须是 {VALUES}'],
  ['needs OBProxy {version} or later', '需要 OBProxy {version} 或更高版本'],
  ['names no sortable field', '不是可排序的字段'],
  [
    'names a package without an OBProxy in it (no bin/obproxy)',
    '所指软件包中没有 OBProxy（缺少 bin/obproxy）',
  ],
  ['names a credential that is not declared', '所指凭据未声明'],
  [
    'names no uploaded package of OceanBase {version}; there are those for {known}',
    '不是已上传的 OceanBase {version} 软件包；现有的发行标识：{known}',
  ],
  ['names a cluster a second time', '重复指定了同一集群'],
  [
    'names host {id} a second time; take over its proxies one after the other',
    '重复指定了主机 {id}；请逐个接管其上的 OBProxy',
  ],
  ['names host {id} a second time', '重复指定了主机 {id}'],
  ['names {name} a second time', '重复指定了 {name}'],
  [
    'cannot be chosen: {file} is not relocatable and installs to {home}',
    '不能自选：{file} 不可重定位，安装到 {home}',
  ],
];

/** Whole sentences of the front door. */
export const SENTENCES: readonly Pair[] = [
  [
    'Excessive number of requests. You have exceeded the request limit for the current throttling window.',
    '请求过于频繁，已超出当前限流窗口的请求次数上限。',
  ],
  ['User name or password is wrong.', '用户名或密码错误。'],
  [
    'This login has ended: the user is deleted or disabled, or its password or access key no longer counts. Log in again.',
    '登录已失效：用户已被删除或禁用，或其密码、访问密钥已失效。请重新登录。',
  ],
  [
    'Log in by HTTP Basic, or sign the request with an access key: send an Authorization header {forms}.',
    '请使用 HTTP Basic 登录，或用访问密钥对请求签名：发送 Authorization 请求头 {forms}。',
  ],
  ['There is no enabled access key {id}.', '没有已启用的访问密钥 {id}。'],
  ['Pages of other sites may not send requests that change something.', '其他站点的页面不能发送变更类请求。'],
  [
    'There is no {path} here. GET /openapi.json lists every path.',
    '路径 {path} 不存在。GET /openapi.json 列出全部路径。',
  ],
  ['{method} is not possible on {path}. Use {allowed}.', '{path} 不支持 {method}，请使用 {allowed}。'],
  [
    'The Content-Type "{type}" is not understood. Send application/json.',
    '不支持的 Content-Type“{type}”，请发送 application/json。',
  ],
  ['The body is not valid JSON. Send one JSON object.', '请求体不是合法的 JSON，请发送一个 JSON 对象。'],
  [
    'The body is larger than 1 MB. Send fewer entries in one request.',
    '请求体超过 1 MB，请减少单次请求的内容。',
  ],
  [
    'Something unexpected happened. The server log has the details under the traceId of this answer.',
    '发生未预期的错误。详情请用本响应的 traceId 查询服务端日志。',
  ],
  ['There is no task {id}.', '任务 {id} 不存在。'],
  [
    'There is no task {id}. GET /api/v2/tasks/instances lists them.',
    '任务 {id} 不存在。GET /api/v2/tasks/instances 列出全部任务。',
  ],
  ['Task {task} has no subtask {subtask}.', '任务 {task} 没有子任务 {subtask}。'],
  [
    'There is no user {id}. GET /api/v2/iam/users lists the users.',
    '用户 {id} 不存在。GET /api/v2/iam/users 列出全部用户。',
  ],
  ['The old password is wrong.', '原密码错误。'],
  [
    'There is no OBProxy cluster with id {id}. GET /api/v2/obproxy/clusters lists those that exist.',
    'ID 为 {id} 的 OBProxy 集群不存在。GET /api/v2/obproxy/clusters 列出现有集群。',
  ],
  [
    'There is no host with id {id}. GET /api/v2/compute/hosts lists the hosts; "obflow apply" adds one.',
    'ID 为 {id} 的主机不存在。GET /api/v2/compute/hosts 列出现有主机，“obflow apply”可添加主机。',
  ],
  [
    'There is no OceanBase cluster with id {id}. GET /api/v2/ob/clusters lists those that exist; "obflow apply" adds one.',
    'ID 为 {id} 的 OceanBase 集群不存在。GET /api/v2/ob/clusters 列出现有集群，“obflow apply”可添加集群。',
  ],
  ['There is no package "{name}".', '软件包“{name}”不存在。'],
  [
    'There is no package "{name}". Upload it with POST /api/v2/software-packages; GET lists those that exist.',
    '软件包“{name}”不存在。请用 POST /api/v2/software-packages 上传；GET 列出现有软件包。',
  ],
  [
    'There is no package with id {id}. GET /api/v2/software-packages lists them.',
    'ID 为 {id} 的软件包不存在。GET /api/v2/software-packages 列出现有软件包。',
  ],
  [
    'The package is larger than {size} bytes. OBFLOW_MAX_PACKAGE_MB of the API sets the limit.',
    '软件包超过 {size} 字节。上限由 API 的 OBFLOW_MAX_PACKAGE_MB 设置。',
  ],
  [
    'Temporal does not answer ({reason}). Tasks go on when it is back; try again then.',
    'Temporal 无响应（{reason}）。恢复后任务会继续执行，请届时重试。',
  ],
  [
    'No worker takes tasks of queue "{queue}"; the command was not sent. Start one (obflow worker) and send it again.',
    '没有 worker 处理队列“{queue}”，命令未发送。请启动 worker（obflow worker）后重试。',
  ],
];
