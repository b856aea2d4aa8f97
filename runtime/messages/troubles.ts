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
} as const satisfies Record<string, Pair>;
