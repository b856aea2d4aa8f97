import type { LogLine } from '../../store/types';
import { asText } from '../../workflows/text';
import { type Language, spoken } from '../http/messages/language';
import { ocpTime } from '../http/time';

const RULE = '############';

/**
 * `2021-08-25 15:09:32.716  INFO text`, as lines of OCP's own logs begin; so does each line of a text that has several. No
 * text of a host reads as a separator.
 */
function written({ time, level, text, said }: LogLine, language: Language): string[] {
  const local = ocpTime(time).slice(0, 23).replace('T', ' ');
  const words = said === undefined ? text : spoken(asText(said, text), language);
  return words
    .split('\n')
    .map((line) => `${local} ${level.padStart(5)} : ${line.replaceAll(`${RULE}{`, `${RULE} {`)}`);
}

/**
 * The documented log of a subtask: one segment per run, each begun by the separator that OCP's own pages split on,
 * `############{EXECUTE}{2021-08-25T15:09:32.697+08:00}############`. Empty before the first run.
 * Lines that have no text of the catalogue are in English in any language.
 */
export function subtaskLog(lines: readonly LogLine[], language: Language = 'en-US'): string {
  return subtaskLogWriter(language)(lines);
}

/** Writes the same log part by part; each call gets the lines that follow those of the one before, the first those behind `before`. */
export function subtaskLogWriter(
  language: Language = 'en-US',
  before?: Pick<LogLine, 'run' | 'operation'>,
): (lines: readonly LogLine[]) => string {
  let segment = before === undefined ? '' : `${before.run}/${before.operation}`;
  return (lines) => {
    const out: string[] = [];
    for (const entry of lines) {
      const next = `${entry.run}/${entry.operation}`;
      if (next !== segment) {
        segment = next;
        out.push(`${RULE}{${entry.operation}}{${ocpTime(entry.time)}}${RULE}`);
      }
      out.push(...written(entry, language));
    }
    return out.length === 0 ? '' : `${out.join('\n')}\n`;
  };
}
