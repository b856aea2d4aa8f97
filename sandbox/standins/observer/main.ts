/**
 * A stand-in for OceanBase's observer: enough of its outside (command line, files, ports, membership, SQL of the sys
 * tenant) to develop, test and show how servers are added to a cluster. It stores no data and is not for production.
 *
 * This file is the launcher: it checks what the real one checks before it goes into the background, then says 0,
 * whatever becomes of the observer (oceanbase:src/observer/main.cpp).
 */
import { readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { detach, isDetached, typedWords } from '../launcher';
import { OBSERVER_USAGE, type ObserverCommandLine, parseObserverCommandLine } from './commandLine';
import { identity, observerTraits, versionText } from './edition';

const DAEMON = 'OBSERVER_STANDIN_DAEMON';

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * Only the owner of etc/ may start it. Started as root in a home without etc/, it makes etc/ root's, and nobody else
 * can start it afterwards (oceanbase:src/observer/main.cpp, check_uid_before_start).
 */
function ownerMistake(): string | undefined {
  const uid = process.getuid?.() ?? 0;
  const owner = statSync('etc', { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner === uid) return undefined;
  return (
    `ERROR: current user(uid=${uid}) that starts observer is not the same with the original one(uid=${owner}), ` +
    'observer starts failed!\nFail check_uid_before_start, please use the initial user to start observer!'
  );
}

/** The pid file is locked by a running observer; here its process is looked at. */
function runningPid(): number | undefined {
  try {
    const pid = Number(readFileSync('run/observer.pid', 'utf8'));
    const comm = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    // After a boot the number in the file may be this process's own.
    if (pid === process.pid) return undefined;
    return comm === 'observer' && readlinkSync(`/proc/${pid}/cwd`) === process.cwd() ? pid : undefined;
  } catch {
    return undefined;
  }
}

async function serve(line: ObserverCommandLine): Promise<number> {
  // `ps`, pgrep -x and /proc/<pid>/comm must say observer, while argv stays what was typed.
  writeFileSync('/proc/self/comm', 'observer');
  try {
    const { startObserverNode } = await import('./start');
    const observer = await startObserverNode(process.cwd(), line);
    await observer.done;
    return 0;
  } catch {
    return 1;
  }
}

async function main(): Promise<number> {
  const line = parseObserverCommandLine(process.argv.slice(2), observerTraits(identity().version));
  if (isDetached(DAEMON)) return serve(line);
  say(typedWords().join(' '));
  if (line.show === 'version') {
    say(versionText(identity()));
    return 0;
  }
  if (line.mistake !== undefined) say(line.mistake);
  if (line.show === 'usage') process.stderr.write(OBSERVER_USAGE);
  if (line.show === 'usage' || line.mistake !== undefined) return 1;
  const mistake = ownerMistake();
  if (mistake !== undefined) {
    say(mistake);
    return 1;
  }
  const pid = runningPid();
  if (pid !== undefined) {
    say(`observer is already running in this directory, pid=${pid}`);
    return 1;
  }
  if (line.foreground) return serve(line);
  detach(DAEMON);
  return 0;
}

main().then(
  (code) => process.exit(code),
  () => process.exit(1),
);
