import type { Authorization, Credential, Issuer, SubjectSource, Verification, WorkerAuthorization } from "./gateway.ts";

/** Parts that several protocols have. */

/**
 * The metadata of an AuthZEN decision point (Authorization API 1.0, section 9). As the path of a call it stands for the endpoint
 * that the metadata name.
 */
export const AUTHZEN_METADATA_PATH = "/.well-known/authzen-configuration";

export function isDecidedInWorker(authorization: Authorization): authorization is WorkerAuthorization {
  return authorization.protocol === "jwt" || authorization.protocol === "api-keys";
}

/** The introspection that comes before a decision point is asked. */
export function introspectedSubject(authorization: Authorization | undefined): SubjectSource | undefined {
  if (authorization === undefined || !("subject" in authorization)) return undefined;
  return authorization.subject === "verified" ? undefined : authorization.subject;
}

/** The introspection of tokens: the whole decision, or what comes before it. */
export function introspectionOf(authorization: Authorization | undefined): SubjectSource | undefined {
  return authorization?.protocol === "introspection" ? authorization : introspectedSubject(authorization);
}

/** Where in the configuration it is. */
export function introspectionPath(authorization: Authorization | undefined): readonly string[] {
  return authorization?.protocol === "introspection" ? ["authorization"] : ["authorization", "subject"];
}

/** Whether the decision point is asked about the `sub` of a token that the Worker has verified. */
export function asksAboutVerifiedSubject(authorization: Authorization): boolean {
  return "subject" in authorization && authorization.subject === "verified";
}

/** Verification before another protocol. */
export function verificationOf(authorization: Authorization | undefined): Verification | undefined {
  return authorization !== undefined && "verify" in authorization ? authorization.verify : undefined;
}

/** Issuers whose tokens the Worker verifies. */
export function issuersOf(authorization: Authorization | undefined): readonly Issuer[] {
  if (authorization?.protocol === "jwt") return authorization.issuers;
  return verificationOf(authorization)?.issuers ?? [];
}

/** Where in the configuration the issuers are. */
export function issuersPath(authorization: Authorization | undefined): readonly string[] {
  return authorization?.protocol === "jwt" ? ["authorization", "issuers"] : ["authorization", "verify", "issuers"];
}

/** Whether the server is asked about requests that have no credential (docs/sign-in.md). */
export function asksWithoutCredential(authorization: Authorization | undefined): boolean {
  return authorization?.protocol === "forward-auth" && authorization.withoutCredential === "ask";
}

const SCHEMES_OF_FILTER: readonly string[] = ["bearer", "basic"];

/** Whether the built-in filter itself finds a credential in this place. */
export function isFoundByFilter(credential: Credential): boolean {
  switch (credential.from) {
    case "authorization":
      return credential.schemes.every((scheme) => SCHEMES_OF_FILTER.includes(scheme));
    case "header":
      return credential.scheme === undefined && credential.prefix === undefined;
    case "cookie":
      return true;
    default:
      return false;
  }
}

/**
 * Whether the Worker finds the credential: because it verifies it, because the filter does not know its place, because a request
 * without one takes another way, or because the Worker reads bodies, which nobody without a credential may make it do.
 */
export function isReadInWorker({
  authorization,
  credentials = [],
}: {
  readonly authorization?: Authorization | undefined;
  readonly credentials?: readonly Credential[] | undefined;
}): boolean {
  if (verificationOf(authorization) !== undefined || asksWithoutCredential(authorization)) return true;
  const readsBodies = authorization !== undefined && "requestBody" in authorization && authorization.requestBody;
  return Boolean(readsBodies) || !credentials.every(isFoundByFilter);
}

/** Who compares what a rule requires with what a credential has. */
export interface Comparison {
  /** `server`: the authorization server is told the scopes and refuses. */
  readonly scopes: "worker" | "filter" | "server" | "nobody";
  readonly claims: "worker" | "filter" | "nobody";
}

export function comparisonOf(authorization: Authorization): Comparison {
  if (isDecidedInWorker(authorization)) return { scopes: "worker", claims: "worker" };
  if (authorization.protocol === "introspection") return { scopes: "filter", claims: "filter" };
  const verified = authorization.verify === undefined ? "nobody" : "worker";
  return { scopes: authorization.enforcesScopes ? "server" : verified, claims: verified };
}

/** The request header of a place, if it is in one. */
export function headerOfCredential(credential: Credential): string[] {
  switch (credential.from) {
    case "header":
      return [credential.name];
    case "authorization":
    case "cookie":
      return [credential.from];
    case "websocket-protocol":
      return ["sec-websocket-protocol"];
    default:
      return [];
  }
}
