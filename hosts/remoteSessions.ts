/**
 * POSIX sh functions that look at processes through /proc, for scripts on hosts. They fork nothing, so looking
 * at a thousand processes takes milliseconds. sshd and setsid(1) give every command a session of its own, and the
 * kernel does not hand out a session's number as a pid while a member lives: "the session of pid P" stays exact.
 *
 *   look P      sets state, parent, session, started of process P; fails when P is gone. A name may hold blanks,
 *               parentheses and line breaks, so the fields are counted from the last ") ".
 *   members S   sets found to the pids of session S that still run (no zombies)
 */
export const SESSION_FUNCTIONS = `
look() {
  line=
  { while IFS= read -r part || [ -n "$part" ]; do line="$line$part "; done <"/proc/$1/stat"; } 2>/dev/null
  case "$line" in *') '*) ;; *) return 1 ;; esac
  set -- \${line##*') '}
  state=$1 parent=$2 session=$4 started=\${20}
}
members() {
  found=
  for dir in /proc/[0-9]*; do
    look "\${dir#/proc/}" || continue
    [ "$session" = "$1" ] && [ "$state" != Z ] && [ "$state" != X ] && found="$found \${dir#/proc/}"
  done
  [ -n "$found" ]
}
`;
