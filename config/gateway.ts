import type {
  AuthZenAction,
  AuthZenResource,
  BaselineReading,
  DecisionsLogged,
  FailurePolicy,
  FilterLogLevel,
  Json,
  PathReading,
  RestartPolicyName,
  Secret,
  SentUri,
  Ticks,
  TtlReading,
  Unmatched,
} from "./input.ts";
import type { RoutePattern } from "./route-pattern.ts";

/** The configuration after validation: every default filled in, header names and hosts in lower case, read-only. */
export interface Gateway {
  /** Hash of everything below except the modules. Two deployments with the same version decide alike. */
  readonly version: string;
  readonly operator: Operator;
  /** Name of the secret from which keys are derived. */
  readonly keySecret: string;
  readonly memory: IsolateLimits;
  /** The Analytics Engine binding to which figures are written. */
  readonly analytics?: { readonly binding: string } | undefined;
  readonly services: readonly Service[];
  /** Names of the variables that the configuration takes from the environment. */
  readonly variables: readonly string[];
  /** Why this gateway must not decide: variables have no value, or an invalid one. Their fields have stand-ins. */
  readonly fault?: string;
}

/** The operator's pages, and who may see them. */
export interface Operator {
  readonly prefix: string;
  readonly tokenSecret: string;
  /** Lower case, without port. Here one can sign in, and no service answers. */
  readonly host?: string | undefined;
  readonly tokens: readonly ServiceToken[];
  /** Paths of pages outside the prefix, on every host; false: there is none. */
  readonly metricsPath: string | false;
  readonly healthPath: string | false;
  /** Which of the two the file does not set. */
  readonly defaultPaths: readonly PagePath[];
}

export type PagePath = "metricsPath" | "healthPath";

/** A token that opens the operator's pages for some services only. */
export interface ServiceToken {
  /** Name of the secret with the token. */
  readonly secret: string;
  /** Names of services. */
  readonly services: readonly string[];
}

/** Memory limits for the filters of all services in one isolate together. */
export interface IsolateLimits {
  readonly highBytes: number;
  readonly hardBytes: number;
  /** How long V8 may take to collect released memory before a collection is forced. */
  readonly collectAfterMs: number;
}

export interface Service {
  readonly name: string;
  /** Hash of everything below except the module, a handler and `log`. Learned and cached data is valid only for this version. */
  readonly version: string;
  readonly route: Route;
  readonly upstream: Upstream;
  /** Undefined only if the Worker decides itself. */
  readonly filter: WebAssembly.Module | undefined;
  readonly filterKind: FilterKind;
  readonly clusters: Readonly<Record<string, Cluster>>;
  readonly rules: readonly Rule[];
  readonly unmatched: Unmatched;
  readonly paths: PathReading;
  /** Without effect under `cors`, which answers preflights. */
  readonly preflight: Preflight;
  readonly cors?: Cors;
  readonly resource?: ProtectedResource;
  /** Lower case, with the targets of `upstreamHeaders` and `upstreamClaims`. */
  readonly identityHeaders: readonly string[];
  /** Request headers the filter reads (lower case); it gets no others. */
  readonly neededHeaders: readonly string[] | "all";
  /** Request headers where the Worker looks for the credential (lower case). */
  readonly credentialHeaders: readonly string[];
  readonly stages: Stages;
  readonly body: Body;
  readonly failurePolicy: FailurePolicy;
  readonly upstreamAuthorization: UpstreamAuthorization;
  readonly enforcement: Enforcement;
  readonly rateLimit?: RateLimit;
  readonly ticks: Ticks;
  readonly restart: Restart;
  /** Not in `version`: it changes no decision. Undefined: decisions are not logged. */
  readonly log: DecisionLogging | undefined;
}

/** Which decisions are logged, and the share of them. */
export interface DecisionLogging {
  readonly decisions: DecisionsLogged;
  /** 0 to 1 */
  readonly sample: number;
}

/** The parts of an exchange that the filter sees besides the request's head. */
export interface Stages {
  readonly requestBody: boolean;
  readonly responseHeaders: boolean;
  readonly responseBody: boolean;
}

export interface Body {
  readonly limitBytes: number;
  /** Deliver the body although the filter holds back the head, as filters written for Higress expect. */
  readonly whileHeadersPaused: boolean;
}

/** What the upstream gets of the credential: as sent, nothing, or the gateway's own in its place. */
export type UpstreamAuthorization = "keep" | "remove" | { readonly replace: Secret };

