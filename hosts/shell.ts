import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import type { ClientChannel } from 'ssh2';
import { userName } from './userName';

/** Stands before the stat line of a process that reads scripts and is no `sh`. */
export const NOT_SH = 'obflow-not-sh';
/** Shells that read scripts as `sh` does; zsh splits no words, csh and fish are other languages. */
const READERS = ['sh', 'bash', 'dash', 'ash', 'busybox', 'ksh', 'mksh']
  .map((name) => `*' (${name}) '*`)
  .join(' | ');
const EXIT_CODE = /^\d{1,3}$/;
/** How long a remote shell may take to say which process it is. */
const STAT_WAIT_MS = 3_000;
/** What a login script prints before the first mark is thrown away: of so many bytes the beginning is kept, for an error. */
const NOISE_KEPT = 4 * 1024;
/** Of the noise, what may hold a mark's line. */
const MARK_REACH = 1024;
/** A login script that prints more than so many bytes never comes to the script. */
const MOST_NOISE = 16 * 1024 * 1024;

/** In either case; what obflow starts on a host talks to obflow and its own cluster, where no proxy of the host leads. */
const PROXIES = ['http', 'https', 'all', 'ftp', 'no'].flatMap((name) => [
  `${name}_proxy`,
  `${name}_proxy`.toUpperCase(),
]);

/**
 * Messages come in English, the administration commands are on PATH, new files are 0644; another user than the
 * login starts at / with a HOME of his own.
 */
function surroundings(user: string | undefined): string {
  const home = user === undefined ? '' : `HOME=~${userName(user)}; USER=${user}; LOGNAME=${user}; cd /\n`;
  return `LC_ALL=C; export LC_ALL
PATH="\${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"; export PATH
umask 022
unset ${PROXIES.join(' ')}
${home}`;
}

function refuseNul(script: string): void {
  if (script.includes('\0')) throw new RangeError('A script cannot hold a NUL byte.');
}

/**
 * `script` as one compound command: the shell reads it to the end before it runs the first word, so a connection
 * lost half-way runs nothing instead of a cut-off command. Its commands read /dev/null.
 */
export function wholeScript(script: string, user?: string): string {
  refuseNul(script);
  return `{\n${surroundings(user)}${script}\n} </dev/null\n`;
}

/**
 * `script` for a shell that serves several, one after another; also one compound command. It runs in a subshell, so that
 * its folder, umask, variables, traps and open files end with it, and its output lies between marks. The subshell is a
 * command substitution over file 9: the shell goes on when nothing of the script holds file 9 any more, so no
 * process of one script can write into the next one's output. What is to live on closes it (`9>&-`).
 * The function keeps shells from parsing the script inside `$(…)`, which old ones do badly. A login script may have put
 * another shell in the place of `sh` (`exec zsh`), which would take the script otherwise than it is meant.
 */
export function markedScript(mark: string, script: string): string {
  refuseNul(script);
  return `{
[ -n "$obflow_stat" ] || IFS= read -r obflow_stat </proc/$$/stat
case $obflow_stat in '' | ${READERS}) ;; *) echo "${NOT_SH} $obflow_stat" >&2; exit 126 ;; esac
obflow_script() {
echo ${mark}-begin; echo "${mark}-begin $obflow_stat" >&2
${surroundings(undefined)}${script}
}
{ obflow_held=$(exec 9>&1 >&4 2>&5 4>&- 5>&- </dev/null; obflow_script); } 4>&1 5>&2
echo "${mark}-end $?"; echo "${mark}-end " >&2; unset -f obflow_script
}
`;
}

export interface ShellTask {
  readonly script: string;
  /** Bytes of both streams together. */
  readonly limit: number;
  /** Receives stdout as it comes; it is then not collected. */
  readonly onStdout?: ((chunk: Buffer) => void) | undefined;
  /** No script follows this one. */
  readonly last: boolean;
}

/** `closed`: the channel ended before the script did; without a code when the connection is gone. */
export type ShellEnd =
  | { readonly how: 'done'; readonly exitCode: number }
  | { readonly how: 'closed'; readonly exitCode: number | undefined }
  | { readonly how: 'full' };

