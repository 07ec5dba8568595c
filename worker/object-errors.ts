/** What the platform says of an error of a call to a Durable Object, beside its message. */
interface ObjectError {
  readonly durableObjectReset?: unknown;
  readonly retryable?: unknown;
  readonly overloaded?: unknown;
}

/**
 * Calls an object, once more where it was reset meanwhile. Only for calls that may be made twice.
 * @param call takes a fresh stub each time: one whose object was reset stays broken
 */
export async function againAfterReset<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (!isObjectReset(error)) throw error;
    return call();
  }
}

/**
 * Whether a call failed because its object was reset, as each deployment does, or was not reached: a fresh stub may answer.
 * Never after an overload, nor where the object ran out of memory or CPU: to ask again would do the same to it again.
 */
export function isObjectReset(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { durableObjectReset, retryable, overloaded }: ObjectError = error;
  if (overloaded === true || /exceeded (?:its|the) (?:memory|cpu)|out of memory/i.test(String(error))) return false;
  return durableObjectReset === true || retryable === true;
}
