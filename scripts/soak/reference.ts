/** How long the gateway may go by an earlier answer; as configured in services.ts. */
export interface Lifetimes {
  readonly allowMs: number;
  readonly denyMs: number;
}

/** A stretch of time in which something was broken. */
interface Fault {
  readonly fromMs: number;
  toMs: number;
}

interface Right {
  readonly fromMs: number;
  readonly allowed: boolean;
}

/** When a request was under way. */
export interface Span {
  readonly startedMs: number;
  readonly endedMs: number;
}

/**
 * How long after a fault requests may still be refused for it: calls are held back until a probe is answered, which is tried
 * every 5 s.
 */
const AFTER_FAULT_MS = 8_000;

/** `failOpen` takes half a minute without an answer; the last one may have come some seconds before the fault. */
export const OPENS_AFTER_MS = 25_000;

/**
 * What the gateway may answer, from what the authorization server would have said: at the time of a request, or for as long before
 * as its answers hold, but never before a purge that was confirmed.
 */
export class Reference {
  readonly #lifetimes: Lifetimes;
  readonly #rights = new Map<string, Right[]>();
  /** Start of the last confirmed purge that covered a token. */
  readonly #purges = new Map<string, number>();
  #purgedAllMs = Number.NEGATIVE_INFINITY;
  readonly #faults = { authorization: [] as Fault[], upstream: [] as Fault[] };

  constructor(lifetimes: Lifetimes) {
    this.#lifetimes = lifetimes;
  }

  /** From now on the authorization server says this of the token. */
  setRight(token: string, allowed: boolean, nowMs: number): void {
    const rights = this.#rights.get(token) ?? [];
    rights.push({ fromMs: nowMs, allowed });
    this.#rights.set(token, rights);
  }

  isAllowed(token: string): boolean {
    return this.#rights.get(token)?.at(-1)?.allowed ?? false;
  }

  /** @param startedMs when a purge was sent that is confirmed by now; of one token, or all */
  purged(token: string | undefined, startedMs: number): void {
    if (token === undefined) this.#purgedAllMs = startedMs;
    else this.#purges.set(token, startedMs);
  }

  faultBegins(of: "authorization" | "upstream", nowMs: number): void {
    this.#faults[of].push({ fromMs: nowMs, toMs: Number.POSITIVE_INFINITY });
  }

  faultEnds(of: "authorization" | "upstream", nowMs: number): void {
    const fault = this.#faults[of].at(-1);
    if (fault !== undefined) fault.toMs = nowMs;
  }

  /**
   * The statuses that are right for a request with this token that needs a decision.
   * @param refusal how the service refuses a token: 401 under introspection, else what the server says
   */
  statusesFor(token: string, { startedMs, endedMs }: Span, refusal = 403): Set<number> {
    const purgedMs = Math.max(this.#purgedAllMs, this.#purges.get(token) ?? Number.NEGATIVE_INFINITY);
    // A purge that was confirmed only while the request was under way may have come too late for it.
    const sinceMs = (lifetimeMs: number) =>
      Math.max(startedMs - lifetimeMs, purgedMs <= startedMs ? purgedMs : Number.NEGATIVE_INFINITY);
    const statuses = new Set<number>();
    if (this.#said(token, true, sinceMs(this.#lifetimes.allowMs), endedMs)) statuses.add(200);
    if (this.#said(token, false, sinceMs(this.#lifetimes.denyMs), endedMs)) statuses.add(refusal);
    if (this.#wasBroken("authorization", startedMs - AFTER_FAULT_MS, endedMs)) statuses.add(503);
    if (this.#wasBroken("upstream", startedMs - 1_000, endedMs)) statuses.add(502);
    return statuses;
  }

  /** The statuses that are right for a request that needs no decision. */
  statusesForPublic({ startedMs, endedMs }: Span): Set<number> {
    return new Set(this.#wasBroken("upstream", startedMs - 1_000, endedMs) ? [200, 502] : [200]);
  }

  /** Whether a service that opens while its server is down may have let anybody in. */
  mayBeOpen({ startedMs, endedMs }: Span): boolean {
    return this.#faults.authorization.some(
      ({ fromMs, toMs }) => fromMs + OPENS_AFTER_MS <= endedMs && toMs + AFTER_FAULT_MS >= startedMs,
    );
  }

  /** Whether the server would have said so at any time from `fromMs` to `toMs`. */
  #said(token: string, allowed: boolean, fromMs: number, toMs: number): boolean {
    const rights = this.#rights.get(token) ?? [];
    return rights.some((right, index) => {
      const untilMs = rights[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
      return right.allowed === allowed && right.fromMs <= toMs && untilMs >= fromMs;
    });
  }

  #wasBroken(of: "authorization" | "upstream", fromMs: number, toMs: number): boolean {
    return this.#faults[of].some((fault) => fault.fromMs <= toMs && fault.toMs >= fromMs);
  }
}
