import { NEVER_MS } from "./numeric-date";
import { Span } from "./span";

/** The result of an authorization server's reply. There is only one at a time. */

/** Let the request through; payload as in upstream-headers.ts. */
export const VERDICT_ALLOW: u32 = 1;
/** Answer the client; payload as in refusal.ts. */
export const VERDICT_REFUSE: u32 = 2;
/** There is no decision. */
export const VERDICT_FAIL: u32 = 3;
/** A second call is needed (the subject is known, the decision is not). */
export const VERDICT_ASK_DECISION: u32 = 4;

@unmanaged
export class Verdict {
  kind: u32;
  /** Status of the response to the client; 0 for an allow. */
  status: u32;
  reason: u32;
  payloadStart: usize;
  payloadSize: usize;
  /** For a refusal: whether this kind may be kept at all. */
  isCacheable: u32;
  /** For a refusal: it sets a cookie, so it is for one client and not for all that sent the same. */
  isPersonal: u32;
  /** For a failure: the server cannot be reached, so `failOpen` may apply. */
  isUnreachable: u32;
  /** For a failure: an earlier allow may be served, if configured. */
  mayServeStale: u32;
  /** For a failure: the server's `Retry-After`; absent if it sent none. */
  retryAfter: Span;
  /** `exp` from the introspection reply, ms since 1970. */
  expiresAtMs: u64;

  allow(payload: Span): void {
    this.kind = VERDICT_ALLOW;
    this.status = 0;
    this.reason = 0;
    this.isCacheable = 1;
    this.payloadStart = payload.start;
    this.payloadSize = payload.size;
  }

  refuse(status: u32, reason: u32, payload: Span, isCacheable: bool): void {
    this.kind = VERDICT_REFUSE;
    this.status = status;
    this.reason = reason;
    this.isCacheable = isCacheable ? 1 : 0;
    this.payloadStart = payload.start;
    this.payloadSize = payload.size;
  }

  fail(reason: u32, isUnreachable: bool = false, mayServeStale: bool = false): void {
    this.kind = VERDICT_FAIL;
    this.reason = reason;
    this.isCacheable = 0;
    this.isUnreachable = isUnreachable ? 1 : 0;
    this.mayServeStale = mayServeStale ? 1 : 0;
  }

  reset(): void {
    this.kind = 0;
    this.isPersonal = 0;
    this.retryAfter = NO_RETRY_AFTER;
    this.expiresAtMs = NEVER_MS;
  }
}

const NO_RETRY_AFTER = changetype<Span>(memory.data(8));

export const verdict = changetype<Verdict>(memory.data(48, 8));
if (offsetof<Verdict>() > 48) ERROR("Verdict has outgrown its memory");
