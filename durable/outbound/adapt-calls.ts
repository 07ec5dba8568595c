import type { JSONWebKeySet } from "jose";
import { AUTHZEN_METADATA_PATH, introspectionOf } from "../../config/authorization-parts.ts";
import type { SubjectSource } from "../../config/gateway.ts";
import type { Issuer, Service } from "../../config/index.ts";
import { ClientAssertions, textOf } from "./client-assertion.ts";
import { toDiscoveredEndpoint } from "./discovered-endpoint.ts";
import type { Send } from "./send-call.ts";
import { ReplyVerifier, SIGNED_REPLY_TYPE } from "./signed-replies.ts";

/** What the object does for its filter's calls: parts of protocols that need keys or other documents, which a filter has not. */

export interface AdaptDependencies {
  readonly service: Pick<Service, "name" | "filterKind">;
  nowMs(): number;
  secrets(name: string): string | undefined;
  /** Fetches the public keys of an issuer. Rejects with a reason for the log. */
  loadKeys(issuer: Pick<Issuer, "issuer" | "keys">): Promise<JSONWebKeySet>;
}

/** The cluster whose calls are adapted. */
export interface AdaptedCluster {
  readonly name: string;
  readonly baseUrl: string;
  readonly timeoutMs: number;
}

/** Changes how the calls to a cluster are sent, if anything has to be done for them. */
export type Adapt = (send: Send, cluster: AdaptedCluster) => Send;

export function adaptCalls(dependencies: AdaptDependencies): Adapt {
  const { service, nowMs } = dependencies;
  const { name, filterKind } = service;
  if (filterKind.kind !== "built-in") return (send) => send;
  const { authorization } = filterKind;
  const introspection = introspectionOf(authorization);
  return (send, { name: cluster, baseUrl, timeoutMs }) => {
    let adapted = send;
    if (authorization.cluster === cluster && authorization.path === AUTHZEN_METADATA_PATH) {
      const log = (why: string) => console.error(`${name}: the metadata of ${cluster} cannot be used: ${why}`);
      adapted = toDiscoveredEndpoint(adapted, baseUrl, timeoutMs, { nowMs, log });
    }
    return introspection?.cluster === cluster ? withProofs(adapted, introspection, dependencies) : adapted;
  };
}

/** The gateway's own signature goes with the calls to the introspection endpoint, and its replies are verified. */
function withProofs(send: Send, introspection: SubjectSource, dependencies: AdaptDependencies): Send {
  const { clientAuthentication } = introspection;
  const assertions =
    clientAuthentication.type === "private-key-jwt"
      ? new ClientAssertions(clientAuthentication, dependencies)
      : undefined;
  const verifier = verifierOf(introspection, dependencies);
  if (assertions === undefined && verifier === undefined) return send;
  return async (request) => {
    if (!isIntrospection(request)) return send(request);
    const headers = new Headers(request.headers);
    if (verifier !== undefined) headers.set("accept", SIGNED_REPLY_TYPE);
    const form = await request.text();
    const proof = assertions === undefined ? "" : `&${new URLSearchParams(await assertions.fields())}`;
    const { signal } = request;
    const response = await send(
      new Request(request.url, {
        ...{ method: "POST", headers, body: form + proof, signal },
        ...{ redirect: "manual", cache: "no-store" },
      }),
    );
    return verifier === undefined ? response : verifier.verified(response);
  };
}

/**
 * The filter sends a form only to an introspection endpoint, and asks a decision point of the same cluster in JSON. Not by the path:
 * it has several spellings, and a reply must never go unverified because of that.
 */
function isIntrospection(request: Request): boolean {
  return request.headers.get("content-type") === "application/x-www-form-urlencoded";
}

function verifierOf(
  { signedReplies, clientAuthentication }: SubjectSource,
  { service, nowMs, secrets, loadKeys }: AdaptDependencies,
): ReplyVerifier | undefined {
  if (signedReplies === undefined) return undefined;
  const id = "id" in clientAuthentication ? clientAuthentication.id : "";
  const audience = () => textOf(signedReplies.audience ?? id, { secrets });
  return new ReplyVerifier(signedReplies, audience, {
    nowMs,
    load: () => loadKeys(signedReplies),
    log: (why) => console.error(`${service.name}: the keys of ${signedReplies.issuer} cannot be had: ${why}`),
  });
}
