import { currentLanguage, type Language, useLanguage } from './language';
import { WORDS, type WordKey } from './table';

export type { WordKey } from './table';
export type Arguments = Readonly<Record<string, string | number>>;
export type Say = (key: WordKey, values?: Arguments) => string;

/** A text of the table in a language, `{name}` replaced by its argument. */
export function textOf(language: Language, key: WordKey, values: Arguments = {}): string {
  const text = WORDS[key][language === 'zh-CN' ? 1 : 0];
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** The words of the page, in its language; the component is drawn anew when that changes. */
export function useWords(): Say {
  const language = useLanguage();
  return (key, values) => textOf(language, key, values);
}

/** Outside of components. */
export const say: Say = (key, values) => textOf(currentLanguage(), key, values);
