import { randomBytes } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import { unlessAborted } from '../runtime/deadline';
import { TransientError } from '../runtime/errors';
import { say, type Text } from '../runtime/messages/catalogue';
import type { Connection } from './connection';
import { SESSION_FUNCTIONS } from './remoteSessions';
import { type RunResult, runScript, shellCommand } from './script';
import { wholeScript } from './shell';
import type { CommandId, OnceOptions, OnceResult, SubtaskCommands } from './types';

/*
 * Commands that take effect at most once. The contract:
 *
 *  1. A command has one folder, D = /var/lib/obflow/<task>/<subtask>/<run>/<name> (root, 0700), on the host.
 *  2. `launch` starts a detached runner in a new session, which gets the script with its own text: no file holds it.
 *  3. The runner's first act is the symlink D/claim -> "<pid>.<start ticks>.<boot>.<launch>". Making a symlink is
 *     atomic, so exactly one runner ever wins; a loser exits at once. Launching again is therefore always safe.
 *     The winner makes the claim durable before it acts.
 *  4. The winner runs the script with stdin /dev/null and output to D/out, then writes the exit code and <launch> to
 *     D/exit; a line that is not whole yet counts as none.
 *  5. Waiting only looks: D/exit -> exited. Otherwise, as long as any process of the runner's session lives
 *     (same pid, same start, same boot) -> still running. Otherwise, after a last look for D/exit -> interrupted.
 *     Where only the runner was killed, its command may still work: it counts as running until it ends.
 *  6. A connection, a worker or a waiting shell that dies never ends the command.
 *  7. `stop` takes the claim itself when nobody has it: a command stopped before its start never starts. Otherwise it
 *     kills the runner first, so that no D/exit appears, then ends the rest of the session (TERM, then KILL).
 *     What a command put into a session of its own (setsid, a daemon) lives on.
 *  8. "boot" is the kernel's boot id and the start of process 1: containers restart without a new boot id.
 */

const ROOT = '/var/lib/obflow';
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const DEFAULT_TIMEOUT_MS = 30_000;
/** How long one channel waits. The first is short: its shell is not killed when the caller gives up (it launches). */
const FIRST_WINDOW_MS = 2_000;
const WINDOW_MS = 20_000;
/** New output is looked for so often. */
const STREAM_MS = 1_000;
/** Window while others want a channel of the same connection. */
const CROWDED_WINDOW_MS = 1_000;
/** At most this much of a command's output is transferred, and this much of the end of a longer one. */
const OUTPUT_LIMIT = 1024 * 1024;
const TAIL = 8 * 1024;

/** The commands' folder for a task. RangeError unless the id is a positive integer. */
function taskFolder(taskId: number): string {
  return `${ROOT}/${count(taskId, 'task id')}`;
}

function subtaskFolder(taskId: number, subtaskId: number): string {
  return `${taskFolder(taskId)}/${count(subtaskId, 'subtask id')}`;
}

function commandFolder(id: CommandId): string {
  if (!NAME.test(id.name)) throw new RangeError(`Not a command name: ${JSON.stringify(id.name)}`);
  return `${subtaskFolder(id.taskId, id.subtaskId)}/${count(id.run, 'run')}/${id.name}`;
}

function count(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`Not a ${what}: ${value}`);
  return value;
}

