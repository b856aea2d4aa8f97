/**
 * The keeper: restarts the host's OBProxy when it is gone. A POSIX sh script of ours, because the published obproxyd.sh does
 * not parse (https://github.com/oceanbase/obproxy/pull/28) and repeats first-start options, which would put a former
 * password back. Where the host runs systemd, a unit runs the same script and brings it back after a reboot.
 */
import { quote } from '../../hosts/quote';
import { KEEPER_DIR } from '../places';

export const KEEPER_FILE = `${KEEPER_DIR}/keeper.sh`;
export const KEEPER_SETTINGS = `${KEEPER_DIR}/keeper.conf`;
const KEEPER_PID = `${KEEPER_DIR}/keeper.pid`;
export const KEEPER_UNIT = 'obflow-obproxy.service';
export const KEEPER_UNIT_FILE = `/etc/systemd/system/${KEEPER_UNIT}`;

/**
 * Shell function `run_obproxy [option]…`: becomes ./bin/obproxy of $home as $user, detached; nothing follows it. It is called with a
 * path on purpose: OBProxy's hot restart executes its own argv[0] again.
 */
export const RUN_OBPROXY = `
run_obproxy() {
  cd "$home" || return 1
  set -- env "LD_LIBRARY_PATH=$home/lib" ./bin/obproxy "$@"
  [ "$user" = root ] || set -- runuser -u "$user" -- "$@"
  umask 077
  exec setsid "$@"
}`;

export const KEEPER_SCRIPT = `#!/bin/sh
# The keeper of this host's OBProxy, put here by obflow. It starts the proxy again when the process is gone, always
# without options: the proxy reads its stored configuration. Stop the keeper before the proxy.
export PATH="$PATH:/usr/sbin:/usr/bin:/sbin:/bin"
umask 077
cd /
here=${KEEPER_DIR}
. "$here/keeper.conf" || exit 1

is_keeper() { grep -zqxF "$here/keeper.sh" "/proc/$1/cmdline" 2>/dev/null; }
read -r other 2>/dev/null <"$here/keeper.pid" || other=
if [ -n "$other" ] && [ "$other" != "$$" ] && is_keeper "$other"; then exit 0; fi
echo "$$" >"$here/keeper.pid.new" && mv "$here/keeper.pid.new" "$here/keeper.pid"
# Whoever started it waits for the end of file 8.
exec 8>&-

nap=
trap '[ -z "$nap" ] || kill "$nap" 2>/dev/null; exit 0' TERM INT HUP
rest() { sleep "$1" & nap=$!; wait "$nap"; nap=; }
say() {
  [ ! -s "$here/keeper.log" ] || [ "$(wc -c <"$here/keeper.log")" -lt 1000000 ] || mv "$here/keeper.log" "$here/keeper.log.1"
  echo "$(date '+%Y-%m-%dT%H:%M:%S%z') $*" >>"$here/keeper.log"
}
${RUN_OBPROXY}

# A zombie keeps its name but has no exe. While a process is leaving it still has one, so it is waited for.
lives() { [ -n "$pid" ] && [ -e "/proc/$pid/exe" ] && { read -r name <"/proc/$pid/comm"; } 2>/dev/null && [ "$name" = obproxy ]; }
find_proxy() {
  for entry in /proc/[0-9]*; do
    { read -r name <"$entry/comm"; } 2>/dev/null || continue
    [ "$name" = obproxy ] && [ -e "$entry/exe" ] || continue
    [ "$(readlink "$entry/cwd")" = "$home" ] || continue
    pid=\${entry#/proc/}
    return 0
  done
  pid=
  return 1
}

pid= calm=0 delay=1
say "keeper started for $home"
while :; do
  if lives || find_proxy; then
    calm=$((calm + 1))
    [ "$calm" -lt 60 ] || delay=1
    rest 1
    continue
  fi
  # A second look: a hot restart hands over to another process.
  rest 1
  if find_proxy; then continue; fi
  say "no obproxy in $home, starting it"
  calm=0
  run_obproxy </dev/null >/dev/null 2>&1 &
  rest "$((delay + 2))"
  delay=$((delay * 2))
  [ "$delay" -le 60 ] || delay=60
done
`;

