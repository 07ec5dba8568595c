/** Time constant with which credit fades, so that unused credit cannot pay for a storm of restarts. */
const FADING_MS = 86_400_000;

/**
 * The credit for restarts. Every outbound call earns the share that the operator allows; a restart takes its price off
 * (see `restartGeneration`).
 *
 * @returns the credit after `elapsedMs` in which `outbound` calls were made, in outbound calls
 */
export function creditAfter(creditCalls: number, outbound: number, elapsedMs: number, share: number): number {
  return creditCalls * Math.exp(-Math.max(0, elapsedMs) / FADING_MS) + share * outbound;
}
