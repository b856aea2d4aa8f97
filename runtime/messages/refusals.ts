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
  'temporal.away': [
    'Temporal does not answer ({reason}). Tasks go on when it is back; try again then.',
    'Temporal 无响应（{reason}）。恢复后任务会继续执行，请届时重试。',
  ],
  'worker.none': [
    'No worker takes tasks of queue "{queue}"; the command was not sent. Start one (obflow worker) and send it again.',
    '没有 worker 处理队列“{queue}”，命令未发送。请启动 worker（obflow worker）后重试。',
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
} as const satisfies Record<string, Pair>;
