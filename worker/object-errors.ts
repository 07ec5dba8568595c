/** Fields that the platform sets on an error of a call to a Durable Object. */
interface ObjectError {
  readonly durableObjectReset?: unknown;
  readonly retryable?: unknown;
  readonly overloaded?: unknown;
}

/**
 * Calls an object, and again if it was reset meanwhile. Only for calls that may be made twice.
 * @param call takes a fresh stub each time: a stub stays broken after its object was reset
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
 * Whether a call failed because its object was reset (each deployment does that) or not reached: a fresh stub may answer.
 * False if the object was overloaded or ran out of memory or CPU: a second call would do the same to it again.
 */
export function isObjectReset(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { durableObjectReset, retryable, overloaded }: ObjectError = error;
  if (overloaded === true || /exceeded (?:its|the) (?:memory|cpu)|out of memory/i.test(String(error))) return false;
  return durableObjectReset === true || retryable === true;
}
