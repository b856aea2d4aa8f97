const pad = (value: number, width = 2): string => String(Math.abs(value)).padStart(width, '0');

/**
 * The documented form of a date: ISO-8601 with milliseconds and the numeric offset of this server's time zone,
 * as in `2021-09-03T16:25:08.004+08:00`.
 *
 * @param time milliseconds since 1970, or any text that Date parses
 */
export function ocpTime(time: number | string): string {
  const at = new Date(time);
  const offset = -at.getTimezoneOffset();
  const local = new Date(at.getTime() + offset * 60_000).toISOString().slice(0, -1);
  return `${local}${offset < 0 ? '-' : '+'}${pad(Math.trunc(offset / 60))}:${pad(offset % 60)}`;
}
