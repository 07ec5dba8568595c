import { runInNewContext } from "node:vm";

/** A start or a request takes milliseconds; only a filter that loops needs seconds. Tests shorten it. */
export const GUEST_LIMIT = { ms: 10_000 };

export class TimedOut extends Error {}

/**
 * Runs `work`, which must be synchronous, and ends it after a while: a filter may loop forever, and nothing else can stop it.
 * @throws TimedOut, after which nothing that `work` used may be used again
 */
export function withTimeLimit<Result>(limitMs: number, work: () => Result): Result {
  let result: { readonly value: Result } | undefined;
  const run = (): void => {
    result = { value: work() };
  };
  try {
    runInNewContext("run()", { run }, { timeout: limitMs });
  } catch (error) {
    // The error is of the other context, so it is no `Error` of this one.
    if (Reflect.get(Object(error), "code") === "ERR_SCRIPT_EXECUTION_TIMEOUT") {
      throw new TimedOut(`took longer than ${limitMs / 1_000} s`);
    }
    throw error;
  }
  if (result === undefined) throw new Error("the work was not done");
  return result.value;
}