/** `report-only`: requests pass that would be refused, until this time (ms since 1970). */
export type Enforcement =
  | { readonly mode: "enforce" }
  | { readonly mode: "report-only"; readonly until: string; readonly untilMs: number };

/** A rate limiting binding of the Worker. */
export interface RateLimit {
  readonly binding: string;
}

export interface Route {
  /** Empty: any host. Lower case, without port; `*.` before a name means one or more labels. */
  readonly hosts: readonly string[];
  /** `/` or a path without trailing slash. */
  readonly prefix: string;
  readonly stripPrefix: boolean;
}

/** `url` has no trailing slash, so a path can be appended directly. */
export type Upstream = { readonly url: string } | { readonly binding: string } | { readonly handler: Handler };

/** What answers requests in this Worker. */
export interface Handler {
  fetch(request: Request, env: object, ctx: object): unknown;
}

export type Cluster = {
  readonly timeoutMs: number;
  readonly concurrency: number;
  /** Host (and port) in calls to the server. */
  readonly authority: string;
  readonly probe?: Probe;
} & ({ readonly url: string } | { readonly binding: string });

/** How the gateway finds out whether a server answers at all. */
export interface Probe {
  /** Undefined: the probe is the authorization call itself, without a credential. */
  readonly path?: string | undefined;
  readonly behindBalancer: boolean;
}

export type FilterKind =
  | {
      readonly kind: "built-in";
      readonly authorization: ServerAuthorization;
      readonly credentials: readonly Credential[];
      /** The Worker reads the credential and tells the filter, which knows fewer places and verifies no signature. */
      readonly isReadInWorker: boolean;
      readonly cache: Cache;
      readonly failOpen: boolean;
    }
  | {
      /** The Worker decides by a credential that it verifies itself; no filter is asked. */
      readonly kind: "in-worker";
      readonly authorization: WorkerAuthorization;
      readonly credentials: readonly Credential[];
    }
  | {
      readonly kind: "other";
      readonly configuration: Json;
      readonly vmConfiguration: Json;
      readonly rootId: string;
      /** The lowest level of the filter's lines that is logged. */
      readonly logLevel: FilterLogLevel;
      /** By dotted path, without `xds.` before it. */
      readonly properties: Readonly<Record<string, string | number | boolean>>;
    };

export type Authorization = ServerAuthorization | WorkerAuthorization;

/** A server decides, and the filter asks it. */
export type ServerAuthorization = ForwardAuth | Introspection | DecisionPoint;

/** The Worker decides. */
export type WorkerAuthorization = JwtAuthorization | ApiKeyAuthorization;

export interface JwtAuthorization {
  readonly protocol: "jwt";
  readonly issuers: readonly Issuer[];
  readonly upstreamClaims: readonly UpstreamClaim[];
}

export interface ApiKeyAuthorization {
  readonly protocol: "api-keys";
  /** Secrets whose lines are the keys. */
  readonly keys: readonly Secret[];
  /** Of `sub` and `scope`. */
  readonly upstreamClaims: readonly UpstreamClaim[];
}

/** Whose tokens are accepted, and what they must say. */
export interface Issuer {
  /** `iss`, character by character. */
  readonly issuer: string;
  readonly audience: readonly string[] | "any";
  readonly keys: IssuerKeys;
  /** Of RFC 7518, and EdDSA. */
  readonly algorithms: readonly string[];
  /** The header's `typ`. */
  readonly typ?: string | undefined;
  /** `client_id`, or `azp` in its place. */
  readonly clientIds?: readonly string[] | undefined;
  /** How long the keys may be used after they could not be fetched again. */
  readonly staleKeysMs: number;
}

export type IssuerKeys =
  | { readonly from: "cluster"; readonly cluster: string; readonly path: string }
  | { readonly from: "discovery" }
  | { readonly from: "secret"; readonly secret: Secret };

/** Tokens are verified before a server is asked. */
export interface Verification {
  readonly issuers: readonly Issuer[];
}

/** The server gets the first bytes of a request's body. */
export interface SentBody {
  readonly maxBytes: number;
}

interface AskedAboutRequest {
  readonly requestBody?: SentBody | undefined;
  readonly verify?: Verification | undefined;
  readonly cluster: string;
  readonly path: string;
  readonly uri: SentUri;
  readonly requestHeaders: readonly string[];
  /** Sent too, but not part of the cache key. */
  readonly unkeyedHeaders: readonly string[];
  readonly upstreamHeaders: readonly string[];
  readonly enforcesScopes: boolean;
}