/**
 * KillMode=process: stopping the keeper must not stop the proxy, which belongs to the same control group.
 * The limits are the proxy's, which the keeper starts again: systemd's own 1024 (soft) and 4096 (hard, el7) open files
 * would end at some two thousand clients, and a login shell's limits do not apply to units.
 */
export const KEEPER_UNIT_TEXT = `[Unit]
Description=OBProxy kept by obflow
After=network-online.target
Wants=network-online.target

[Service]
Type=simple
ExecStart=/bin/sh ${KEEPER_FILE}
Restart=always
RestartSec=1
KillMode=process
LimitNOFILE=655350
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`;

/** Prints `running` when the pid file names a living keeper. Repeatable. */
export const KEEPER_STATE = `
is_keeper() { grep -zqxF ${KEEPER_FILE} "/proc/$1/cmdline" 2>/dev/null; }
{ read -r keeper <${KEEPER_PID}; } 2>/dev/null || keeper=
if [ -n "$keeper" ] && is_keeper "$keeper"; then echo running; fi`;

/** Lines that put a file in place, with the mode that the umask gives: whole or not at all. */
function place(file: string, text: string): string {
  return `printf '%s\\n' ${quote(text)} >${file}.new && mv -f ${file}.new ${file} || exit 1`;
}

/**
 * Puts the keeper and its settings in place and starts it unless it runs; safe to repeat, because a second keeper leaves
 * by itself. `home` with symbolic links resolved, as /proc shows it.
 */
export function startKeeperScript(home: string, user: string, systemd: boolean): string {
  const files = `
umask 077
[ -d ${KEEPER_DIR} ] || mkdir -p ${KEEPER_DIR} || exit 1
${place(KEEPER_SETTINGS, `home=${quote(home)}\nuser=${quote(user)}`)}
${place(KEEPER_FILE, KEEPER_SCRIPT)}`;
  if (systemd) {
    return `${files}
umask 022
${place(KEEPER_UNIT_FILE, KEEPER_UNIT_TEXT)}
umask 077
systemctl daemon-reload && systemctl enable --now ${KEEPER_UNIT}`;
  }
  return `${files}
    ${KEEPER_STATE}
    if [ -n "$keeper" ] && is_keeper "$keeper"; then exit 0; fi
    # Not in a list with cd: its subshell would hold the script's files open for ever. File 9: see hosts/shell.ts. File 8 is
    # open until it has written its pid, or has left because another is at work: nothing has to sleep until then.
    begun=$(setsid /bin/sh ${KEEPER_FILE} 8>&1 </dev/null >/dev/null 2>&1 9>&- & echo "$!")
    { read -r keeper <${KEEPER_PID}; } 2>/dev/null && { [ "$keeper" = "$begun" ] || is_keeper "$keeper"; } && exit 0
    echo 'the keeper did not start' >&2
    exit 1`;
}

/** Stops the keeper and waits until it is gone; exit code 0 also when none ran. */
export function stopKeeperScript(systemd: boolean): string {
  const unit = systemd
    ? `if [ -e ${KEEPER_UNIT_FILE} ]; then
         systemctl disable --now ${KEEPER_UNIT}
         rm -f ${KEEPER_UNIT_FILE}
         systemctl daemon-reload
       fi`
    : ':';
  return `
    ${unit}
    ${KEEPER_STATE}
    if [ -n "$keeper" ] && is_keeper "$keeper"; then
      kill -TERM "$keeper"
      n=0
      while is_keeper "$keeper"; do
        [ $n -lt 100 ] || kill -KILL "$keeper"
        [ $n -lt 110 ] || { echo "the keeper (pid $keeper) does not end" >&2; exit 1; }
        n=$((n + 1)); sleep 0.1
      done
    fi
    rm -f ${KEEPER_FILE} ${KEEPER_SETTINGS} ${KEEPER_PID}
    exit 0`;
}
