import type { Request } from 'express';
import type { SubError } from '../../../operations/refusal';
import { chinese } from '../../../runtime/messages/catalogue';
import { inEnglish, type Said } from '../../../workflows/text';
import type { ErrorBody } from '../envelope';
import { CODES } from './codes';

/** The documented values of Accept-Language. */
export type Language = 'en-US' | 'zh-CN';

/** What clients call our two languages, in our order of preference. */
const ACCEPTED = ['en-US', 'en', 'zh-CN', 'zh', 'zh-Hans', 'zh-Hans-CN', 'zh-SG', 'zh-TW', 'zh-HK'];

/** The language a client prefers; English when it says nothing, or only others. */
export function languageOf(request: Request): Language {
  const preferred = request.acceptsLanguages(ACCEPTED);
  return preferred !== false && preferred.startsWith('zh') ? 'zh-CN' : 'en-US';
}

/** The language of an answer that is made for its client; its headers say so. */
export function answerLanguage(request: Request): Language {
  const language = languageOf(request);
  request.res?.vary('accept-language').set('content-language', language);
  return language;
}

/** An error whose texts can still be said in either language. */
export interface SaidError {
  readonly code: string;
  readonly message: Said;
  readonly target?: string;
  readonly subErrors?: readonly SubError[];
}

/** A text in the language; in English where the catalogue has no Chinese. */
export function spoken(said: Said, language: Language): string {
  return (language === 'zh-CN' && typeof said !== 'string' ? chinese(said) : undefined) ?? inEnglish(said);
}

/**
 * The error in the language of the client. Chinese: texts of the catalogue with their values; any other begins with the
 * headline of its code and goes on with the English particulars, so that names, states and what to do are never lost.
 */
export function inLanguage(error: SaidError, language: Language): ErrorBody {
  const { message, subErrors, ...rest } = error;
  const inChinese = language === 'zh-CN' && typeof message !== 'string' ? chinese(message) : undefined;
  const english = inEnglish(message);
  return {
    ...rest,
    message: inChinese ?? (language === 'zh-CN' ? underHeadline(error.code, english) : english),
    ...(subErrors === undefined
      ? {}
      : { subErrors: subErrors.map((sub) => ({ ...sub, message: spoken(sub.message, language) })) }),
  };
}

function underHeadline(code: string, message: string): string {
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  return known === undefined ? message : `${known.zh}：${message}`;
}
