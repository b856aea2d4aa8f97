import type { Pair } from '../../workflows/text';

/** What is said of the parameters of OceanBase clusters, and of the password of root@sys. */
export const OB_PARAMETERS = {
  'obAsk.silent': [
    'OceanBase cluster {name} could not be asked: {said}. Look at its servers and the network, then send the request again.',
    '无法查询 OceanBase 集群 {name}：{said}。请检查其服务器和网络，然后重新发送请求。',
  ],
  'obAsk.denied': [
    'OceanBase cluster {name} refuses the login of its credential: {said}. Correct the credential (obflow apply), or the password in OceanBase.',
    'OceanBase 集群 {name} 拒绝了其凭据的登录：{said}。请更正凭据（obflow apply），或更正 OceanBase 中的密码。',
  ],
  'obAsk.refused': [
    'OceanBase cluster {name} refuses a statement: {said}. Grant the user of its credential what it needs.',
    'OceanBase 集群 {name} 拒绝了语句：{said}。请为其凭据中的用户授予所需权限。',
  ],
  'obParameter.noneAnswers': [
    'No OceanBase cluster of that version could be asked: {said}. Look at their servers and the network, then send the request again.',
    '没有可查询的该版本 OceanBase 集群：{said}。请检查其服务器和网络，然后重新发送请求。',
  ],
  'obParameter.unknown': [
    'OceanBase cluster {cluster} ({version}) has no parameter {name}. GET /api/v2/ob/clusters/{id}/parameters lists what it has.',
    'OceanBase 集群 {cluster}（{version}）没有参数 {name}。GET /api/v2/ob/clusters/{id}/parameters 列出其全部参数。',
  ],
  'obParameter.hidden': [
    "Parameter {name} is a hidden one (its name begins with _), which is not changed here. Ask OceanBase's support first.",
    '参数 {name} 是隐藏参数（名称以 _ 开头），不能在此修改。请先咨询 OceanBase 技术支持。',
  ],
  'obParameter.readonly': [
    'Parameter {name} of OceanBase cluster {cluster} is read-only: it is fixed when a server is made.',
    'OceanBase 集群 {cluster} 的参数 {name} 为只读：在创建服务器时已确定。',
  ],
  'obParameter.value': ['Parameter {name}: its value {fault}.', '参数 {name}：其值{fault}。'],
  'obParameter.needsTenant': [
    'Parameter {name} belongs to tenants: name them in "tenants", or all of users by "allTenants": true.',
    '参数 {name} 属于租户：请在 "tenants" 中指定租户，或以 "allTenants": true 指定所有用户租户。',
  ],
  'obParameter.notOfTenants': [
    'Parameter {name} belongs to the cluster, not to tenants: leave "tenants" and "allTenants" out.',
    '参数 {name} 属于集群，不属于租户：请去掉 "tenants" 和 "allTenants"。',
  ],
  'obParameter.noZone': [
    'OceanBase cluster {cluster} has no zone {zone}. Its zones: {known}.',
    'OceanBase 集群 {cluster} 没有 Zone {zone}。其 Zone 有：{known}。',
  ],
  'obParameter.noServer': [
    'OceanBase cluster {cluster} has no server {server}. Servers are named by ip:port with the RPC port: {known}.',
    'OceanBase 集群 {cluster} 没有服务器 {server}。服务器以 ip:port（RPC 端口）表示：{known}。',
  ],
  'obParameter.noTenant': [
    'OceanBase cluster {cluster} has no tenant {tenant}.',
    'OceanBase 集群 {cluster} 没有租户 {tenant}。',
  ],
  'obParameter.noTenants': [
    'OceanBase cluster {cluster} has no tenant of users yet: there is nothing to set.',
    'OceanBase 集群 {cluster} 还没有用户租户：没有可设置的对象。',
  ],
  'obParameter.refused': [
    'OceanBase cluster {cluster} refuses {setting}: {said}.{before}',
    'OceanBase 集群 {cluster} 拒绝设置 {setting}：{said}。{before}',
  ],
  'obParameter.lost': [
    'OceanBase cluster {cluster} lost its connection while {setting} was sent, twice, and does not show the value: {said}.{before} Send the request again.',
    '发送 {setting} 时与 OceanBase 集群 {cluster} 的连接两次中断，且集群未显示该值：{said}。{before}请重新发送请求。',
  ],
  'obParameter.setBefore': [' Set before it: {settings}.', '在此之前已设置：{settings}。'],
  'obParameter.noneBefore': [' Nothing was changed.', '没有做任何修改。'],
  'obParameter.setting': ['{name} = {value}{where}', '{name} = {value}{where}'],
  'obParameter.atZone': [' in zone {zone}', '（Zone {zone} 内）'],
  'obParameter.atServer': [' on {server}', '（服务器 {server}）'],
  'obParameter.ofTenant': [' of tenant {tenant}', '（租户 {tenant}）'],
  'obParameter.set': ['set the parameters of {cluster}', '设置 {cluster} 的参数'],
  'obParameter.behind': ['{setting}: {servers} still show {values}', '{setting}：{servers} 仍显示 {values}'],
  'obParameter.behindNext': [
    'OceanBase has accepted the change; look at these servers, and send the request again to see whether they follow',
    'OceanBase 已接受修改；请检查这些服务器，并重新发送请求以确认其是否生效',
  ],
  'obParameter.needRestart': [
    'Parameter {name} takes effect when its servers have been restarted.',
    '参数 {name} 在服务器重启后生效。',
  ],
  'obParameter.silentServers': [
    'Could not be read back, as these servers do not answer the cluster: {servers}. They take the value when they are back.',
    '以下服务器未响应集群，无法回读：{servers}。它们恢复后将采用该值。',
  ],
  'obPassword.form': [
    'must have 8 to 32 characters, of at least three kinds: digits, upper-case and lower-case letters, and {signs}',
    '必须为 8 到 32 个字符，且至少包含三类字符：数字、大写字母、小写字母以及 {signs}',
  ],
  'obPassword.unsaved': [
    'obflow itself logs in with this password: it is always kept. Leave saveToCredential out, or true.',
    'obflow 自身使用该密码登录，因此始终保存。请去掉 saveToCredential，或设为 true。',
  ],
  'obPassword.notRoot': [
    'OceanBase cluster {cluster} is declared with the user {username}, and this changes the password of root@sys. Change it in OceanBase, or declare root (obflow apply).',
    'OceanBase 集群 {cluster} 声明的用户为 {username}，而此操作修改 root@sys 的密码。请在 OceanBase 中修改，或声明 root（obflow apply）。',
  ],
  'obPassword.shared': [
    'Credential {credential} is used for more than root@sys of {cluster}: {users}. Declare a credential of its own for each first (obflow apply).',
    '凭据 {credential} 不仅用于 {cluster} 的 root@sys：{users}。请先为每一项声明独立的凭据（obflow apply）。',
  ],
  'obPassword.usedByProxyro': ['its proxyro', '其 proxyro'],
  'obPassword.usedByCluster': ['cluster {name}', '集群 {name}'],
  'obPassword.underWay': [
    'Another change of the password of root@sys of {cluster} is under way, or was cut off a moment ago. Send the request again in {seconds} s.',
    '{cluster} 的 root@sys 密码正在被另一请求修改，或刚刚中断。请在 {seconds} 秒后重新发送请求。',
  ],
  'obPassword.change': ['change the password of root@sys of {cluster}', '修改 {cluster} 的 root@sys 密码'],
  'obPassword.outcomeUnknown': [
    'the connection was lost, and no server answers since: {said}',
    '连接中断，此后没有服务器响应：{said}',
  ],
  'obPassword.outcomeNext': [
    'Both passwords are kept, and whichever works is used; send the request again when the cluster answers',
    '两个密码均已保留，将使用其中有效的一个；待集群响应后重新发送请求',
  ],
  'obPassword.behind': [
    'it is changed, but {servers} do not take the new one yet',
    '密码已修改，但 {servers} 尚未接受新密码',
  ],
  'obPassword.unchanged': [
    'the connection was lost twice, and the former password still works: {said}',
    '连接两次中断，原密码仍然有效：{said}',
  ],
} as const satisfies Readonly<Record<string, Pair>>;
