import type { LogLine } from '../../store/types';
import { ocpTime } from '../http/time';

const RULE = '############';

/** `2021-08-25 15:09:32.716  INFO text`, as lines of OCP's own logs begin. No text of a host reads as a separator. */
function line({ time, level, text }: LogLine): string {
  const local = ocpTime(time).slice(0, 23).replace('T', ' ');
  return `${local} ${level.padStart(5)} : ${text.replaceAll(`${RULE}{`, `${RULE} {`)}`;
}

/**
 * The documented log of a subtask: one segment per run, each begun by the separator that OCP's own pages split on,
 * `############{EXECUTE}{2021-08-25T15:09:32.697+08:00}############`. Empty before the first run.
 */
export function subtaskLog(lines: readonly LogLine[]): string {
  return subtaskLogWriter()(lines);
}

/** Writes the same log part by part; each call gets the lines that follow those of the one before. */
export function subtaskLogWriter(): (lines: readonly LogLine[]) => string {
  let segment = '';
  return (lines) => {
    const out: string[] = [];
    for (const entry of lines) {
      const next = `${entry.run}/${entry.operation}`;
      if (next !== segment) {
        segment = next;
        out.push(`${RULE}{${entry.operation}}{${ocpTime(entry.time)}}${RULE}`);
      }
      out.push(line(entry));
    }
    return out.length === 0 ? '' : `${out.join('\n')}\n`;
  };
}
