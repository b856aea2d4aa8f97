import type { Request } from 'express';
import type { ErrorBody } from '../envelope';
import { CODES } from './codes';
import { FAULTS, SENTENCES } from './texts';

/** The documented values of Accept-Language. */
export type Language = 'en-US' | 'zh-CN';

/** What clients call our two languages, in our order of preference. */
const ACCEPTED = ['en-US', 'en', 'zh-CN', 'zh', 'zh-Hans', 'zh-Hans-CN', 'zh-SG', 'zh-TW', 'zh-HK'];

/** The language a client prefers; English when it says nothing, or only others. */
export function languageOf(request: Request): Language {
  const preferred = request.acceptsLanguages(ACCEPTED);
  return preferred !== false && preferred.startsWith('zh') ? 'zh-CN' : 'en-US';
}

interface Template {
  readonly pattern: RegExp;
  readonly zh: string;
}

/** `{name}` in the English text captures (`{NAME}` only words in capitals), in the Chinese one it is filled in. */
function template([en, zh]: readonly [string, string]): Template {
  const escaped = en
    .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
    .replace(/\{([A-Z]+)\}/g, '(?<$1>[A-Z_]+(?:(?:, | or )[A-Z_]+)*)')
    .replace(/\{(\w+)\}/g, '(?<$1>.+?)');
  return { pattern: new RegExp(`^${escaped}$`, 's'), zh };
}

function translatorOf(pairs: readonly (readonly [string, string])[]): (text: string) => string | undefined {
  // The longest first: it is the most particular one.
  const templates = [...pairs].sort(([a], [b]) => b.length - a.length).map(template);
  return (text) => {
    for (const { pattern, zh } of templates) {
      const match = pattern.exec(text);
      if (match === null) continue;
      const values = match.groups ?? {};
      return zh.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
    }
    return undefined;
  };
}

/** The Chinese of what is wrong with a field; undefined when there is none. */
export const chineseFault = translatorOf(FAULTS);
const chineseSentence = translatorOf(SENTENCES);

const MANY = /^The request cannot be accepted: .*?(?:; and (?<more>\d+) more)?\.$/s;
const SHOWN_FIELDS = 5;

/**
 * The error in the language of the client. English is what the code says already. Chinese: texts of the catalogue are
 * translated with their values; any other begins with the headline of its code and goes on with the English
 * particulars, so that names, states and what to do are never lost.
 */
export function inLanguage(error: ErrorBody, language: Language): ErrorBody {
  if (language === 'en-US') return error;
  const subErrors = error.subErrors?.map((sub) => ({
    ...sub,
    message: chineseFault(sub.message) ?? sub.message,
  }));
  const message =
    chineseSentence(error.message) ?? ofFields(error, subErrors) ?? underHeadline(error.code, error.message);
  return { ...error, message, ...(subErrors === undefined ? {} : { subErrors }) };
}

/** Texts that are made of their fields' faults, see api/http/errors.ts and fieldRefusal. */
function ofFields(error: ErrorBody, chinese: ErrorBody['subErrors']): string | undefined {
  const [first] = error.subErrors ?? [];
  if (chinese === undefined || first === undefined) return undefined;
  const many = MANY.exec(error.message);
  if (many === null && error.message !== `${first.field} ${first.message}.`) return undefined;
  const list = chinese
    .slice(0, SHOWN_FIELDS)
    .map(({ field, message }) => `${field === '' ? '请求' : field} ${message}`)
    .join('；');
  const more = many?.groups?.more;
  return `请求参数不合法：${list}${more === undefined ? '' : `；另有 ${more} 处`}。`;
}

function underHeadline(code: string, message: string): string {
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  return known === undefined ? message : `${known.zh}：${message}`;
}
