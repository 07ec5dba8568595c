import { MAX_UPSTREAM_HEADERS } from "./limits";
import { Span } from "./span";

/** The configuration in memory, written once by configuration-reader.ts. Texts are in kept memory and never move. */

export const PROTOCOL_FORWARD_AUTH: u32 = 1;
export const PROTOCOL_INTROSPECTION: u32 = 2;
export const PROTOCOL_AUTHZEN: u32 = 3;
export const PROTOCOL_OPA: u32 = 4;

export const URI_PATH_AND_QUERY: u32 = 0;
export const URI_PATH: u32 = 1;
export const URI_NONE: u32 = 2;
/** The matched rule's pattern; without a rule as URI_PATH_AND_QUERY. */
export const URI_RULE: u32 = 3;

export const CLIENT_NONE: u32 = 1;
/** With an Authorization header, Basic or Bearer. */
export const CLIENT_HEADER: u32 = 2;
/** With client_id and client_secret in the form. */
export const CLIENT_FORM: u32 = 3;

export const FROM_AUTHORIZATION: u32 = 1;
export const FROM_HEADER: u32 = 2;
export const FROM_COOKIE: u32 = 3;

/** A place where a credential may be found. */
@unmanaged
export class CredentialSource {
  from: u32;
  acceptsBearer: u32;
  acceptsBasic: u32;
  /** Position in the configuration; part of every key. */
  index: u32;
  /** The name of the header (lower case) or cookie. */
  name: Span;
  next: CredentialSource | null;
}

/** What a claim of an introspection reply must be. */
@unmanaged
export class Expectation {
  claim: Span;
  /** Any one of these. */
  values: ExpectedValue | null;
  next: Expectation | null;
}

@unmanaged
export class ExpectedValue {
  text: Span;
  next: ExpectedValue | null;
}

/** One name of the path to a claim, from the outermost object inwards. */
@unmanaged
export class ClaimName {
  text: Span;
  next: ClaimName | null;
}

/** What a rule requires of a claim. */
@unmanaged
export class ClaimCondition {
  path: ClaimName;
  /** True if the claim must be a list that holds a value; else it must itself be one. */
  isIncluded: u32;
  values: ClaimValue | null;
  next: ClaimCondition | null;
}

@unmanaged
export class ClaimValue {
  /** A KIND_ constant of json-value.ts. */
  kind: u32;
  text: Span;
  next: ClaimValue | null;
}

/** A server to call, and the fixed parts of every call to it. */
@unmanaged
export class Endpoint {
  cluster: Span;
  authority: Span;
  path: Span;
  timeoutMs: u32;
  /** For an introspection endpoint: a CLIENT_ constant, and the header's value or the form's suffix. */
  clientAuthentication: u32;
  clientProof: Span;
  /** Sent with every call. */
  fixedHeaders: NamedHeader | null;
  /** For an introspection endpoint: what its replies about an active token must say. */
  expectations: Expectation | null;
}

/** A header with a fixed value, or a chosen one with its value from the current request (request.ts). */
@unmanaged
export class NamedHeader {
  name: Span;
  value: Span;
  next: NamedHeader | null;
  /** A chosen header that is sent but is not part of the key. */
  isUnkeyed: u32;
}

/** A text of the question to a decision point, and the field of the request after it (question.ts). */
@unmanaged
export class QuestionPiece {
  text: Span;
  field: u32;
  next: QuestionPiece | null;
}

/** The requirements of a matched route. */
@unmanaged
export class Rule {
  name: Span;
  /** Separated by single spaces; empty for none. */
  scopes: Span;
  /** True if one of the scopes is enough; only with introspection. */
  isAnyScopeEnough: u32;
  /** All must be met; only with introspection. */
  claims: ClaimCondition | null;
  /** Absent for none. */
  permission: Span;
  /** Its pattern: sent in place of path and query under URI_RULE, or named in the question; absent for none. */
  uri: Span;
  /** Next in the same bucket. */
  next: usize;
}

