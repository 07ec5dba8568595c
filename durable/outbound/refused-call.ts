const REFUSED = "AuthorizationCalls refuses the call";

/**
 * The error of a call that the entrypoint does not send. It must be known as such: if it looked like a server that is down, a
 * mistake in a Worker's entry could open a service that has `failOpen`.
 */
export function refusedCall(why: string): Error {
  return new Error(`${REFUSED}: ${why}`);
}

/** Errors cross from one invocation to another as text only. */
export function isRefusedCall(error: unknown): boolean {
  return String(error).includes(REFUSED);
}
