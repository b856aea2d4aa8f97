/** Polls until `look` answers something other than undefined or false; throws with `what` after the deadline. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`did not see within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