export interface ForwardAuth extends AskedAboutRequest {
  readonly protocol: "forward-auth";
  readonly method: "GET" | "HEAD" | "POST";
  readonly headers: FixedHeaders;
  /** Of a request without a credential: 401, or the server is asked about it. */
  readonly withoutCredential: "refuse" | "ask";
  /** Headers of an allow that go to the client with the upstream's response (lower case). */
  readonly clientHeaders: readonly string[];
}

/** Sent with every call, in lower case. */
export type FixedHeaders = Readonly<Record<string, string | Secret>>;

export interface Introspection {
  readonly protocol: "introspection";
  readonly cluster: string;
  readonly path: string;
  readonly clientAuthentication: ClientAuthentication;
  readonly signedReplies?: SignedReplies | undefined;
  readonly expect: readonly Expectation[];
  readonly headers: FixedHeaders;
  readonly upstreamClaims: readonly UpstreamClaim[];
  readonly verify?: Verification | undefined;
}

/** A claim that goes to the upstream in a header (lower case). */
export interface UpstreamClaim {
  /** Names from the outermost object inwards. */
  readonly path: readonly string[];
  readonly header: string;
}

export interface DecisionPoint extends AskedAboutRequest {
  readonly protocol: "authzen" | "opa";
  readonly headers: FixedHeaders;
  /** `verified`: the `sub` of the token that the Worker has verified. */
  readonly subject?: SubjectSource | "verified" | undefined;
  /** How AuthZEN's question names its parts (question.ts). */
  readonly subjectType?: string | undefined;
  readonly resource?: AuthZenResource | undefined;
  readonly action?: AuthZenAction | undefined;
  /** As of forward-auth, from OPA's `response_headers_to_add`. AuthZEN has none. */
  readonly clientHeaders?: readonly string[] | undefined;
}

export interface SubjectSource {
  readonly cluster: string;
  readonly path: string;
  readonly clientAuthentication: ClientAuthentication;
  readonly signedReplies?: SignedReplies | undefined;
  readonly expect: readonly Expectation[];
  readonly headers: FixedHeaders;
}

/** A claim of an introspection reply must be, or as a list hold, one of these texts. */
export interface Expectation {
  readonly claim: string;
  readonly anyOf: readonly string[];
}

export type ClientAuthentication =
  | { readonly type: "basic" | "post"; readonly id: string | Secret; readonly secret: Secret }
  | { readonly type: "bearer"; readonly token: Secret }
  | PrivateKeyJwt
  | { readonly type: "none" };

/** A signature of the gateway's own (RFC 7523). The filter does not know it: the object signs each call. */
export interface PrivateKeyJwt {
  readonly type: "private-key-jwt";
  readonly id: string | Secret;
  /** A JWK or PKCS#8 PEM. */
  readonly key: Secret;
  readonly algorithm: string;
  readonly audience: string;
}

/** Replies must be signed (RFC 9701). The object verifies them before the filter sees them. */
export interface SignedReplies {
  readonly issuer: string;
  /** The gateway's name in `aud`; undefined: its client id. */
  readonly audience?: string | undefined;
  readonly keys: IssuerKeys;
  readonly algorithms: readonly string[];
  readonly staleKeysMs: number;
}

export type Credential =
  /** Schemes in lower case. */
  | { readonly from: "authorization"; readonly schemes: readonly string[] }
  /** With a scheme, which a blank ends, or a prefix, which must be there as written. */
  | {
      readonly from: "header";
      readonly name: string;
      readonly scheme?: string | undefined;
      readonly prefix?: string | undefined;
    }
  | { readonly from: "cookie"; readonly name: string }
  | { readonly from: "query"; readonly name: string }
  /** The text after this one in `Sec-WebSocket-Protocol`. */
  | { readonly from: "websocket-protocol"; readonly name: string }
  /** The SHA-256 fingerprint of the client's certificate. */
  | { readonly from: "certificate" };

export interface Rule {
  /**
   * `rule-<index>`; or "authenticate", which all rules share that ask for no scope, claim or permission, unless their patterns
   * are sent.
   */
  readonly name: string;
  readonly path: string;
  readonly pattern: RoutePattern;
  /** Upper case; undefined: every method. */
  readonly methods: readonly string[] | undefined;
  readonly access: RuleAccess;
  /** Sent to the decision point in place of path and query (`uri: "rule"`): the pattern, percent-encoded. */
  readonly sentUri?: string;
}

