import type { Gateway } from "../config/index.ts";
import { BindingMissing, serviceObject } from "../durable/environment.ts";
import { encodeTrace, traceContext } from "../durable/request-trace.ts";
import { type Continue, type DecideRequest, type NeedsHeaders, RPC_VERSION } from "../durable/rpc.ts";
import { decodeContinue, encodeAsk } from "../durable/rpc-text.ts";
import { rayIn } from "./client-info.ts";
import type { Told } from "./credentials/told-credential.ts";
import type { EdgeQuestion } from "./edge/edge-cache.ts";
import { type FirstBytes, saidOfNoBody } from "./first-bytes.ts";
import type { Incoming } from "./incoming.ts";
import { againAfterReset } from "./object-errors.ts";
import { type FilterHeaders, headersForFilter } from "./request-headers.ts";
import type { Decided } from "./staged-forward.ts";

/** The object's answer, or why the request's headers cannot be sent to it. */
export type Asked =
  | Decided
  /** Kept in this isolate. */
  | (Omit<Continue, "by"> & { readonly by: "isolate" })
  | { readonly kind: "bad_headers"; readonly reason: Extract<FilterHeaders, { ok: false }>["reason"] };

/** What the Worker itself says about a request. */
interface Said {
  /** Undefined if it has not looked for a credential. */
  readonly told: Told | undefined;
  /** Undefined if there is no body, or no check sees it. */
  readonly first: FirstBytes | undefined;
}

/** The question, and its text, to the isolate's own cache. */
type AskEdge = (question: DecideRequest, text: string) => EdgeQuestion | undefined;

/**
 * Asks the service's object to decide on a request's head. The object may run another deployment for a while: if its
 * configuration needs headers that this Worker did not send, the Worker asks again with them.
 *
 * @param said what the Worker says about the credential and the body
 */
export async function askObject(
  gateway: Gateway,
  incoming: Incoming,
  said: Said,
  edgeQuestion: AskEdge,
): Promise<Exclude<Asked, NeedsHeaders>> {
  const needed = withFurther(incoming.service.neededHeaders, said.told);
  const first = await askWith(gateway, incoming, said, needed, undefined, edgeQuestion);
  if (first.kind !== "needs_headers") return first;
  const second = await askWith(gateway, incoming, said, withFurther(first.headers, said.told), first.headers);
  if (second.kind !== "needs_headers") return second;
  return {
    kind: "unavailable",
    reason: "configuration_mismatch",
    message: "the headers that the object needs changed between two calls",
  };
}

function withFurther(neededHeaders: readonly string[] | "all", told: Told | undefined): readonly string[] | "all" {
  if (neededHeaders === "all" || told?.furtherHeaders === undefined) return neededHeaders;
  return [...new Set([...neededHeaders, ...told.furtherHeaders])];
}

/** What the object is told of the request's trace, beside the question; undefined if there is nothing. */
function traceOf(headers: Headers, isLogged: boolean): string | undefined {
  const cfRay = rayIn(headers);
  const traceparent = headers.get("traceparent");
  if (cfRay === null && traceparent === null && !isLogged) return undefined;
  const context = traceparent === null ? undefined : traceContext(traceparent, headers.get("tracestate"));
  return encodeTrace({ cfRay, context, isLogged });
}

async function askWith(
  gateway: Gateway,
  incoming: Incoming,
  { told, first }: Said,
  neededHeaders: readonly string[] | "all",
  sent?: readonly string[] | "all",
  edgeQuestion?: AskEdge,
): Promise<Asked> {
  const { request, method, env, service, target, client, body } = incoming;
  const chosen = { neededHeaders, identityHeaders: service.identityHeaders };
  const ofBody = first?.headers ?? saidOfNoBody(service);
  const toldHeaders = ofBody === undefined ? told?.headers : { ...told?.headers, ...ofBody };
  const head = headersForFilter(request.headers, chosen, client, toldHeaders);
  if (!head.ok) return { kind: "bad_headers", reason: head.reason };
  try {
    const question: DecideRequest = {
      configVersion: gateway.version,
      serviceVersion: service.version,
      ...(sent === undefined ? {} : { sentHeaders: sent }),
      service: service.name,
      method,
      path: target.path,
      query: target.query,
      host: target.host,
      scheme: target.scheme,
      headers: head.headers,
      source: { address: client.clientIp },
      endOfStream: body === null,
      doneInWorker: told?.tasks ?? [],
    };
    const ask = encodeAsk(question);
    const edge = edgeQuestion?.(question, ask);
    const kept = edge?.answer();
    if (kept !== undefined) return { kind: "continue", changes: kept, freshForMs: 0, by: "isolate" };
    // Safe to repeat: only the head is sent, and asking changes nothing.
    const trace = traceOf(request.headers, service.log !== undefined);
    const answer = await againAfterReset<string | Decided>(async () =>
      trace === undefined && first === undefined
        ? serviceObject(env, service.name).decide(RPC_VERSION, ask)
        : serviceObject(env, service.name).decide(RPC_VERSION, ask, trace, first?.bytes),
    );
    if (typeof answer !== "string") return answer;
    const allow = decodeContinue(answer);
    edge?.keep(allow.changes, allow.freshForMs);
    return allow;
  } catch (error) {
    if (error instanceof BindingMissing) {
      return { kind: "unavailable", reason: "object_binding_missing", message: error.message };
    }
    return { kind: "unavailable", reason: "object_unreachable", message: String(error) };
  }
}
