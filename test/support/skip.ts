/**
 * `describe`, or a skipped one whose title carries the reason, for the list at the end of a run. `reason` is one
 * line that says what this machine lacks and the command that installs it; undefined when it lacks nothing.
 */
export function describeIf(reason: string | undefined, name: string, tests: () => void): void {
  if (reason === undefined) describe(name, tests);
  else describe.skip(`${name} [skipped: ${reason}]`, tests);
}
