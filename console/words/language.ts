import { useSyncExternalStore } from 'react';

export type Language = 'en-US' | 'zh-CN';
export const LANGUAGES: Readonly<Record<Language, string>> = { 'en-US': 'English', 'zh-CN': '中文' };

const STORED = 'obflow.language';
const listeners = new Set<() => void>();

function first(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === 'en-US' || stored === 'zh-CN') return stored;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en-US';
}

let language = first();
document.documentElement.lang = language;

export function currentLanguage(): Language {
  return language;
}

export function setLanguage(chosen: Language): void {
  language = chosen;
  localStorage.setItem(STORED, chosen);
  document.documentElement.lang = chosen;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, currentLanguage);
}