/** Shell functions around D/claim and D/exit; D must be set. */
const CLAIM_FUNCTIONS = `${SESSION_FUNCTIONS}
this_boot() { IFS= read -r boot </proc/sys/kernel/random/boot_id; look 1; boot="$boot-$started"; }
read_claim() {
  claim=$(readlink "$D/claim") || return 1
  winner=\${claim##*.}; claim=\${claim%.*}
  claim_boot=\${claim##*.}; claim=\${claim%.*}
  claim_start=\${claim##*.}; claim_pid=\${claim%%.*}
}
runs() {
  runner=
  [ "$claim_boot" = "$boot" ] || return 1
  if look "$claim_pid"; then
    [ "$started" = "$claim_start" ] || return 1
    [ "$state" = Z ] || { runner=$claim_pid; return 0; }
  fi
  members "$claim_pid"
}
clock() { IFS=' .' read -r seconds cents rest </proc/uptime; now=$((seconds * 1000 + 1\${cents}0 - 1000)); }
timer() { clock; since=$now naps=0 waited=0; }
nap() {
  naps=$((naps + 1))
  if [ "$naps" -le 8 ]; then pause=0.005; elif [ "$naps" -le 20 ]; then pause=0.05; else pause=0.2; fi
  sleep "$pause" 2>/dev/null || sleep 1
  clock; waited=$((now - since))
}
# Until process $1 has ended, at most $2 ms: one pair of processes instead of a sleep for every look (GNU coreutils).
await() {
  [ "$2" -gt 0 ] || return 0
  millis=$((1000 + $2 % 1000))
  timeout "$(($2 / 1000)).\${millis#1}" tail --pid="$1" -s 0.02 -f /dev/null >/dev/null 2>&1
  case $? in 0 | 124) clock; waited=$((now - since)) ;; *) nap ;; esac
}
ended() { { read -r code winner <"$D/exit"; } 2>/dev/null; }
say() { echo "obflow-once $*" >&2; }
timer
this_boot
`;

/** Starts the runner unless somebody has the claim, and waits a while for it. `launch` names this start. */
function launchText(launch: string, script: string, user: string | undefined, patienceMs: number): string {
  const asOther = user === undefined || user === 'root' ? undefined : user;
  const body = wholeScript(script, asOther);
  const end = `END_${randomBytes(16).toString('hex')}`;
  const bodyEnd = `BODY_${randomBytes(16).toString('hex')}`;
  return `
if [ ! -L "$D/claim" ]; then
  [ -d ${ROOT} ] || mkdir -p ${ROOT}; umask 077
  { [ -d "$D" ] || mkdir -p "$D"; } && : >>"$D/out" || { say failed; exit 0; }
  setsid sh -s "$D" ${launch} "$boot" <<'${end}' >/dev/null 2>&1 9>&- &
{ D=$1 launch=$2 boot=$3
${SESSION_FUNCTIONS}
look $$
ln -s "$$.$started.$boot.$launch" "$D/claim" || exit 1
dd if=/dev/null of="$D/claimed" conv=fsync
${shellCommand('root', asOther)} <<'${bodyEnd}' >>"$D/out" 2>&1
${body}${bodyEnd}
echo "$? $launch" >"$D/exit"
} </dev/null
${end}
  await $! ${patienceMs}
  until [ -L "$D/claim" ]; do
    [ "$waited" -lt 10000 ] || { say unclaimed; exit 0; }
    nap
  done
fi
`;
}

/** Looks for the end for up to `windowMs`, and prints output from byte `sent` on. */
function waitText(sent: number, windowMs: number, stream: boolean): string {
  return `
sent=${sent}
send() {
  size=0
  [ -s "$D/out" ] || return 0
  size=$(wc -c <"$D/out") || size=0
  upto=$size
  [ "$upto" -le ${OUTPUT_LIMIT} ] || upto=${OUTPUT_LIMIT}
  [ "$upto" -gt "$sent" ] || return 0
  if [ "$sent" -eq 0 ]; then head -c "$upto" "$D/out"
  else tail -c "+$((sent + 1))" "$D/out" | head -c "$((upto - sent))"; fi
  sent=$((upto))
}
finish() {
  send
  rest=$((size - ${OUTPUT_LIMIT}))
  [ "$rest" -le ${TAIL} ] || rest=${TAIL}
  [ "$rest" -le 0 ] || tail -c "$rest" "$D/out"
  say "$@" "$winner" "$((size))"
  exit 0
}
if ended; then finish exited "$code"; fi
read_claim || { say unclaimed; exit 0; }
timer
while :; do
  if ended; then finish exited "$code"; fi
  if ! runs; then
    ! ended || continue
    finish interrupted 0
  fi
  ${stream ? 'send' : ':'}
  [ "$waited" -lt ${windowMs} ] || { send; say running 0 "$winner" "$((size))"; exit 0; }
  left=$((${windowMs} - waited))
  ${stream ? `[ "$left" -lt ${STREAM_MS} ] || left=${STREAM_MS}` : ':'}
  # Where only the runner was killed there is nothing to wait for but the whole session.
  if [ -n "$runner" ]; then await "$runner" "$left"; else nap; fi
done
`;
}

