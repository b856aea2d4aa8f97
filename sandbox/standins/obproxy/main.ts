/**
 * A stand-in for OBProxy: enough of its outside (command line, files, SQL, metrics, faults) to develop, test and show
 * an installer without OceanBase's binary. It forwards no SQL to any observer and is not for production.
 *
 * This file is the launcher: it prints, forks away and says 0, whatever becomes of the proxy (OBProxy 4.3.1, observed).
 */
import { writeFileSync } from 'node:fs';
import { detach, isDetached, typedWords } from '../launcher';
import { type CommandLine, parseCommandLine, USAGE } from './commandLine';
import { mayStart, missingLibrary } from './faults';
import { identity, traits } from './identity';
import { type Inheritance, takeInheritance } from './inheritance';

const DAEMON = 'OBPROXY_STANDIN_DAEMON';

/** Everything OBProxy prints goes to stderr, the whole argv first. */
function say(words: readonly string[], text: string): void {
  process.stderr.write(`${words.join(' ')}\n${text}`);
}

function versionText(): string {
  const { version, release } = identity();
  return [
    `obproxy (OceanBase ${version} ${release})`,
    `REVISION: ${release}-standin`,
    'BUILD_TIME: Jan  1 2025 00:00:00',
    'BUILD_FLAGS: STAND-IN FOR TESTS (not OceanBase software)',
    '',
  ].join('\n');
}

async function serve(line: CommandLine, inheritance?: Inheritance): Promise<number> {
  // `ps`, pgrep -x and /proc/<pid>/comm must say obproxy, while argv stays what was typed.
  writeFileSync('/proc/self/comm', 'obproxy');
  const home = process.env.OBPROXY_ROOT ?? process.cwd();
  if (inheritance !== undefined && !(await mayStart(home))) return 0;
  try {
    const { startProxy } = await import('./proxy');
    const proxy = await startProxy(home, line, inheritance);
    await proxy.done;
    // Exit codes are no use to a supervisor: 1 after every normal end, 0 after a failed start.
    return 1;
  } catch {
    return 0;
  }
}

async function main(): Promise<number> {
  const missing = missingLibrary(typedWords()[0] ?? '');
  if (missing !== undefined) {
    process.stderr.write(missing);
    return 127;
  }
  const inheritance = takeInheritance();
  const line = parseCommandLine(process.argv.slice(2), traits(identity().version));
  if (isDetached(DAEMON)) return serve(line);
  // Its parent has forked already.
  if (inheritance !== undefined) return serve(line, inheritance);
  say(typedWords(), line.show === 'version' ? versionText() : '');
  if (line.show === 'version') return 0;
  if (line.show === 'usage' || line.mistake !== undefined)
    process.stderr.write(`${line.mistake === undefined ? '' : `obproxy: ${line.mistake}\n`}${USAGE}`);
  // Nothing starts, so there is no log either (OBProxy 4.3.1, observed).
  if (line.show === 'usage' || line.mistake !== undefined) return 0;
  if (line.foreground) return serve(line);
  detach(DAEMON);
  return 0;
}

main().then(
  (code) => process.exit(code),
  () => process.exit(0),
);
