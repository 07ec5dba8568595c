/** Continues in a later task, so that tasks that already wait run first. */
export function nextTask(): Promise<void> {
  return sleep(0);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Waits for `work`, but no longer than `limitMs`.
 * @returns false if the time ran out; `work` continues
 * @throws the rejection of `work` if it comes in time
 */
export async function withTimeout(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  const { promise: timeout, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), limitMs);
  try {
    return await Promise.race([work.then(() => true as const), timeout]);
  } finally {
    // A pending timer would keep an idle object in memory, and billed.
    clearTimeout(timer);
  }
}