/**
 * Runs `script` at most once for `id` and waits for its end. `timeoutMs` bounds the waiting, not the command: then,
 * and when the signal aborts (its reason is thrown), the command goes on, and a later call with the same id waits for it
 * again; `stopOnce` ends it. `onOutput` gets complete lines, without the last line break, from the beginning
 * of the output at every call. Output beyond 1 MiB is cut, its last 8 KiB are kept. Throws TransientError
 * CommandStillRunning, CommandNotStarted, ConnectionLost.
 */
export async function runOnce(
  open: () => Promise<Connection>,
  id: CommandId,
  script: string,
  options: OnceOptions = {},
): Promise<OnceResult> {
  const folder = commandFolder(id);
  const launch = randomBytes(8).toString('hex');
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const deadline = Date.now() + timeoutMs;
  const output = outputReader(options.onOutput);
  for (let round = 0; ; round += 1) {
    const connection = await unlessAborted(open(), options.signal);
    const left = Math.max(deadline - Date.now(), 0);
    const crowded = connection.narrow || connection.waiting > 0;
    const window = round === 0 ? FIRST_WINDOW_MS : crowded ? CROWDED_WINDOW_MS : WINDOW_MS;
    const stream = options.onOutput !== undefined;
    const patience = Math.min(window, left, ...(stream ? [STREAM_MS] : []));
    const text = [
      `D=${folder}`,
      CLAIM_FUNCTIONS,
      round === 0 ? launchText(launch, script, options.user, patience) : '',
      waitText(output.transferred(), Math.min(window, left), stream),
    ].join('\n');
    const result = await runScript(connection, text, {
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      timeoutMs: window + 30_000,
      keepRunning: round === 0,
      onStdout: output.add,
    });
    const verdict = verdictOf(result);
    const where = connection.address.ip;
    switch (verdict?.word) {
      case 'exited':
        return {
          outcome: 'exited',
          exitCode: verdict.code,
          output: output.finish(verdict.size),
          alreadyStarted: verdict.winner !== launch,
        };
      case 'interrupted':
        return { outcome: 'interrupted', output: output.finish(verdict.size) };
      case 'running':
        break;
      default:
        throw new TransientError({
          type: 'CommandNotStarted',
          tried: say('once.start', { name: id.name }),
          where,
          cameBack:
            result.stderr
              .toString()
              .replaceAll(/^obflow-once .*\n?/gm, '')
              .trim() || say('once.notBegun'),
          next: say('next.checkSpaceOfRoot', { folder: ROOT }),
        });
    }
    options.signal?.throwIfAborted();
    if (Date.now() >= deadline) {
      throw new TransientError({
        type: 'CommandStillRunning',
        tried: say('once.wait', { name: id.name }),
        where,
        cameBack: say('once.stillRuns', { ms: timeoutMs }),
        next: say('next.waitedForAgain'),
      });
    }
  }
}

function verdictOf(result: RunResult) {
  const lines = result.stderr.toString().split('\n');
  const words = lines
    .filter((line) => line.startsWith('obflow-once '))
    .at(-1)
    ?.split(' ');
  if (words === undefined) return undefined;
  const [, word, code, winner, size] = words;
  return { word, code: Number(code), winner, size: Number(size ?? 0) };
}

/** Puts the parts of the output together; hands on complete lines. */
function outputReader(onOutput: ((lines: string) => void) | undefined) {
  const chunks: Buffer[] = [];
  const decoder = new StringDecoder('utf8');
  let received = 0;
  let partial = '';
  const pass = (text: string, last: boolean) => {
    partial += text;
    const end = last ? partial.length : partial.lastIndexOf('\n') + 1;
    const lines = partial.slice(0, end).replace(/\n$/, '');
    if (end > 0 && lines !== '') onOutput?.(lines);
    partial = partial.slice(end);
  };
  return {
    transferred: () => Math.min(received, OUTPUT_LIMIT),
    add: (chunk: Buffer) => {
      const head = chunk.subarray(0, Math.max(OUTPUT_LIMIT - received, 0));
      received += chunk.length;
      chunks.push(chunk);
      if (head.length > 0) pass(decoder.write(head), false);
    },
    finish: (size: number) => {
      const all = Buffer.concat(chunks);
      const cut = size - OUTPUT_LIMIT - TAIL;
      const note = cut > 0 ? `\n… ${cut} bytes left out …\n` : '';
      const end = all.subarray(OUTPUT_LIMIT).toString();
      pass(`${decoder.end()}${note}${end}`, true);
      return `${all.subarray(0, OUTPUT_LIMIT).toString()}${note}${end}`;
    },
  };
}

