/** How long the gateway may use an earlier answer; as configured in services.ts. */
export interface Lifetimes {
  readonly allowMs: number;
  readonly denyMs: number;
}

/** A time span in which a server was broken. */
interface Fault {
  readonly fromMs: number;
  toMs: number;
}

interface Right {
  readonly fromMs: number;
  readonly allowed: boolean;
}

/** When a request was in progress. */
export interface Span {
  readonly startedMs: number;
  readonly endedMs: number;
}

/**
 * How long after a fault requests may still be refused: the gateway makes no calls until a probe, sent every 5 s, gets an
 * answer.
 */
const AFTER_FAULT_MS = 8_000;

/** `failOpen` needs half a minute without an answer; the last answer may have come some seconds before the fault. */
export const OPENS_AFTER_MS = 25_000;

/**
 * The gateway's allowed answers: any that the authorization server would have given during the request or, within the
 * answers' lifetime, before it; but none from before a confirmed purge.
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

  /** Sets the authorization server's answer for the token from now on. */
  setRight(token: string, allowed: boolean, nowMs: number): void {
    const rights = this.#rights.get(token) ?? [];
    rights.push({ fromMs: nowMs, allowed });
    this.#rights.set(token, rights);
  }

  isAllowed(token: string): boolean {
    return this.#rights.get(token)?.at(-1)?.allowed ?? false;
  }

  /**
   * Notes a confirmed purge.
   * @param token undefined: all tokens
   * @param startedMs when the purge was sent
   */
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
   * @param refusal status with which the service refuses a token: 401 with introspection, else the server's
   */
  statusesFor(token: string, { startedMs, endedMs }: Span, refusal = 403): Set<number> {
    const purgedMs = Math.max(this.#purgedAllMs, this.#purges.get(token) ?? Number.NEGATIVE_INFINITY);
    // A purge that was sent during the request may have come too late for it.
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

  /** Whether a service with `failOpen` may have let any request pass. */
  mayBeOpen({ startedMs, endedMs }: Span): boolean {
    return this.#faults.authorization.some(
      ({ fromMs, toMs }) => fromMs + OPENS_AFTER_MS <= endedMs && toMs + AFTER_FAULT_MS >= startedMs,
    );
  }

  /** Whether the server would have given this answer at any time from `fromMs` to `toMs`. */
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
