import { OBJECT_WORDS } from './objects';
import { TASK_WORDS } from './tasks';

/** English, then Chinese as OCP's own pages say it. `{name}` is an argument. */
const SHELL_WORDS = {
  'app.name': ['obflow', 'obflow'],
  'nav.overview': ['Overview', '概览'],
  'nav.tasks': ['Tasks', '任务'],
  'nav.obproxy': ['OBProxy clusters', 'OBProxy 集群'],
  'nav.oceanbase': ['OceanBase clusters', 'OceanBase 集群'],
  'nav.hosts': ['Hosts', '主机'],
  'nav.packages': ['Packages', '软件包'],
  'nav.users': ['Users', '用户'],
  'nav.keys': ['Access keys', '访问密钥'],
  'nav.audit': ['Audit', '审计'],
  'nav.pages': ['Pages', '页面'],
  'nav.skip': ['Skip to the content', '跳到正文'],
  'nav.api': ['API document', 'API 文档'],

  'login.title': ['Log in', '登录'],
  'login.lead': ['See what runs, understand what failed, repair it.', '查看运行，理解失败，修复问题。'],
  'login.name': ['User name', '用户名'],
  'login.password': ['Password', '密码'],
  'login.button': ['Log in', '登录'],
  'login.ended': ['You have been logged out: {why}', '您已退出登录：{why}'],
  'login.out': ['Log out', '退出登录'],
  'login.as': ['Logged in as {name}', '当前用户：{name}'],
  'login.firstPassword': [
    'The first start of obflow prints the password of the user admin once.',
    'obflow 首次启动时会打印一次 admin 用户的密码。',
  ],

  'connection.lost': [
    'The API does not answer. This page goes on by itself as soon as it does.',
    'API 无响应。恢复后本页面将自动继续。',
  ],
  'connection.none': ['No answer came from the API.', '没有收到 API 的响应。'],
  'connection.newVersion': [
    'A part of the console could not be loaded; obflow may have been updated.',
    '控制台的一部分无法加载；obflow 可能已更新。',
  ],
  'connection.reload': ['Load the page anew', '重新加载页面'],

  'theme.label': ['Appearance', '外观'],
  'theme.auto': ['As the system', '跟随系统'],
  'theme.light': ['Light', '浅色'],
  'theme.dark': ['Dark', '深色'],
  'language.label': ['Language', '语言'],
  'account.password': ['Change password', '修改密码'],
  'account.oldPassword': ['Present password', '当前密码'],
  'account.newPassword': ['New password', '新密码'],
  'account.changed': ['The password is changed. Log in again.', '密码已修改，请重新登录。'],

  'do.cancel': ['Cancel', '取消'],
  'do.close': ['Close', '关闭'],
  'do.save': ['Save', '保存'],
  'do.copy': ['Copy', '复制'],
  'do.copied': ['Copied', '已复制'],
  'do.again': ['Try again', '重试'],
  'do.delete': ['Delete', '删除'],
  'do.add': ['Add', '添加'],
  'do.remove': ['Remove', '移除'],
  'do.show': ['Show', '显示'],
  'do.back': ['Back', '返回'],
  'do.check': ['Check now', '立即检查'],
  'do.refresh': ['Refresh', '刷新'],

  'page.loading': ['Loading …', '加载中…'],
  'page.failed': ['This could not be loaded', '加载失败'],
  'page.unknown': ['There is no such page.', '页面不存在。'],
  'page.of': ['{from}–{to} of {all}', '第 {from}–{to} 条，共 {all} 条'],
  'page.previous': ['Previous page', '上一页'],
  'page.next': ['Next page', '下一页'],
  'page.search': ['Search', '搜索'],
  'page.filters': ['Filters', '筛选'],
  'page.nothing': ['Nothing fits these filters.', '没有符合筛选条件的内容。'],
  'page.clear': ['Clear the filters', '清除筛选'],
  'page.trace': ['Trace id {id}', '跟踪 ID {id}'],
  'page.actions': ['Actions', '操作'],
  'lacks.permission': [
    'Your roles do not include {permission}. Ask an administrator.',
    '您的角色不包含 {permission} 权限，请联系管理员。',
  ],
  'confirm.type': ['Type {name} to confirm', '输入 {name} 以确认'],

  'time.ago.seconds': ['{n} s ago', '{n} 秒前'],
  'time.ago.minutes': ['{n} min ago', '{n} 分钟前'],
  'time.ago.hours': ['{n} h ago', '{n} 小时前'],
  'time.ago.days': ['{n} d ago', '{n} 天前'],
  'time.never': ['never', '从未'],

  'field.name': ['Name', '名称'],
  'field.status': ['State', '状态'],
  'field.version': ['Version', '版本'],
  'field.address': ['Address', '地址'],
  'field.port': ['Port', '端口'],
  'field.created': ['Created', '创建时间'],
  'field.description': ['Description', '描述'],
  'field.yes': ['yes', '是'],
  'field.no': ['no', '否'],
} as const;

export const WORDS = { ...SHELL_WORDS, ...TASK_WORDS, ...OBJECT_WORDS } as const satisfies Readonly<
  Record<string, readonly [english: string, chinese: string]>
>;
export type WordKey = keyof typeof WORDS;
