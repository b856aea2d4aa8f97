/**
 * `describe`, or a skipped one whose title carries the reason, for the list at the end of a run. `reason` is one
 * line that says what this machine lacks and the command that installs it; undefined when it lacks nothing.
 */
export function describeIf(reason: string | undefined, name: string, tests: () => void): void {
  if (reason === undefined) describe(name, tests);
  else describe.skip(`${name} [skipped: ${reason}]`, tests);
}

/**
 * A reason to leave a suite to `npm run test:long`, so that `npm test` stays below eight minutes on two cores:
 * suites that take half a minute and guard what seldom changes.
 */
export function longRunOnly(): string | undefined {
  return process.env.TEST_LONG === '1' ? undefined : 'long; npm run test:long runs it';
}
