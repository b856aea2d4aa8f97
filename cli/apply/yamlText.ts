/** YAML as a file of declarations may be written: plain data, nothing that is put together or made by the parser. */
import { type Document, LineCounter, parseDocument, type YAMLError } from 'yaml';

/** A thousand hosts take a tenth of it. */
const MAX_CHARACTERS = 4 * 1024 ** 2;

export interface YamlText {
  readonly value: unknown;
  readonly document: Document;
  readonly lines: LineCounter;
}

/** What is wrong with a text, and in which line. */
export interface YamlFault {
  readonly line: number;
  readonly text: string;
}

/** The parser's own texts for these quote the file, where a password may stand. */
const TEXTS: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'an alias (*name) without its anchor; put a value that begins with "*" in quotes',
  BAD_DIRECTIVE: 'a directive (%NAME) that is none of YAML',
  BAD_DQ_ESCAPE: 'a backslash that begins no escape; put the value in single quotes',
  MULTIPLE_DOCS: 'a second document; a file holds one, without a line "---" inside',
  RESOURCE_EXHAUSTION: 'lists or fields nested too deeply',
  TAG_RESOLVE_FAILED: 'a tag (!name) that is unknown; put a value that begins with "!" in quotes',
};

/**
 * Parses a text of one document. What the parser only warns of counts as a fault. Never repeats a value of the text;
 * pure.
 */
export function parseYamlText(text: string): YamlText | { readonly faults: readonly YamlFault[] } {
  if (text.length > MAX_CHARACTERS) {
    return { faults: [{ line: 1, text: `the file has more than ${MAX_CHARACTERS} characters` }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    logLevel: 'error',
    prettyErrors: false,
    stringKeys: true,
  });
  const faults = [...document.errors, ...document.warnings].map((error) => faultOf(error, lines));
  if (faults.length > 0) return { faults };
  try {
    // Aliases are expanded here, and counted: a few lines of them can stand for gigabytes.
    return { value: document.toJS({ maxAliasCount: 100 }), document, lines };
  } catch (error) {
    const many = error instanceof ReferenceError && error.message.startsWith('Excessive');
    const fault = many ? 'more aliases (*name) than any declaration needs' : TEXTS.BAD_ALIAS;
    return { faults: [{ line: 1, text: fault ?? '' }] };
  }
}

function faultOf(error: YAMLError, lines: LineCounter): YamlFault {
  // Behind a colon the parser quotes.
  const text = TEXTS[error.code] ?? error.message.replace(/: .*$/s, '');
  return { line: lines.linePos(error.pos[0]).line, text };
}
