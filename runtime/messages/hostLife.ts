import type { Pair } from '../../workflows/text';

/** What is said of hosts, places and credentials that come and go. */
export const HOST_LIFE = {
  'names.noRegion': ['names a region that does not exist', '所指区域不存在'],
  'names.noHostType': ['names a host type that does not exist', '所指机型不存在'],
  'names.addressTwice': ['names {ip} a second time', '重复指定了 {ip}'],
  'is.knownHost': ['is host {id} already', '已是主机 {id}'],
  'is.notReached': ['cannot be used: {reason}', '无法使用：{reason}'],
  'is.forOneHost': ['is for one host alone', '仅适用于单台主机'],
  'is.forContainers': ['is for hosts of kind DEDICATED_CONTAINER', '仅适用于 DEDICATED_CONTAINER 类型的主机'],
  'must.publishPorts': ['must be ports such as 8090 or 8080:80', '必须是端口，例如 8090 或 8080:80'],
  'must.placeName': [
    'must begin with a letter or digit and have 1 to {limit} letters, digits, blanks, ".", "_", "@" or "-"',
    '必须以字母或数字开头，由 1 到 {limit} 个字母、数字、空格、“.”、“_”、“@”或“-”组成',
  ],
  'must.credentialName': [
    'must have 2 to 64 letters, digits or "_", begin with a letter and end with a letter or digit',
    '必须由 2 到 64 个字母、数字或“_”组成，以字母开头，以字母或数字结尾',
  ],
  'must.beHostTarget': [
    'must be HOST: logins of databases are declared with "obflow apply"',
    '必须是 HOST：数据库登录凭据用“obflow apply”声明',
  ],
  'idc.unknown': [
    'There is no IDC with id {id}. GET /api/v2/compute/idcs lists those that exist.',
    'ID 为 {id} 的机房不存在。GET /api/v2/compute/idcs 列出现有机房。',
  ],
  'region.unknown': [
    'There is no region with id {id}. GET /api/v2/compute/regions lists those that exist.',
    'ID 为 {id} 的区域不存在。GET /api/v2/compute/regions 列出现有区域。',
  ],
  'hostType.unknown': [
    'There is no host type with id {id}. GET /api/v2/compute/hostTypes lists those that exist.',
    'ID 为 {id} 的机型不存在。GET /api/v2/compute/hostTypes 列出现有机型。',
  ],
  'name.taken': ['The name "{name}" is taken. Choose another one.', '名称“{name}”已被占用，请换一个名称。'],
  'region.inUse': [
    'Region "{name}" has IDCs: {children}. Delete these first.',
    '区域“{name}”中有机房：{children}。请先删除这些机房。',
  ],
  'idc.inUse': [
    'IDC "{name}" has hosts: {children}. Move or delete these first.',
    '机房“{name}”中有主机：{children}。请先迁移或删除这些主机。',
  ],
  'hostType.inUse': [
    'There are hosts of type "{name}": {children}. Give them another type, or delete them first.',
    '有主机属于机型“{name}”：{children}。请先修改其机型或删除这些主机。',
  ],
  'hosts.known': [
    'The inventory has these hosts already: {hosts}. Leave them out of the request.',
    '主机清单中已有这些主机：{hosts}。请从请求中去掉。',
  ],
  'hosts.twice': ['The request names {ips} more than once.', '请求中重复指定了 {ips}。'],
  'hosts.notReached': [
    'Nothing was stored, because these hosts cannot be used: {hosts}. Repair them, or leave them out of the request.',
    '未保存任何内容，因为以下主机无法使用：{hosts}。请修复，或从请求中去掉。',
  ],
  'host.alive': [
    'Host {ip} (id {id}) answers by SSH, so it is not gone for good. Delete what is on it and then the host; or send force=true: then its services run on, unknown to obflow.',
    '主机 {ip}（ID {id}）的 SSH 有应答，并非永久失效。请先删除其上的服务，再删除主机；或使用 force=true，此后其服务将继续运行，但 obflow 不再管理。',
  ],
  'host.serverAlive': [
    'The OBServer {where} on host {ip} (id {id}) was seen alive, so the host is not gone for good. Delete the OBServer from its cluster first; or send force=true.',
    '主机 {ip}（ID {id}）上的 OBServer {where} 仍在运行，该主机并非永久失效。请先从集群中删除该 OBServer；或使用 force=true。',
  ],
  'host.changedMeanwhile': [
    'What is on host {ip} (id {id}) has changed while it was looked at. Send the request again.',
    '检查期间主机 {ip}（ID {id}）上的服务发生了变化。请重新发送请求。',
  ],
  'host.leftServer': [
    'OBServer {where} of {cluster} in {zone} ({status}): its cluster goes on listing it until somebody deletes it there: ALTER SYSTEM DELETE SERVER',
    '{cluster} 的 OBServer {where}（{zone}，{status}）：集群会继续列出它，直到有人在集群中删除：ALTER SYSTEM DELETE SERVER',
  ],
  'host.hasServices': [
    'Host {ip} (id {id}) has services: {services}. Delete these first.',
    '主机 {ip}（ID {id}）上有服务：{services}。请先删除这些服务。',
  ],
  'host.idcFixed': [
    'Host {ip} (id {id}) has services ({services}), which know its IDC. It can be changed when they are gone.',
    '主机 {ip}（ID {id}）上有服务（{services}），它们依赖其机房。删除这些服务后才能修改机房。',
  ],
  'host.noAgent': [
    'obflow works by SSH: host {id} has no OCP agent that could be stopped or started.',
    'obflow 通过 SSH 工作：主机 {id} 上没有可停止或启动的 OCP Agent。',
  ],
  'host.noAgentKnown': [
    'obflow works by SSH: there is no OCP agent on host {id}.',
    'obflow 通过 SSH 工作：主机 {id} 上没有 OCP Agent。',
  ],
  'credential.unknown': [
    'There is no credential with id {id}. GET /api/v2/profiles/me/credentials lists those that exist.',
    'ID 为 {id} 的凭据不存在。GET /api/v2/profiles/me/credentials 列出现有凭据。',
  ],
  'credential.inUse': [
    'Credential "{name}" is in use by {users}. Give these another one first.',
    '凭据“{name}”正被 {users} 使用。请先为其指定其他凭据。',
  ],
  'credential.ofDatabase': [
    'Credential "{name}" is a login of a database. Change it in the inventory file with "obflow apply".',
    '凭据“{name}”是数据库登录凭据。请在清单文件中修改并执行“obflow apply”。',
  ],
  'credential.notAccepted': [
    'Nothing was stored, because the credential does not work on these hosts: {hosts}.',
    '未保存任何内容，因为该凭据在以下主机上不可用：{hosts}。',
  ],
  'credential.secretMissing': [
    'Another kind of credential needs its own secret: give sshCredentialProperty.passphrase.',
    '更换凭据类型时必须提供新的密钥：请给出 sshCredentialProperty.passphrase。',
  ],
  'contact.ofHost': ['{ip}: {said}', '{ip}：{said}'],
  'contact.named': ['{ip} ({said})', '{ip}（{said}）'],
  'contact.noTime': ['there was no time left for it', '已没有时间处理它'],
  'contact.loggedIn': ['Logged in, with a shell as root.', '登录成功，可使用 root shell。'],
  'contact.noHost': ['There is no host with id {id}.', 'ID 为 {id} 的主机不存在。'],
  'host.findFit': ['find the host fit for tasks', '检查主机是否适合执行任务'],
  'host.findAddress': ['find the address entered among those of the host', '在主机的地址中查找所填地址'],
  'host.hasAddresses': ['it has {addresses}', '它的地址是 {addresses}'],
  'host.hasNoAddresses': ['it has none but loopback', '它只有环回地址'],
  'host.addressesUntold': [
    'The host does not tell the addresses of its network cards',
    '主机未给出其网卡的地址',
  ],
  'host.noAdmin': [
    'The host has no user admin: the package of an OBProxy or OBServer makes it',
    '主机上没有 admin 用户：OBProxy 或 OBServer 的软件包会创建它',
  ],
  'host.littleSpace': [
    '{where} has {free} MB free: too little for most services',
    '{where} 剩余 {free} MB：对多数服务来说太少',
  ],
  'host.space': ['{where} has {free} MB free', '{where} 剩余 {free} MB'],
  'host.clockOff': ['CMP07021: {text}. {next}', 'CMP07021：{text}。{next}'],
  'host.notOfTask': ['The inventory has no host that this task has added', '主机清单中没有本任务添加的主机'],
  'host.statusStays': [
    'The host is not one that this task has added: its status stays',
    '该主机不是本任务添加的：其状态保持不变',
  ],
  'host.newAgain': ['Host {ip} is NEW again', '主机 {ip} 恢复为 NEW'],
  'host.forgotten': [
    'Host {ip} is no longer in the inventory, nor is the key that it has shown',
    '主机 {ip} 及其出示过的主机密钥已不在清单中',
  ],
  'host.staysForService': [
    'Host {ip} stays in the inventory: a service is known on it by now',
    '主机 {ip} 保留在清单中：现已知其上有服务',
  ],
  'host.recordStatus': ['record the status of host {host}', '记录主机 {host} 的状态'],
  'host.isNow': [
    'Host {ip} is {status}: {name}, {system} {architecture}, kernel {kernel}',
    '主机 {ip} 状态为 {status}：{name}，{system} {architecture}，内核 {kernel}',
  ],
  'agent.noObagent': [
    'No OBAgent runs on the host: nothing to uninstall',
    '主机上没有运行 OBAgent：无需卸载',
  ],
  'agent.obagentLeft': [
    'An OBAgent runs on the host and is left alone: {found}',
    '主机上运行着 OBAgent，不做处理：{found}',
  ],
  'agent.noOcpAgent': [
    'No OCP agent runs on the host: nothing to uninstall',
    '主机上没有运行 OCP Agent：无需卸载',
  ],
  'agent.ocpAgentLeft': [
    'CMP07012: the host is managed by an OCP, whose agent runs and is left alone: {found}. Take the host out of that OCP when obflow is to change its services.',
    'CMP07012：该主机由某个 OCP 管理，其 Agent 正在运行，不做处理：{found}。如需由 obflow 变更其服务，请先将主机移出该 OCP。',
  ],
  'agent.notNeeded': [
    'obflow works by SSH and needs no agent: nothing is installed',
    'obflow 通过 SSH 工作，不需要 Agent：不安装任何内容',
  ],
  'next.hostRemovedMeanwhile': [
    'Look at what has removed it; abandon this task and add the host again.',
    '查明是什么将其删除；放弃本任务并重新添加该主机。',
  ],
  'next.hostOwnAddress': [
    'Services listen on, and tell each other, the addresses that the host has: roll back and add the host by one of them.',
    '服务监听并相互告知的是主机自身的地址：请回滚，并用其中一个地址添加该主机。',
  ],
} as const satisfies Record<string, Pair>;
