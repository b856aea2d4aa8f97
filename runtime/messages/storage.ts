import type { Pair } from '../../workflows/text';

/** What is said of the database and of the key that seals its secrets. */
export const STORAGE = {
  'store.readCredential': ['read credential {id}', '读取凭据 {id}'],
  'store.noneOfId': ['there is none of that id', '没有该 ID 的凭据'],
  'store.open': ['open the database', '打开数据库'],
  'store.oddUrl': [
    'its URL begins with neither file: nor postgres://',
    '其 URL 既不以 file: 也不以 postgres:// 开头',
  ],
  'store.newerObflow': ['a newer obflow', '更新版本的 obflow'],
  'store.newerSchema': [
    '{newer} has changed its schema ({unknown}), which this obflow {version} does not know',
    '{newer} 已变更其表结构（{unknown}），当前 obflow {version} 无法识别',
  ],
  'store.inUse': [
    'an API or a worker of obflow is connected ({seen})',
    '有 obflow 的 API 或 worker 正在连接（{seen}）',
  ],
  'store.fileOpen': ['another process has the file open', '另一个进程已打开该文件'],
  'store.take': ['take the database for this alone', '独占数据库'],
  'store.use': ['use the database', '使用数据库'],
  'store.recordHostKey': ['record the host key of host {id}', '记录主机 {id} 的主机密钥'],
  'store.noHostOfId': ['there is no host of that id', '没有该 ID 的主机'],
  'temporal.at': ['namespace "{namespace}" at {address}', '{address} 的 namespace“{namespace}”'],
  'temporal.ownIn': ['the own dev server of {folder}', '{folder} 的自带 dev server'],
  'temporal.use': [
    'use this Temporal ({temporal}, id {id}) with the database',
    '将此 Temporal（{temporal}，ID {id}）用于该数据库',
  ],
  'temporal.tasksElsewhere': [
    'open tasks of the database ({tasks}; {count} in all) are in another one ({temporal}, id {id})',
    '数据库中未结束的任务（{tasks}；共 {count} 个）在另一个 Temporal 中（{temporal}，ID {id}）',
  ],
  'key.missing': [
    'the file is missing, and the database holds secrets sealed by it',
    '该文件不存在，而数据库中有用它加密的机密',
  ],
  'key.readable': ['group or others may read it (mode {mode})', '同组或其他用户可以读取它（权限 {mode}）'],
  'key.notBase64': ['it does not hold 32 bytes in base64', '它不是 base64 编码的 32 字节内容'],
  'key.openSecret': ['open the secret of {place}', '打开 {place} 的机密'],
  'key.altered': ['the stored text was altered or moved', '保存的内容被修改或移动过'],
  'key.openSecrets': ['open the secrets of the database', '打开数据库中的机密'],
  'key.otherKey': [
    'they are sealed by key {expected}, and the key file holds key {given}',
    '它们由密钥 {expected} 加密，而密钥文件中是密钥 {given}',
  ],
  'key.read': ['read the master key', '读取主密钥'],
  'store.readCluster': ['read OBProxy cluster {id}', '读取 OBProxy 集群 {id}'],
  'store.noCluster': ['there is no such cluster', '没有该集群'],
  'key.tooMany': [
    'The user has {limit} access keys already. Delete one that is not used any more.',
    '该用户已有 {limit} 个访问密钥。请先删除不再使用的密钥。',
  ],
  'key.none': ['User {user} has no access key with id {key}.', '用户 {user} 没有 ID 为 {key} 的访问密钥。'],
} as const satisfies Record<string, Pair>;
