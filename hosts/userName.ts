const USER_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

/** Name of an account of the host; RangeError for what no account is called (it stands in a command line). */
export function userName(name: string): string {
  if (!USER_NAME.test(name)) throw new RangeError(`Not a user name: ${JSON.stringify(name)}`);
  return name;
}
