#!/bin/sh
# devServerGuard.sh PID_FILE COMMAND ...: runs the Temporal dev server and ends it when standard input closes. The
# kernel closes that pipe when the parent dies, however it dies and on every system (PR_SET_PDEATHSIG would be Linux
# only). The part that waits for it is a process of its own, so it survives a kill of this shell.
# The server's pid goes to PID_FILE.server, unless PID_FILE is empty.
pidFile=$1
shift
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
[ -z "$pidFile" ] || echo "$server" >"$pidFile.server"
(
  read -r nothing <&3
  kill -TERM "$server" 2>/dev/null || exit 0
  tries=0
  while kill -0 "$server" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || kill -KILL "$server" 2>/dev/null
    sleep 0.1
  done
) &
watch=$!
exec 3<&-
wait "$server"
code=$?
kill "$watch" 2>/dev/null
exit "$code"
