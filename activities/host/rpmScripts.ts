/** Scripts around rpm. They judge by exit codes and stdout; Debian's rpm talks on stderr whatever happens. */
import { quote } from '../../hosts/quote';

/** Seconds to wait for another rpm to finish. */
const LOCK_SECONDS = 1_800;

/**
 * Runs `rpm <arguments>`, waiting for rpm's transaction lock: without a terminal rpm fails at once when another one
 * works ("can't create transaction lock … Resource temporarily unavailable"). The same words with "Permission denied"
 * mean that waiting is useless.
 */
export function rpmScript(words: readonly string[]): string {
  return `
    waited=0
    while :; do
      said=$(rpm ${words.map(quote).join(' ')} 2>&1)
      code=$?
      case $said in
        *'Permission denied'*) break ;;
        *'transaction lock'*) ;;
        *) break ;;
      esac
      [ "$waited" -lt ${LOCK_SECONDS} ] || break
      [ $((waited % 10)) -ne 0 ] || echo "another rpm is at work (its transaction lock is held), waiting"
      sleep 1
      waited=$((waited + 1))
    done
    printf '%s\\n' "$said"
    exit $code`;
}

/**
 * Files of an installed package that are missing or differ in content; configuration and documents do not count. A package that
 * rpm does not find all of a sudden (its database cannot be read) is not whole either. An exit code other than 0: rpm was
 * killed, or is not there, and its silence says nothing.
 */
export function verifyScript(nvra: string): string {
  return `found=$(rpm -V --nodeps --noscripts ${quote(nvra)} 2>/dev/null); code=$?
    [ "$code" -lt 126 ] || exit "$code"
    printf '%s\\n' "$found" | awk '$1 == "missing" || /^package .* is not installed$/ || (substr($1, 3, 1) == "5" && $2 !~ /^[cdglr]$/)'`;
}
