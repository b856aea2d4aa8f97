/** log/obproxy.log (or another) in the proxy's own form: `[time] LEVEL [MODULE] [pid] text`. */
import { appendFileSync } from 'node:fs';
import path from 'node:path';

export type Level = 'INFO' | 'WARN' | 'ERROR' | 'WDIAG' | 'EDIAG';

export class Log {
  private readonly file: string;

  constructor(
    home: string,
    name = 'log/obproxy.log',
    private readonly module = 'PROXY',
  ) {
    this.file = path.join(home, name);
  }

  /** Appends one line. A full disk or a removed folder loses lines, never the proxy (OBProxy 4.3.1, observed). */
  write(level: Level, text: string): void {
    const now = new Date();
    const time = `${now.toISOString().replace('T', ' ').replace('Z', '')}000`;
    try {
      appendFileSync(this.file, `[${time}] ${level} [${this.module}] [${process.pid}] ${text}\n`);
    } catch {
      // Lost, as said above.
    }
  }
}
