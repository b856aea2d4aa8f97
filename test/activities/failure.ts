import { ApplicationFailure } from '@temporalio/common';

/** The failure with which an activity ends; it and its stack hold none of the secrets. */
export async function failureWithout(
  secrets: readonly string[],
  promise: Promise<unknown>,
): Promise<ApplicationFailure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApplicationFailure);
  const failed = error as ApplicationFailure;
  for (const secret of secrets) expect(`${failed.stack}${failed.message}`).not.toContain(secret);
  return failed;
}
