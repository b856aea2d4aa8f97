import type { Pair } from '../../workflows/text';

/** The sentences around what a TransientError or a PermanentError says. */
export const TROUBLES = {
  trouble: ['Could not {tried}: {cameBack}. {next}', '未能{tried}：{cameBack}。{next}'],
  'trouble.on': [
    'Could not {tried} on {where}: {cameBack}. {next}',
    '在 {where} 上未能{tried}：{cameBack}。{next}',
  ],
  'trouble.coded': [
    '{code}: Could not {tried}: {cameBack}. {next}',
    '{code}：未能{tried}：{cameBack}。{next}',
  ],
  'trouble.codedOn': [
    '{code}: Could not {tried} on {where}: {cameBack}. {next}',
    '{code}：在 {where} 上未能{tried}：{cameBack}。{next}',
  ],
  'trouble.unexpected': ['Unexpected error: {text}', '未预期的错误：{text}'],
  'list.comma': ['{one}, {other}', '{one}、{other}'],
  'list.or': ['{one} or {other}', '{one} 或 {other}'],
  'list.and': ['{one} and {other}', '{one} 和 {other}'],
  'list.stop': ['{one}. {other}', '{one}。{other}'],
  'text.of': ['{what}: {text}', '{what}：{text}'],
  'text.on': ['{where}: {text}. {next}', '{where}：{text}。{next}'],
  'text.withNext': ['{text}. {next}', '{text}。{next}'],
  'text.noAnswerWithin': ['no answer within {ms} ms', '{ms} 毫秒内没有响应'],
  'text.ofCluster': ['OceanBase cluster {name}: {fault}', 'OceanBase 集群 {name}：{fault}'],
} as const satisfies Record<string, Pair>;