@unmanaged
export class Configuration {
  digestKeyLow: u64;
  digestKeyHigh: u64;
  maxTtlMs: u64;
  denyTtlMs: u64;
  staleIfErrorMs: u64;
  /** How long the embedder may use an allow without asking again; 0: it must ask each time. */
  edgeTtlMs: u64;
  maxBytes: u64;
  /** True if a reply's Cache-Control can forbid caching or shorten a decision's lifetime. */
  obeyCacheControl: u32;
  service: Span;
  configVersion: Span;
  realm: Span;
  credentials: CredentialSource | null;
  protocol: u32;
  uri: u32;
  endpoint: Endpoint;
  /** Introspection before the decision; only with authzen and opa. */
  subject: Endpoint | null;
  /** 1: the gateway has verified a token and gives its subject as the credential. */
  subjectIsCredential: u32;
  /** Method of the forward-auth check. */
  checkMethod: Span;
  /** Chosen request headers, in the key or not. */
  requestHeaders: NamedHeader | null;
  /** What a decision point is asked; only with authzen and opa. */
  question: QuestionPiece | null;
  /** Number of upstream headers; see `upstreamName` and `upstreamClaim` for names and claims. */
  upstreamCount: u32;
  challengeBearer: u32;
  challengeBasic: u32;
  failOpen: u32;
  isComplete: u32;
}

export const configuration = changetype<Configuration>(memory.data(152, 8));
if (offsetof<Configuration>() > 152) ERROR("Configuration has outgrown its memory");

const UPSTREAM_NAMES: usize = memory.data(4 * 32);
const UPSTREAM_PATHS: usize = memory.data(4 * 32);

/** Name of the upstream header at `index`. */
export function upstreamName(index: u32): Span {
  return changetype<Span>(load<usize>(UPSTREAM_NAMES + ((<usize>index) << 2)));
}

/** The path of the claim that supplies the upstream header; only under introspection. */
export function upstreamClaim(index: u32): ClaimName {
  return changetype<ClaimName>(load<usize>(UPSTREAM_PATHS + ((<usize>index) << 2)));
}

/** False beyond MAX_UPSTREAM_HEADERS. */
export function addUpstreamHeader(name: Span, claim: ClaimName | null): bool {
  const index = configuration.upstreamCount;
  if (index == MAX_UPSTREAM_HEADERS) return false;
  store<usize>(UPSTREAM_NAMES + ((<usize>index) << 2), changetype<usize>(name));
  store<usize>(UPSTREAM_PATHS + ((<usize>index) << 2), changetype<usize>(claim));
  configuration.upstreamCount = index + 1;
  return true;
}

const RULE_BUCKETS: u32 = 256;
const RULES: usize = memory.data(4 * 256);

function ruleBucket(name: Span): usize {
  // FNV-1a is enough: the operator chooses the names, so no attacker can target a bucket.
  let hash: u32 = 0x811c9dc5;
  for (let at = name.start; at < name.end; at++) hash = (hash ^ load<u8>(at)) * 0x01000193;
  return RULES + ((<usize>(hash & (RULE_BUCKETS - 1))) << 2);
}

export function findRule(name: Span): Rule | null {
  let at = load<usize>(ruleBucket(name));
  while (at) {
    const rule = changetype<Rule>(at);
    if (rule.name.equals(name)) return rule;
    at = rule.next;
  }
  return null;
}

/** False if a rule of this name exists. */
export function addRule(rule: Rule): bool {
  if (findRule(rule.name) !== null) return false;
  const bucket = ruleBucket(rule.name);
  rule.next = load<usize>(bucket);
  store<usize>(bucket, changetype<usize>(rule));
  return true;
}

/** True if the request's method, URI and headers are sent to the decision point, and so belong to the key. */
export function sendsRequest(): bool {
  return configuration.protocol != PROTOCOL_INTROSPECTION;
}
