/** Settles with `work`, or when the time is over. `work` must not reject. */
export async function within(work: Promise<void>, limitMs: number): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limitMs);
  await Promise.race([work, timeout]);
  // A timer left behind would keep an idle object in memory, and billed.
  clearTimeout(timer);
}