/** A shell on a host that reads scripts from its stdin and runs them one after another. */
export class Shell {
  /** The line of /proc/<pid>/stat of the shell, '' until it has told it. */
  stat = '';
  private stdout: MarkedStream | undefined;
  private stderr: MarkedStream | undefined;
  private limit = 0;
  private settle: (end: ShellEnd) => void = () => {};
  private told: () => void = () => {};
  /** Something came in between two scripts, or the marks are not as expected. */
  private astray = false;
  /** The limit was exceeded: what still comes is thrown away. */
  private full = false;
  private closed = false;
  private exitCode: number | undefined;
  private readonly ending: Promise<void>;

  constructor(private readonly channel: ClientChannel) {
    channel.on('data', (chunk: Buffer) => this.receive(this.stdout, chunk));
    channel.stderr.on('data', (chunk: Buffer) => this.receive(this.stderr, chunk));
    channel.on('error', () => {}); // 'close' follows and decides
    // A fast command's 'exit' event may precede this listener; 'close' waits for the streams to be read.
    const closed = new Promise<void>((resolve) => {
      channel.once('close', (exit: number | null | undefined, signal?: string) => {
        if (exit !== undefined)
          this.exitCode = exit ?? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
        resolve();
      });
    });
    const drained = new Promise<void>((resolve) => channel.stderr.once('close', resolve));
    this.ending = Promise.all([closed, drained]).then(() => {
      this.closed = true;
      this.told();
      this.settle({ how: 'closed', exitCode: this.exitCode });
    });
  }

  /** Whether another script may be given to it. */
  get reusable(): boolean {
    const over = (stream: MarkedStream | undefined) => stream === undefined || stream.state === 'behind';
    return !this.closed && !this.astray && over(this.stdout) && over(this.stderr) && this.channel.writable;
  }

  /** Whether the script of the last `run` has begun. */
  get began(): boolean {
    return this.stderr !== undefined && this.stderr.state !== 'before';
  }

  /** Runs one script; only one at a time. Resolves at its end, at the end of the shell, or when the limit is exceeded. */
  async run(task: ShellTask): Promise<ShellEnd> {
    const mark = `obflow-${randomBytes(12).toString('hex')}`;
    this.stdout = new MarkedStream(mark, task.onStdout);
    this.stderr = new MarkedStream(mark);
    this.limit = task.limit;
    const ended = new Promise<ShellEnd>((resolve) => {
      this.settle = resolve;
    });
    const text = markedScript(mark, task.script);
    if (this.closed) return { how: 'closed', exitCode: this.exitCode };
    if (task.last) this.channel.end(text);
    else this.channel.write(text);
    const end = await ended;
    if (task.last && end.how === 'done') await this.ending;
    return end;
  }

  /** What the script printed; without marks, all that came (a refusal of sudo, for example). */
  output(): { stdout: Buffer; stderr: Buffer } {
    const part = (stream: MarkedStream | undefined) =>
      (stream?.bytes() ?? Buffer.alloc(0)).subarray(0, this.limit);
    return { stdout: part(this.stdout), stderr: part(this.stderr) };
  }

  /** The stat line; it may still be on its way when the shell is to be killed. */
  async processStat(): Promise<string> {
    if (this.stat === '' && !this.closed) {
      await new Promise<void>((resolve) => {
        this.told = resolve;
        setTimeout(resolve, STAT_WAIT_MS).unref();
      });
    }
    return this.stat;
  }

  /** Calls when the channel is closed, at once when it is. */
  onClosed(listener: () => void): void {
    void this.ending.then(listener);
  }

  /** Gives the shell up. A script that runs in it is not ended by this. */
  close(): void {
    this.channel.close();
  }

  private receive(stream: MarkedStream | undefined, chunk: Buffer): void {
    const { stdout, stderr } = this;
    if (stream === undefined || stdout === undefined || stderr === undefined) return; // noise before the first script
    if (this.full) return;
    stream.add(chunk);
    if (this.stat === '' && stderr.first !== '') {
      this.stat = stderr.first;
      this.told();
    }
    if (stream.stray) this.astray = true;
    if (stdout.taken + stderr.taken > this.limit || stdout.noise + stderr.noise > MOST_NOISE) {
      this.astray = true;
      this.full = true;
      this.settle({ how: 'full' });
    } else if (stdout.state === 'behind' && stderr.state === 'behind') {
      const readable = EXIT_CODE.test(stdout.last);
      this.astray ||= !readable;
      this.settle(
        readable ? { how: 'done', exitCode: Number(stdout.last) } : { how: 'closed', exitCode: undefined },
      );
    }
  }
}

