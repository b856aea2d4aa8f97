/** What forms say beside names: helps of fields, what operations do, values to choose from. */
import { useQuery } from '@tanstack/react-query';
import type { Operation } from '../model/schema';
import { FIELD_NAMES } from './fields';
import { useLanguage } from './language';

export interface FormTexts {
  /** What a field is called: by its known name, else `someNewField` → `Some new field`. */
  label(name: string): string;
  /** A help text of the API document. */
  help(english: string): string;
  /** A value to choose. */
  value(value: unknown): string;
  /** What an operation does. */
  operation(operation: Pick<Operation, 'id' | 'description'>): string;
}

/**
 * In English the API document says it all. The Chinese is loaded with the first form that somebody opens in it; until then
 * nothing is shown in its place. What has no Chinese, or cannot be loaded, is English.
 */
export function useFormTexts(): FormTexts {
  const language = useLanguage();
  const inChinese = language === 'zh-CN';
  const { data, isPending } = useQuery({
    queryKey: ['formsInChinese'],
    queryFn: () => import('./formsInChinese'),
    enabled: inChinese,
    retry: 3,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  const chinese = inChinese ? data : undefined;
  const unless = (known: string | undefined, english: string) =>
    known ?? (inChinese && isPending ? '' : english);
  return {
    label: (name) => FIELD_NAMES[name]?.[inChinese ? 1 : 0] ?? chinese?.ANSWER_NAMES[name] ?? wordsOf(name),
    help: (english) => unless(chinese?.HELPS[english], english),
    value: (value) => chinese?.VALUES[String(value)] ?? String(value),
    operation: ({ id, description }) => unless(chinese?.OPERATION_TEXTS[id], description),
  };
}

function wordsOf(name: string): string {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