/** Shell function that ends the command of D; sets `was` to `running` when it was at work. */
const stopFunction = (graceMs: number) => `
end_command() {
  was=
  if ln -s 0.0.stopped.stopped "$D/claim" 2>/dev/null; then return 0; fi
  read_claim || return 1
  ! ended || return 0
  runs || return 0
  was=running
  look "$claim_pid" && [ "$started" = "$claim_start" ] && kill -KILL "$claim_pid" 2>/dev/null
  members "$claim_pid" && kill -TERM $found 2>/dev/null
  timer
  while runs; do
    [ "$waited" -lt ${graceMs + 10_000} ] || { echo "processes $found do not end" >&2; return 1; }
    if [ "$waited" -ge ${graceMs} ]; then members "$claim_pid" && kill -KILL $found 2>/dev/null; fi
    nap
  done
  return 0
}`;

function notStopped(connection: Connection, tried: Text, result: RunResult): TransientError {
  return new TransientError({
    type: 'CommandNotStopped',
    tried,
    where: connection.address.ip,
    cameBack:
      result.stderr.toString().trim().slice(0, 500) || say('host.exitCode', { code: result.exitCode }),
    next: say('next.lookAtProcesses'),
  });
}

/** Ends a command of `runOnce` and returns when nothing of its session runs; afterwards its outcome is `interrupted`. */
export async function stopOnce(connection: Connection, id: CommandId, graceMs = 5_000): Promise<void> {
  const script = `D=${commandFolder(id)}
${CLAIM_FUNCTIONS}${stopFunction(graceMs)}
mkdir -p ${ROOT}; umask 077; mkdir -p "$D" && : >>"$D/out" || exit 1
end_command`;
  const result = await runScript(connection, script, { timeoutMs: graceMs + 25_000 });
  if (result.exitCode !== 0) throw notStopped(connection, say('once.stop', { name: id.name }), result);
}

/**
 * Ends every command of a subtask, of whatever run, whose name does not begin with `but`; none of them starts any more.
 * Answers the names of those that were at work.
 */
export async function stopSubtask(
  connection: Connection,
  { taskId, subtaskId, but }: SubtaskCommands,
  graceMs = 5_000,
): Promise<string[]> {
  if (!NAME.test(but)) throw new RangeError(`Not the beginning of a command name: ${JSON.stringify(but)}`);
  const folder = subtaskFolder(taskId, subtaskId);
  const script = `[ -d ${folder} ] || exit 0
${CLAIM_FUNCTIONS}${stopFunction(graceMs)}
failed=0
for D in ${folder}/*/*; do
  name=\${D##*/}
  case "$name" in ${but}*) continue ;; esac
  [ -d "$D" ] || continue
  end_command || failed=1
  [ "$was" = '' ] || echo "$name"
done
exit "$failed"`;
  const result = await runScript(connection, script, { timeoutMs: 4 * (graceMs + 25_000) });
  if (result.exitCode !== 0) throw notStopped(connection, say('once.stopEarlier'), result);
  return result.stdout.toString().split('\n').filter(Boolean);
}

/** Removes every command folder of a task; stops nothing. */
export async function forgetTask(connection: Connection, taskId: number): Promise<void> {
  // The last one takes the folder of obflow with it; others make it again when they need it.
  const folder = taskFolder(taskId);
  const script = `for other in ${ROOT}/*; do
  [ "$other" = ${folder} ] || [ ! -e "$other" ] || exec rm -rf ${folder}
done
rm -rf ${folder} || exit 1
rmdir ${ROOT} 2>/dev/null
exit 0`;
  const result = await runScript(connection, script);
  if (result.exitCode === 0) return;
  throw new TransientError({
    type: 'FolderNotRemoved',
    tried: say('once.remove', { folder: taskFolder(taskId) }),
    where: connection.address.ip,
    cameBack: result.stderr.toString().trim().slice(0, 500),
    next: say('next.removeByHand'),
  });
}
