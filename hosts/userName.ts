const USER_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

/** Name of an account of the host; RangeError for what no account is called (it stands in a command line). */
export function userName(name: string): string {
  if (!USER_NAME.test(name)) throw new RangeError(`Not a user name: ${JSON.stringify(name)}`);
  return name;
}

/**
 * Shell command that prints the uid of an account, `missing` when the host says that there is none, and in one line what it
 * says otherwise: a directory service that is away is not the same as "no such user". `user` is quoted by the caller.
 */
export function uidCommand(user: string): string {
  // What else stands on stderr (ld.so about a library that is not there) is no answer.
  return `said=$(LC_ALL=C id -u ${user} 2>/dev/null) || said=$(LC_ALL=C id -u ${user} 2>&1) || case $said in (*'no such user'*|*'unknown user'*) said=missing ;; esac
printf '%s\\n' "\${said%%
*}"`;
}
