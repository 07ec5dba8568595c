import { PARTIAL_BODY_HEADER } from "../../config/header-names.ts";
import type { ForwardAuth, Requirements, Service } from "../../config/index.ts";
import type { HeaderList, OutboundCall } from "../../wasm/host/index.ts";
import { unflattenHeaders } from "../flat-headers.ts";
import { TRACE_ATTRIBUTE } from "../request/call-trace.ts";
import { CLIENT_GROUP_ATTRIBUTE, clientGroup } from "../request/client-group.ts";
import type { DecideRequest } from "../rpc.ts";

/**
 * The check of a request without a credential. The filter's check (wasm/filter/assembly/forward-auth.ts) has the same headers, with
 * these differences, which a cached decision could not have: always the whole path and query, which is where the login must lead
 * back to, the client's address, and by what servers tell a page from a script.
 */
export function signInCall(
  { clusters }: Pick<Service, "clusters">,
  authorization: ForwardAuth,
  ask: DecideRequest,
  requirements: Requirements | undefined,
  fixedHeaders: Readonly<Record<string, string>>,
): OutboundCall {
  const { cluster, path, method } = authorization;
  const target = clusters[cluster];
  if (target === undefined) throw new Error(`the cross-checks let through the unknown cluster ${cluster}`);
  const scopes = requirements?.scopes.allOf ?? [];
  const permission = requirements?.permission;
  const { address } = ask.source;
  const headers: HeaderList = [
    [":method", method],
    [":path", path],
    [":authority", target.authority],
    ["accept-encoding", "identity"],
    ["x-forwarded-method", ask.method],
    ["x-forwarded-uri", ask.path + ask.query],
    ["x-forwarded-host", ask.host],
    ["x-forwarded-proto", ask.scheme],
  ];
  if (address !== "") headers.push(["x-forwarded-for", address]);
  if (scopes.length > 0) headers.push(["x-ebb-scopes", scopes.join(" ")]);
  if (permission !== undefined) headers.push(["x-ebb-permission", permission]);
  // A server that decides by bodies must not take one that it is not shown for none.
  if (authorization.requestBody !== undefined && !ask.endOfStream) headers.push([PARTIAL_BODY_HEADER, "true"]);
  headers.push(...Object.entries(fixedHeaders));
  return {
    cluster,
    timeoutMs: target.timeoutMs,
    headers: [...headers, ...chosenHeaders(authorization, ask, headers)],
    body: new Uint8Array(0),
    trailers: [],
    attributes: { [CLIENT_GROUP_ATTRIBUTE]: clientGroup(address), [TRACE_ATTRIBUTE]: ask.trace },
  };
}

/** Headers by which servers decide whether a client can be sent to a login page. */
export const PAGE_HEADERS = ["accept", "x-requested-with"] as const;

/** The client's own, except those that the check sets: servers differ in which of two they read. */
function chosenHeaders(
  { requestHeaders, unkeyedHeaders }: ForwardAuth,
  ask: DecideRequest,
  set: HeaderList,
): HeaderList {
  const chosen: ReadonlySet<string> = new Set([...requestHeaders, ...unkeyedHeaders, ...PAGE_HEADERS]);
  const isSet = (name: string) =>
    set.some(([other]) => other === name) || name.startsWith("x-forwarded-") || name.startsWith("x-ebb-");
  return unflattenHeaders(ask.headers).filter(
    ([name]) => chosen.has(name) && !isSet(name) && name !== "host" && name !== "content-length",
  );
}