/** One stream of a script: what lies between the lines `<mark>-begin …` and `<mark>-end …`. */
class MarkedStream {
  state: 'before' | 'inside' | 'behind' = 'before';
  /** Rest of the line of each mark. */
  first = '';
  last = '';
  /** Bytes collected. */
  private size = 0;
  /** Whether something came behind the end. */
  stray = false;
  /** Bytes that came before the first mark and hold none. */
  noise = 0;
  private chunks: Buffer[] = [];
  private held: Buffer = Buffer.alloc(0);
  /** The beginning of the noise. */
  private heard: Buffer = Buffer.alloc(0);

  constructor(
    private readonly mark: string,
    private readonly sink?: (chunk: Buffer) => void,
  ) {}

  add(chunk: Buffer): void {
    let rest = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    this.held = Buffer.alloc(0);
    if (this.state === 'before') {
      const begin = this.find(rest, `${this.mark}-begin`);
      // The subshell that says so may be killed before it does; the shell itself says the end all the same.
      const line = begin ?? this.find(rest, `${this.mark}-end`);
      if (line === undefined || line.end < 0) {
        this.held = this.withoutNoise(rest, line?.at);
        return;
      }
      this.heard = Buffer.alloc(0);
      if (begin !== undefined) {
        this.first = line.text;
        rest = rest.subarray(line.end);
      }
      this.state = 'inside';
    }
    if (this.state === 'inside') {
      const line = this.find(rest, `${this.mark}-end`);
      const upto = line === undefined ? rest.length - this.beginningOfMark(rest) : line.at;
      this.keep(rest.subarray(0, upto));
      if (line === undefined || line.end < 0) {
        this.held = rest.subarray(upto);
        return;
      }
      this.last = line.text;
      this.state = 'behind';
      rest = rest.subarray(line.end);
    }
    if (rest.length > 0) this.stray = true;
  }

  /** Bytes in memory: collected, or held until it is known what they are (a host may never end a mark's line). */
  get taken(): number {
    return this.size + this.held.length;
  }

  bytes(): Buffer {
    return Buffer.concat(this.state === 'behind' ? this.chunks : [this.heard, ...this.chunks, this.held]);
  }

  /** What may still be or become the line of the first mark; the rest is counted, and its beginning kept. */
  private withoutNoise(bytes: Buffer, mark: number | undefined): Buffer {
    const upto = mark ?? Math.max(0, bytes.length - MARK_REACH);
    this.noise += upto;
    const room = NOISE_KEPT - this.heard.length;
    if (room > 0 && upto > 0)
      this.heard = Buffer.concat([this.heard, bytes.subarray(0, Math.min(upto, room))]);
    return Buffer.from(bytes.subarray(upto));
  }

  private keep(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.sink !== undefined) {
      this.sink(chunk);
      return;
    }
    this.chunks.push(chunk);
    this.size += chunk.length;
  }

  /** The line that begins with `word`; `end` is -1 while its end has not come. */
  private find(bytes: Buffer, word: string): { at: number; text: string; end: number } | undefined {
    const at = bytes.indexOf(word);
    if (at < 0) return undefined;
    const end = bytes.indexOf(10, at) + 1;
    const text = bytes
      .subarray(at + word.length, Math.max(end - 1, 0))
      .toString('latin1')
      .trim();
    return { at, text, end: end === 0 ? -1 : end };
  }

  /** How many of the last bytes may be the beginning of the end mark. */
  private beginningOfMark(bytes: Buffer): number {
    const word = `${this.mark}-end`;
    const from = Math.max(bytes.length - word.length + 1, 0);
    for (
      let at = bytes.indexOf(word.charCodeAt(0), from);
      at >= 0;
      at = bytes.indexOf(word.charCodeAt(0), at + 1)
    ) {
      if (word.startsWith(bytes.toString('latin1', at))) return bytes.length - at;
    }
    return 0;
  }
}
