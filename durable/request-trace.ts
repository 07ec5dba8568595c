/** Where a request stands in its client's and the platform's records: for the log and for traces. No decision depends on it. */
export interface RequestTrace {
  /** The request's `cf-ray`, which Cloudflare's log and its support know. */
  readonly cfRay: string | null;
  /** W3C Trace Context; undefined if the client sent none that is valid. */
  readonly context: TraceContext | undefined;
  /** The Worker logs the decision: an allow shall say where it comes from. */
  readonly isLogged: boolean;
}

export interface TraceContext {
  readonly traceparent: string;
  /** Empty if there is none that is valid. */
  readonly tracestate: string;
}

/** Away from Cloudflare a client can send any text. This one is safe in a log, whoever chose it. */
const RAY = /^[0-9a-f]{16}(?:-[A-Z]{3})?$/;
/** Trace Context 3.2. Longer forms belong to versions that do not exist yet. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Trace Context 3.3.1.3. */
const TRACESTATE_MEMBER =
  /^[a-z0-9][-a-z0-9_*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
/** Trace Context 3.3.1.5: at least 512 characters should be passed on. */
const TRACESTATE_LIMITS = { characters: 512, members: 32 } as const;

/** @param value null if there is no such header */
export function validRay(value: string | null): string | null {
  return value !== null && RAY.test(value) ? value : null;
}

/** @param tracestate null if there is no such header */
export function traceContext(traceparent: string, tracestate: string | null): TraceContext | undefined {
  if (!TRACEPARENT.test(traceparent)) return undefined;
  return { traceparent, tracestate: tracestate !== null && isTracestate(tracestate) ? tracestate : "" };
}

function isTracestate(text: string): boolean {
  if (text.length > TRACESTATE_LIMITS.characters) return false;
  const members = text.split(",").map((member) => member.trim());
  return members.length <= TRACESTATE_LIMITS.members && members.every((member) => TRACESTATE_MEMBER.test(member));
}

const END = "\n";
const LOGGED = "1";

/**
 * A trace beside the question to an object. It is no part of the question's text, by which isolates keep allows.
 * @returns undefined if there is nothing to say
 */
export function encodeTrace({ cfRay, context, isLogged }: RequestTrace): string | undefined {
  if (context === undefined && !isLogged) return cfRay ?? undefined;
  const { traceparent, tracestate } = context ?? NO_CONTEXT;
  return [cfRay ?? "", traceparent, tracestate, isLogged ? LOGGED : ""].join(END);
}

const NO_CONTEXT: TraceContext = { traceparent: "", tracestate: "" };

/** @param text of a Worker that may be of another deployment; undefined if it says nothing that can be read */
export function decodeTrace(text: unknown): RequestTrace | undefined {
  if (typeof text !== "string") return undefined;
  const [ray = "", traceparent = "", tracestate = "", logged] = text.split(END);
  return { cfRay: validRay(ray), context: traceContext(traceparent, tracestate), isLogged: logged === LOGGED };
}
