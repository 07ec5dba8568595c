import type {
  BaselineReading,
  FailurePolicy,
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
  readonly operator: { readonly prefix: string; readonly tokenSecret: string };
  /** Name of the secret from which keys are derived. */
  readonly keySecret: string;
  readonly memory: IsolateLimits;
  readonly services: readonly Service[];
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
  /** Hash of everything below except the module. Learned and cached data is valid only for this version. */
  readonly version: string;
  readonly route: Route;
  readonly upstream: Upstream;
  readonly filter: WebAssembly.Module;
  readonly filterKind: FilterKind;
  readonly clusters: Readonly<Record<string, Cluster>>;
  readonly rules: readonly Rule[];
  readonly unmatched: Unmatched;
  readonly paths: PathReading;
  readonly preflight: Preflight;
  /** Lower case, with the targets of `upstreamHeaders` and `upstreamClaims`. */
  readonly identityHeaders: readonly string[];
  /** Request headers the filter reads (lower case); it gets no others. */
  readonly neededHeaders: readonly string[] | "all";
  readonly stages: Stages;
  readonly body: Body;
  readonly failurePolicy: FailurePolicy;
  readonly rateLimit?: RateLimit;
  readonly ticks: Ticks;
  readonly restart: Restart;
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
export type Upstream = { readonly url: string } | { readonly binding: string };

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
      readonly authorization: Authorization;
      readonly credentials: readonly Credential[];
      readonly cache: Cache;
      readonly failOpen: boolean;
    }
  | {
      readonly kind: "other";
      readonly configuration: Json;
      readonly vmConfiguration: Json;
      readonly rootId: string;
    };

export type Authorization = ForwardAuth | Introspection | DecisionPoint;

interface AskedAboutRequest {
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
}

/** Sent with every call, in lower case. */
export type FixedHeaders = Readonly<Record<string, string | Secret>>;

export interface Introspection {
  readonly protocol: "introspection";
  readonly cluster: string;
  readonly path: string;
  readonly clientAuthentication: ClientAuthentication;
  readonly expect: readonly Expectation[];
  readonly headers: FixedHeaders;
  readonly upstreamClaims: Readonly<Record<string, string>>;
}

export interface DecisionPoint extends AskedAboutRequest {
  readonly protocol: "authzen" | "opa";
  readonly headers: FixedHeaders;
  readonly subject?: SubjectSource | undefined;
}

export interface SubjectSource {
  readonly cluster: string;
  readonly path: string;
  readonly clientAuthentication: ClientAuthentication;
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
  | { readonly type: "none" };

export type Credential =
  | { readonly from: "authorization"; readonly schemes: readonly ("bearer" | "basic")[] }
  | { readonly from: "header"; readonly name: string }
  | { readonly from: "cookie"; readonly name: string };

export interface Rule {
  /**
   * `rule-<index>`; or "authenticate", which all rules share that ask for no scope and no permission, unless their patterns
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

export type RuleAccess =
  | { readonly kind: "public" }
  | { readonly kind: "authorize"; readonly scopes: readonly string[]; readonly permission?: string | undefined };

export type Preflight = "authorize" | "pass" | { readonly answer: PreflightAnswer };

export interface PreflightAnswer {
  /** Origins as browsers send them, or `*` alone. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  /** Lower case. */
  readonly headers: readonly string[];
  readonly maxAgeSeconds: number;
  readonly credentials: boolean;
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