export type RuleAccess = { readonly kind: "public" } | ({ readonly kind: "authorize" } & Requirements);

/** What a credential needs besides being valid. */
export interface Requirements {
  readonly scopes: RequiredScopes;
  /** All of these. */
  readonly claims: readonly ClaimCondition[];
  readonly permission?: string | undefined;
}

/** Every scope of `allOf`, and at least one of `anyOf` unless that is empty. */
export interface RequiredScopes {
  readonly allOf: readonly string[];
  readonly anyOf: readonly string[];
}

export interface ClaimCondition {
  /** Names from the outermost object inwards. */
  readonly path: readonly string[];
  readonly test: ClaimTest;
}

/** The claim equals one of the values, or is a list that holds the value. Types count: "3" is not 3. */
export type ClaimTest = { readonly oneOf: readonly ClaimValue[] } | { readonly includes: ClaimValue };

export type ClaimValue = string | number | boolean;

export type Preflight = "authorize" | "pass";

/** Which pages of other origins may call a service and read the gateway's own replies. */
export interface Cors {
  /** Origins as browsers send them, `https://*.example.com`, or `*` alone. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  /** Lower case. */
  readonly headers: readonly string[];
  /** Lower case; besides those of every refusal. */
  readonly exposedHeaders: readonly string[];
  readonly maxAgeSeconds: number;
  readonly credentials: boolean;
}

/** What a service says of itself to OAuth clients (RFC 9728). Its address is that of the request. */
export interface ProtectedResource {
  /** Issuers. */
  readonly authorizationServers: readonly string[];
  readonly scopes?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly documentation?: string | undefined;
}

export interface Cache {
  readonly maxTtlMs: number;
  readonly denyTtlMs: number;
  readonly staleIfErrorMs: number;
  readonly obeyCacheControl: boolean;
  readonly maxBytes: number;
  readonly persist: boolean;
  /** How long the Worker's isolates keep allows; 0: they keep none. */
  readonly edgeTtlMs: number;
}

/** When the filter is restarted. Durations in ms, sizes in bytes. */
export interface Restart {
  readonly policy: RestartPolicyName;
  /** The share of extra outbound calls that restarts may cost, from 0 to 1. */
  readonly extraCallsShare: number;
  /** CPU that restarts with handover may take, as a share of a core. */
  readonly workShare: number;
  /** Memory that grows although the filter makes no outbound call, for `measured`. */
  readonly callFreeGrowth: CallFreeGrowth;
  /** Time for observing first: from a service's first start for `measured`, from each instance's for `ratio`. */
  readonly collectMs: number;
  /** The reading of the paper's baseline, for `ratio`. */
  readonly baseline: BaselineReading;
  /** The reading of the paper's TTL rule, for `ratio`. */
  readonly literal: TtlReading;
  /** Width of the bins for ratios and trends. */
  readonly binMs: number;
  /** The longest TTL estimate. */
  readonly ttlCapMs: number;
  /** The TTL while none is known; at most the cap. */
  readonly ttlDefaultMs: number;
  /** Time between two samples, if there are requests. */
  readonly sampleIntervalMs: number;
  /** Minimum age before any restart. */
  readonly minLifetimeMs: number;
  /** Age at which every instance is restarted. */
  readonly maxUptimeMs: number;
  /** An instance is restarted if it has grown to this size, or will by the next sample. */
  readonly hardLimitBytes: number;
  /** For the policy `uptime`. */
  readonly uptimeMs: number;
  /** For the policy `threshold`. */
  readonly thresholdBytes: number;
}

export interface CallFreeGrowth {
  /** Whether such growth is taken for a leak, and restarted. */
  readonly restart: boolean;
  /** Only instances of this age … */
  readonly afterMs: number;
  /** … that have grown by this much. */
  readonly minBytes: number;
}

/** What the restart policies work with. */
export type RestartSettings = Omit<Restart, "policy">;

/** What the estimator works with. */
export type EstimateSettings = Pick<Restart, "collectMs" | "binMs" | "ttlCapMs" | "ttlDefaultMs" | "sampleIntervalMs">;

/** What the paper's estimate works with. */
export type PaperSettings = EstimateSettings & Pick<Restart, "baseline" | "literal">;
