/**
 * Types of the configuration in `gateway.config.ts`. With them, editors complete fields, show these comments and underline
 * mistakes. The gateway checks the same shapes again at start, because a bundler drops types.
 */

/** A value that is not in the file: the name of an environment variable. Made by {@link secret}. */
export type Secret = {
  /** Name of the environment variable. */
  readonly secret: string;
};

/** A value that differs between environments: the name of a variable. Made by {@link variable}. */
export type Variable = {
  /** Name of the variable. */
  readonly variable: string;
};

export interface GatewayInput {
  /** The operator's pages. No service can use their paths. */
  readonly operator?: OperatorInput;
  /**
   * Name of the secret from which the gateway derives its keys: one for the digests in caches, one to encrypt persisted
   * decisions (`cache.persist`). At least 32 random characters (`openssl rand -base64 32`). Default `EBB_KEY`. Without the
   * secret, the digests' key is random and nothing can be persisted.
   */
  readonly keySecret?: string;
  /** Memory limits for all filters together. An isolate has 128 MB for the filters, the code and everything else. */
  readonly memory?: {
    /**
     * Above this, the gateway restarts filters to free memory, starting with the one that frees most per extra outbound call.
     * Default 100663296 (96 MiB).
     */
    readonly highBytes?: number;
    /**
     * From here on the gateway restarts filters at any price, without their caches, and requests wait (half a second at most)
     * for memory that is about to be freed. Default 109051904 (104 MiB).
     */
    readonly hardBytes?: number;
    /**
     * How long the gateway waits for V8 to collect the memory of restarted filters, in ms. After that it forces a collection,
     * which blocks the isolate for 10-55 ms: for 4 MiB or more always, for less as long as that takes 1e-4 of a core at most.
     * Default 1000.
     */
    readonly collectAfterMs?: number;
  };
  /** Where to write the figures of each service, once a minute, for queries in SQL. Without it none are written. See docs/metrics.md. */
  readonly analytics?: AnalyticsInput;
  /** Protected services by name. Each has its own Durable Object, with its own filter and cache. */
  readonly services: Readonly<Record<string, ServiceInput>>;
}

/** See docs/operate.md. */
export interface OperatorInput {
  /** What the paths of the pages begin with, on every host. Default `/stats`. */
  readonly prefix?: string;
  /** Name of the secret with the operator token, which opens the pages for all services. Default `OPERATOR_TOKEN`. */
  readonly tokenSecret?: string;
  /**
   * The operator's own host, like `ops.example.com`. Only there can one sign in with a browser, and only the operator's pages
   * answer there: a script of an upstream on the same host could use the session.
   */
  readonly host?: string;
  /** Tokens that open the pages for some services only, so that a team sees, restarts and purges its own. */
  readonly tokens?: readonly ServiceTokenInput[];
  /**
   * A second path of the metrics, on every host; they are at `PREFIX/metrics` anyway. `false`: there is none. Default `/metrics`.
   * check-config warns where services would have the path and this field is not set.
   */
  readonly metricsPath?: string | false;
  /**
   * A second path of the health check, on every host; it is at `PREFIX/healthz` anyway. `false`: there is none. Default `/healthz`.
   * check-config warns where services would have the path and this field is not set.
   */
  readonly healthPath?: string | false;
}

export interface ServiceTokenInput {
  /** Name of the secret with the token: 16 or more characters, unlike any other token. */
  readonly secret: string;
  /** Names of the services that it opens. */
  readonly services: readonly string[];
}

export interface AnalyticsInput {
  /** Name of the Analytics Engine binding: `[[analytics_engine_datasets]]` in wrangler.toml. */
  readonly binding: string;
}

/**
 * With `authorization`, a server decides, asked by the built-in filter; or the Worker itself, by credentials that it verifies
 * (protocols `jwt` and `api-keys`). With `configuration`, any other Proxy-Wasm filter decides.
 */
export type ServiceInput = BuiltInServiceInput | InWorkerServiceInput | OtherServiceInput;

interface CommonServiceInput {
  /** Which requests the service gets. At least one of `hosts` and `prefix`. */
  readonly route: RouteInput;
  /** Where allowed requests go. */
  readonly upstream: UpstreamInput;
  /** The compiled filter: `import filter from "ebb/filter.wasm"`, or in the repository `"./wasm/filter/build/filter.wasm"`. */
  readonly filter: WebAssembly.Module;
  /** Servers that the filter may call, by the names that the filter uses. */
  readonly clusters?: Readonly<Record<string, ClusterInput>>;
  /** For paths without a rule: `deny` refuses them, `authenticate` lets the filter decide. Default `authenticate`. */
  readonly unmatched?: Unmatched;
  /** How the upstream reads paths. Default `lenient`. */
  readonly paths?: PathReading;
  /** How to handle CORS preflights, which carry no credentials. Default `authorize`: like any other request. Not beside `cors`. */
  readonly preflight?: PreflightInput;
  /** Which pages of other origins may call the service: the gateway answers preflights, and pages can read its own replies. */
  readonly cors?: CorsInput;
  /** Tells OAuth clients, such as those of MCP, where to get a token: in public metadata and in each challenge. */
  readonly resource?: ResourceInput;
  /**
   * Headers that tell the upstream who the caller is. The gateway removes them from every request; only the filter can set
   * them. Headers in `upstreamHeaders` and `upstreamClaims` are included automatically. Headers that proxies usually set are
   * always removed (config/overriding-headers.ts). `x-auth-*` covers all names that begin so.
   */
  readonly identityHeaders?: readonly string[];
  /** How to handle requests while the filter itself does not work. Default `closed`. */
  readonly failurePolicy?: FailurePolicy;
  /**
   * `report-only` decides, counts and logs what it would refuse, and lets it pass without identity headers: for an API that
   * moves behind the gateway. Requests that nobody can read are still refused. Default `enforce`.
   */
  readonly enforcement?: EnforcementInput;
  /** Writes a line for each decision ([logs.md](logs.md#decision)). Default: none. */
  readonly log?: LogInput;
  /** When to restart the filter, to free memory. */
  readonly restart?: RestartInput;
}

/** The log of decisions. The platform bills logs by the line. */
export interface LogInput {
  /** `refused`: what was refused or could not be decided, also if it passed because the service only reports. `all`: allows too. */
  readonly decisions: DecisionsLogged;
  /** Share of these lines that is written, at random. Default 1: every line. */
  readonly sample?: number;
}

export type DecisionsLogged = "refused" | "all";

/** `until`: the last day, as `2027-01-31` in UTC. From the next day on, the service enforces. */
export type EnforcementInput =
  | "enforce"
  | {
      readonly mode: "report-only";
      /** The last day, in UTC. */
      readonly until: string;
    };

/**
 * How to handle requests while the filter itself does not work. Under every policy, a request gets 503 if the filter traps
 * during it, and so does every other request that waits in the same instance. The policies differ in what follows:
 *
 * - `closed`: requests get 503 while there is no working filter. After a first trap, the next request starts a fresh instance
 *   at once. From the second trap in a row, and from the first failed start, there is a pause before the next start: 1 s,
 *   doubled each time, 60 s at most, each randomly shortened by up to a half. 60 s without a failure reset this.
 * - `reload`: like `closed`, but with a pause after the first trap too.
 * - `open`: like `closed`, but requests pass without a decision while the filter cannot be *started* (it traps at start,
 *   refuses its configuration or is not a Proxy-Wasm filter). They are counted as `failedOpen`. This never applies to traps,
 *   to the pauses after them, or to failed starts that follow a trap: otherwise anyone who can make the filter trap could
 *   bypass it. If a secret is not set, requests get 503 too: the gateway's configuration is at fault, not the filter.
 */
export type FailurePolicy = "closed" | "open" | "reload";

export interface BuiltInServiceInput extends CommonServiceInput, WithCredentials {
  /** Which server decides, and how the filter asks it. */
  readonly authorization: ServerAuthorizationInput;
}

/** The Worker decides, so no filter is asked. Settings of the filter may stand beside it; they have no effect. */
export interface InWorkerServiceInput extends Omit<CommonServiceInput, "filter">, WithCredentials {
  readonly authorization: JwtInput | ApiKeysInput;
  readonly filter?: WebAssembly.Module;
}

interface WithCredentials {
  /**
   * Limits how many calls to the authorization server each client address (IPv6: each /64) can cause, through a rate limiting
   * binding of the Worker: `[[ratelimits]]` in wrangler.toml. Beyond the limit, the client gets 429; cached decisions are not
   * limited. Default: none.
   */
  readonly rateLimit?: {
    /** Name of the rate limiting binding. */
    readonly binding: string;
  };
  readonly configuration?: never;
  readonly vmConfiguration?: never;
  readonly rootId?: never;
  readonly logLevel?: never;
  readonly properties?: never;
  /** Where to find the credential; the first source that is present counts. Default: `Authorization: Bearer`. */
  readonly credentials?: readonly CredentialInput[];
  /**
   * What the upstream gets of the credential: what the client sent (`keep`), nothing (`remove`), or in its place an
   * `Authorization` header of the gateway's own, whose whole value is a secret (`Bearer …`). Default `keep`. Holds for public
   * paths too. Preflights carry neither. Not with `report-only`, under which anyone would come with the gateway's own.
   */
  readonly upstreamAuthorization?:
    | "keep"
    | "remove"
    | {
        /** The whole value of the header. */
        readonly replace: Secret;
      };
  /** What each path requires; the first match wins. */
  readonly rules?: readonly RuleInput[];
  /** How long decisions are cached, and where. */
  readonly cache?: CacheInput;
  readonly stages?: never;
  readonly body?: never;
  readonly ticks?: never;
  /**
   * Lets requests pass without a decision while probes show that the authorization server does not answer at all
   * (`clusters.*.probe`): at the earliest 30 s after the last call. Such requests are counted in the stats. Default false.
   */
  readonly failOpen?: boolean;
}

export interface OtherServiceInput extends CommonServiceInput {
  readonly authorization?: never;
  /** The filter's plugin configuration: text is passed unchanged, anything else as JSON. Any text in it may be a secret or a variable. */
  readonly configuration: Json;
  /** The filter's VM configuration, which few filters read. Text is passed unchanged, anything else as JSON. */
  readonly vmConfiguration?: Json;
  /** Selects one of a module's filters (Envoy's `root_id`); some modules start only with their own. Default "". */
  readonly rootId?: string;
  /**
   * The lowest level of the filter's lines that is logged; filters ask for it too. Default `info`, as in Envoy: what many
   * toolchains print to standard output is `info`. The platform bills logs by the line, so a filter that says something of each
   * request wants `warn`. The gateway's own lines about the filter, such as its traps, are logged at any level.
   */
  readonly logLevel?: FilterLogLevel;
  /**
   * What the filter reads of Envoy, Istio or Higress besides the request, by path: `cluster_name`, `node.metadata.NAME`,
   * `route_metadata.filter_metadata.my-filter.tier`, `listener_direction: 1`. A path stands for exactly its value, not for what is
   * below it. It is the same for all requests, and only `route_name`, otherwise the name of the rule, replaces what the gateway
   * answers itself (docs/properties.md). With or without `xds.` before it.
   */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  readonly credentials?: never;
  /** What each path requires; the first match wins. Only the built-in filter supports scopes and permissions. */
  readonly rules?: readonly (PublicRuleInput | AuthenticateRuleInput)[];
  /**
   * What the filter sees besides the request's head. Default: nothing, even if it exports the callbacks: SDKs export every
   * callback, used or not, and bodies that pass through the object cost time and money.
   */
  readonly stages?: readonly StageInput[];
  /** Only with a body stage. */
  readonly body?: BodyInput;
  /** What runs the filter's `on_tick`, if it sets a tick period. Default `requests`. */
  readonly ticks?: Ticks;
  readonly cache?: never;
  readonly failOpen?: never;
  readonly rateLimit?: never;
  readonly upstreamAuthorization?: never;
}

export type FilterLogLevel = "trace" | "debug" | "info" | "warn" | "error" | "critical" | "off";

/** There is no stage for trailers: Workers does not provide them. */
export type StageInput = "request-body" | "response-headers" | "response-body";

interface BodyInput {
  /**
   * Bytes of one body that the filter may hold back by pausing. Beyond that the client gets 413, or 500 for a response, as in
   * Envoy. Bodies that the filter passes on chunk by chunk may have any length. Default 1048576 (1 MiB), at most 16777216.
   */
  readonly limitBytes?: number;
  /**
   * Whether the filter gets the request's body while it holds back the head. Default false, as in Envoy; filters written for
   * Higress expect true. Only with the stage `request-body`.
   */
  readonly whileHeadersPaused?: boolean;
}

/**
 * - `requests`: a due tick runs before the filter sees the next request's head, and that request waits (2 s at most) for the
 *   tick's calls. An instance's first tick is due at once, and every request waits for its calls, so keys that a filter
 *   fetches in ticks are there before it decides. Without requests there are no ticks.
 * - `alarm`: the object's alarm also runs ticks, at most every 5 s. This keeps caches warm, but the object never sleeps for
 *   long: each alarm is billed as a request and a write.
 */
export type Ticks = "requests" | "alarm";

/** JSON, with {@link secret} or {@link variable} in place of any text. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** At least one of `hosts` and `prefix`. */
type RouteInput =
  | {
      /** `api.example.com`, or `*.example.org` for every name below it. */
      readonly hosts: readonly string[];
      readonly prefix?: string;
      readonly stripPrefix?: boolean;
    }
  | {
      readonly hosts?: readonly string[];
      /** `/orders` covers `/orders` and `/orders/1`, not `/ordersX`. */
      readonly prefix: string;
      /**
       * Remove the prefix before the request goes to the upstream, and tell it in `X-Forwarded-Prefix`. Rules always see the whole
       * path. Default false.
       */
      readonly stripPrefix?: boolean;
    };

/**
 * A URL, whose path (if any) is put before the request's path; or a service binding of this Worker; or what answers in this
 * Worker itself, such as an app of Hono or itty-router.
 */
export type UpstreamInput =
  | {
      /** With or without a path; without query and credentials. */
      readonly url: string | Variable;
      readonly binding?: never;
      readonly handler?: never;
    }
  | {
      /** Name of the service binding. */
      readonly binding: string;
      readonly url?: never;
      readonly handler?: never;
    }
  | {
      /** What answers in this Worker itself. */
      readonly handler: HandlerInput;
      readonly url?: never;
      readonly binding?: never;
    };

/**
 * Anything with `fetch(request, env, ctx)`. It gets the request that any other upstream would get, the Worker's environment, and
 * the request's context, whose `passThroughOnException` does nothing.
 */
export interface HandlerInput {
  // A method, so that handlers with an environment of their own fit.
  fetch?(request: never, env: never, ctx: never): unknown;
}

interface CommonClusterInput {
  /** Time from the call to the whole reply; the timeout may come up to a sixteenth late. Default 2000. */
  readonly timeoutMs?: number;
  /**
   * Calls in flight at once, 1 to 512; others wait in a queue. A few clients leave places to others, unless there are few.
   * Default 64. Without the export `AuthorizationCalls` of the Worker's entry, six at most, for all clusters of a service together.
   */
  readonly concurrency?: number;
  /** How the gateway checks whether the server answers at all after a call got no answer. */
  readonly probe?: ProbeInput;
}

/**
 * When a call to an authorization server gets no answer, the gateway sends a probe: its own request, with nothing from a
 * client. While probes get no answer either, clients' calls are not sent. `failOpen` and `staleIfErrorMs` apply after at least
 * five probes in a row, over at least 30 s, have failed. The first answer ends this.
 */
interface ProbeInput {
  /** Path that the probe fetches with GET. Default: the check itself, without a credential. */
  readonly path?: string;
  /**
   * True if a balancer in front of the server answers 502, 503 or 504 (Cloudflare 520 to 527 or 530) when the server is down.
   * These answers then count as no answer, so `failOpen` may apply. Default false: with any answer, `failOpen` does not apply.
   */
  readonly behindBalancer?: boolean;
}

export type ClusterInput =
  | (CommonClusterInput & {
      /** Scheme, host and port only; the path is in `authorization`. */
      readonly url: string | Variable;
      readonly binding?: never;
    })
  | (CommonClusterInput & {
      /** Name of a service binding of this Worker. */
      readonly binding: string;
      readonly url?: never;
      /** Host name in calls to the bound Worker. Default: the name of the cluster. */
      readonly host?: string;
    });

type ServerAuthorizationInput = ForwardAuthInput | IntrospectionInput | AuthZenInput | OpaInput;

/**
 * Tokens that issuers sign (JWT, RFC 7519), verified in the Worker: signature, issuer, audience and time. No server is asked, so
 * nothing revokes a token before it expires. See docs/jwt.md.
 */
interface JwtInput {
  readonly protocol: "jwt";
  /** Whose tokens are accepted. */
  readonly issuers: readonly IssuerInput[];
  /** As under introspection: `{ sub: "x-user", "realm_access.roles": "x-roles" }`. */
  readonly upstreamClaims?: Readonly<Record<string, string>>;
}

interface CommonIssuerInput {
  /** The `iss` of its tokens, character by character; a last slash counts. */
  readonly issuer: string | Variable;
  /**
   * `aud` is, or as a list holds, one of these. `"any"` accepts tokens for every other service of the issuer too; use it with
   * `clientIds` where tokens have no `aud`.
   */
  readonly audience: string | Variable | readonly (string | Variable)[];
  /** The `typ` that the tokens' header must have, such as `at+jwt` (RFC 9068). */
  readonly typ?: string;
  /** `client_id` is one of these; if there is none, `azp`, or else `appid`. */
  readonly clientIds?: readonly (string | Variable)[];
  /** How long the keys may be used after they could not be fetched again. Default 3600000 (1 hour), at most 24 hours. */
  readonly staleKeysMs?: number;
}

export type IssuerInput =
  | (CommonIssuerInput & {
      /** Where the issuer's public keys are. Default: discovered from the issuer's metadata. */
      readonly jwks?: {
        /** The server of the keys, one of `clusters`. */
        readonly cluster: string;
        /** Path of the key set. */
        readonly path: string;
      };
      /** Signatures that are accepted. Default: every asymmetric algorithm of RFC 7518 and EdDSA. */
      readonly algorithms?: readonly AsymmetricAlgorithm[];
      readonly sharedSecret?: never;
    })
  | (CommonIssuerInput & {
      /** For an issuer without public keys: the secret that signs its tokens, of 32 or more bytes. */
      readonly sharedSecret: Secret;
      /** Signatures that are accepted. Default `HS256`. */
      readonly algorithms?: readonly ("HS256" | "HS384" | "HS512")[];
      readonly jwks?: never;
    });

type AsymmetricAlgorithm = `${"RS" | "PS" | "ES"}${"256" | "384" | "512"}` | "EdDSA" | "Ed25519";

/** Verifies tokens in the Worker before anything else is asked: what is no valid token never reaches the server. */
interface VerificationInput {
  /** Whose tokens are accepted. */
  readonly issuers: readonly IssuerInput[];
}

/** Keys of which the gateway knows the digests. `npm run api-key` makes them. See docs/api-keys.md. */
interface ApiKeysInput {
  readonly protocol: "api-keys";
  /** Secrets with one line for each key. A secret holds 5 KB, about 60 keys. */
  readonly keys: Secret | readonly Secret[];
  /** `sub` is the name of the key, `scope` its scopes. */
  readonly upstreamClaims?: { readonly sub?: string; readonly scope?: string };
}

/**
 * What the gateway sends to the decision point about the URL. That is also in the cache key (docs/decision-key.md).
 *
 * - `path-and-query`, `path`, `none`: so much of it.
 * - `rule`: the pattern of the rule that matches, such as `/orders/:id`, instead of path and query. One decision then serves
 *   every object that the rule covers. Only for servers that decide by kind of request, never by object: they do not learn
 *   which order is meant. A path that no rule matches is sent with its query, as under `path-and-query`. If the upstream may
 *   read a path so that another rule with another pattern matches, the request gets 400 `ambiguous_path` (`paths`).
 */
export type SentUri = "path-and-query" | "path" | "none" | "rule";

interface AskedAboutRequestInput {
  /**
   * Send the first bytes of the request's body too, with its type. They are in the cache key, by their digest. The upstream gets
   * the whole body. See docs/request-body.md.
   */
  readonly requestBody?: {
    /** Number of bytes that the server sees, at most 65536. A longer body is cut, and the server is told. */
    readonly maxBytes: number;
  };
  /** Verify the token first. Rules may then have scopes and claims, which the gateway compares. */
  readonly verify?: VerificationInput;
  /** What the server gets of the URL. Default `path-and-query`. */
  readonly uri?: SentUri;
  /** Request headers to send besides the credential. They are in the cache key. */
  readonly requestHeaders?: readonly string[];
  /**
   * Request headers to send that no decision depends on, such as `traceparent`. They are not in the cache key: a cached
   * decision serves requests with other values, and so does a call in progress. Headers that say who the client is are
   * refused. A reply whose `Vary` names one of them is not cached (docs/decision-key.md).
   */
  readonly unkeyedHeaders?: readonly string[];
  /**
   * Headers of the decision that go on to the upstream. Text beyond ASCII is sent as UTF-8 bytes. If a value could not arrive
   * unchanged (blanks at its ends, control characters, bytes that are not UTF-8; in JSON also an empty text), there is no
   * decision and the client gets 503.
   */
  readonly upstreamHeaders?: readonly string[];
  /**
   * Set this if the server reads the scopes and the permission that rules require, and refuses a credential without them: the
   * gateway only passes them on (docs/scopes.md). If false, rules cannot require any. Default false.
   */
  readonly enforcesScopes?: boolean;
}

/** The check carries the method, the URI and the chosen headers; any 2xx allows. */
interface ForwardAuthInput extends AskedAboutRequestInput, CallInput {
  readonly protocol: "forward-auth";
  /** The server to ask, one of `clusters`. */
  readonly cluster: string;
  /** Path of the check. */
  readonly path: string;
  /** Method of the check itself. Default `GET`. */
  readonly method?: "GET" | "HEAD" | "POST";
  /**
   * A request that has no credential in any place of `credentials` gets 401 (`refuse`), or the server is asked about it (`ask`):
   * its redirect to a login page, with its cookies, goes to the client, and an allow lets this one request pass. See
   * docs/sign-in.md. Default `refuse`.
   */
  readonly withoutCredential?: "refuse" | "ask";
  /**
   * Headers of a reply that allows which the client gets with the upstream's response, such as `set-cookie` of a server that
   * renews its session. `set-cookie` is added to the upstream's own, any other replaces the upstream's. Only the request that
   * caused the call gets them, and the decision is not cached.
   */
  readonly clientHeaders?: readonly string[];
}

/** OAuth 2.0 Token Introspection, RFC 7662. Only the token is sent. */
interface IntrospectionInput extends CallInput {
  readonly protocol: "introspection";
  /** The server to ask, one of `clusters`. */
  readonly cluster: string;
  /** Path of the introspection endpoint. */
  readonly path: string;
  readonly clientAuthentication: ClientAuthenticationInput;
  readonly signedReplies?: SignedRepliesInput;
  readonly expect?: ExpectationInput;
  /** Verify the token first; introspection then tells whether it was revoked. */
  readonly verify?: VerificationInput;
  /**
   * Maps claims of the reply to headers for the upstream: `{ sub: "x-user", "realm_access.roles": "x-roles" }`. Keys are names
   * or paths as in a rule's `claims`. Texts are sent as UTF-8 bytes, numbers and booleans as written. Lists of these are
   * joined by commas, `scope` by spaces. Null, empty lists, objects, and lists that hold null, lists or objects leave the header
   * out. If a claim could not arrive unchanged (empty, blanks at its ends, control characters, a comma in an element of a
   * list), there is no decision and the client gets 503.
   */
  readonly upstreamClaims?: Readonly<Record<string, string>>;
}

/**
 * What the reply about an active token must say. Without `audience` or `clientIds`, a token that was issued for another service of
 * the same server is allowed here too. A token that is not as expected gets 401 with `error="invalid_token"`; so does one whose
 * reply lacks the claim. Texts are compared character by character, `tokenType` in any case.
 */
interface ExpectationInput {
  /** `aud` is, or as a list holds, one of these. */
  readonly audience?: string | Variable | readonly (string | Variable)[];
  /** `iss` */
  readonly issuer?: string | Variable;
  /** `token_type`, for example `Bearer`. */
  readonly tokenType?: string;
  /** `client_id` is one of these. */
  readonly clientIds?: readonly (string | Variable)[];
}

interface CallInput {
  /**
   * Headers that go with every call, for example those by which Cloudflare Access knows the gateway. A credential is a secret:
   * `{ "cf-access-client-secret": secret("ACCESS_SECRET") }`.
   */
  readonly headers?: Readonly<Record<string, string | Secret | Variable>>;
}

/** How the gateway authenticates to the introspection endpoint. */
type ClientAuthenticationInput =
  | BasicClientInput
  | PostClientInput
  /** A token in an `Authorization: Bearer` header. */
  | {
      readonly type: "bearer";
      /** The token. */
      readonly token: Secret;
    }
  | PrivateKeyClientInput
  /** No authentication. */
  | { readonly type: "none" };

/** The id and the secret in an `Authorization: Basic` header. */
interface BasicClientInput extends ClientCredentialsInput {
  readonly type: "basic";
}

/** The id and the secret in the body. */
interface PostClientInput extends ClientCredentialsInput {
  readonly type: "post";
}

/** A signature with a private key that the server never sees (`private_key_jwt`, RFC 7523). See docs/introspection.md. */
interface PrivateKeyClientInput {
  readonly type: "private-key-jwt";
  /** The `client_id` of the gateway. */
  readonly id: string | Secret | Variable;
  /** The private key: a JWK, or PKCS#8 in PEM. */
  readonly key: Secret;
  /** How the key signs. */
  readonly algorithm: AsymmetricAlgorithm;
  /** Whom the signature is for, as the server expects it: mostly its issuer, or the URL of its token endpoint. */
  readonly audience: string | Variable;
}

/**
 * Accepts only replies that the server has signed as JWTs (RFC 9701): signature, `typ`, `iss`, `aud` and `iat` are verified. An
 * unsigned reply is no decision, and the client gets 503.
 */
interface SignedRepliesInput {
  /** The `iss` of the replies, character by character. */
  readonly issuer: string | Variable;
  /** The `aud` of the replies. Default: the `id` of `clientAuthentication`. */
  readonly audience?: string | Variable;
  /** Where the issuer's public keys are. Default: discovered from the issuer's metadata. */
  readonly jwks?: {
    /** The server of the keys, one of `clusters`. */
    readonly cluster: string;
    /** Path of the key set. */
    readonly path: string;
  };
  /** Signatures that are accepted. Default: every asymmetric algorithm of RFC 7518 and EdDSA. */
  readonly algorithms?: readonly AsymmetricAlgorithm[];
  /** How long the keys may be used after they could not be fetched again. Default 3600000 (1 hour), at most 24 hours. */
  readonly staleKeysMs?: number;
}

interface ClientCredentialsInput {
  /** The `client_id` of the gateway. */
  readonly id: string | Secret | Variable;
  /** The `client_secret` of the gateway. */
  readonly secret: Secret;
}

interface DecisionPointInput extends AskedAboutRequestInput, CallInput {
  /** The server to ask, one of `clusters`. */
  readonly cluster: string;
  /**
   * First verify the token by introspection, then send its `sub`; or send the `sub` of the token that `verify` has verified
   * (`verified`), with its issuer in the header `x-ebb-token-issuer`. Without this the token itself is sent.
   */
  readonly subject?: "verified" | SubjectInput;
}

/** The introspection that gives the subject. */
interface SubjectInput extends CallInput {
  /** The server to ask, one of `clusters`. */
  readonly cluster: string;
  /** Path of the introspection endpoint. */
  readonly path: string;
  readonly clientAuthentication: ClientAuthenticationInput;
  readonly signedReplies?: SignedRepliesInput;
  readonly expect?: ExpectationInput;
}

/** AuthZEN Authorization API 1.0, access evaluation. See docs/authzen.md. */
interface AuthZenInput extends DecisionPointInput {
  readonly protocol: "authzen";
  /**
   * Path of the evaluation endpoint. Default `/access/v1/evaluation`. `"discover"` finds it in the decision point's metadata,
   * `/.well-known/authzen-configuration`, which must name the cluster's URL as `policy_decision_point`.
   */
  readonly path?: string;
  /** The subject's `type`. Default: `user` for a verified subject, `token` for a token. */
  readonly subjectType?: string;
  /** What the question names as its resource. Default `uri`. */
  readonly resource?: AuthZenResource;
  /** What the question names as its action. Default `permission`. */
  readonly action?: AuthZenAction;
}

/**
 * What AuthZEN's question names as its resource.
 *
 * - `uri`: the part of the URL that is sent (`uri`), with the type `uri`; a rule's pattern with the type `rule`.
 * - `route`: the pattern of the rule that matches, `/todos/{todoId}` for `/todos/:todoId`, with the type `route`. With `uri:
 *   "path"` or `"path-and-query"`, `properties` have the path too and what the parameters stand for.
 */
export type AuthZenResource = "uri" | "route";

/** `permission`: the rule's permission, or else the method. `method`: always the method. */
export type AuthZenAction = "permission" | "method";

/** Open Policy Agent's data API. */
interface OpaInput extends DecisionPointInput {
  readonly protocol: "opa";
  /** `/v1/data/` followed by the policy's package. */
  readonly path: string;
  /**
   * Headers of `response_headers_to_add` beside an allow which the client gets with the upstream's response. `set-cookie` is added to
   * the upstream's own, any other replaces the upstream's. Only the request that caused the call gets them, and the decision is not
   * cached. Others in `response_headers_to_add` are ignored. See docs/opa.md.
   */
  readonly clientHeaders?: readonly string[];
}

/**
 * A place of the credential. The built-in filter knows the schemes Bearer and Basic, plain headers and cookies. All other places are
 * read by the Worker; forward-auth servers see a credential from there as `Authorization: Bearer …`.
 */
type CredentialInput =
  | {
      readonly from: "authorization";
      /** Schemes in any case: `Bearer`, `Basic`, or others such as `ApiKey`. */
      readonly schemes: readonly string[];
    }
  /** The whole value; or what follows a scheme and a blank (`Bearer`), or a prefix (`key=`). */
  | {
      readonly from: "header";
      /** The header. */
      readonly name: string;
      /** What is before a blank and the credential: `Bearer`. */
      readonly scheme?: string;
      /** What is before the credential, without a blank: `key=`. */
      readonly prefix?: string;
    }
  | {
      readonly from: "cookie";
      /** The cookie. */
      readonly name: string;
    }
  /**
   * A query parameter. It is taken out before upstream, server and log see the URL, and the response is `Cache-Control: private`. The
   * platform's own logs still have it.
   */
  | {
      readonly from: "query";
      /** The parameter. */
      readonly name: string;
    }
  /** Of a WebSocket handshake: the text after `name` in `Sec-WebSocket-Protocol: bearer, TOKEN`. */
  | {
      readonly from: "websocket-protocol";
      /** The subprotocol before the credential. Default `bearer`. */
      readonly name?: string;
    }
  /**
   * The SHA-256 fingerprint of the client's certificate, if the platform has verified it (mutual TLS). The fingerprint is no secret,
   * so a certificate is a service's only place, and no other service may accept the same text from a client: give the certificates
   * a server, or a secret with keys, of their own.
   */
  | { readonly from: "certificate" };

interface RulePatternInput {
  /**
   * The whole path as received, with the service's prefix. `:id` in `/orders/:id` matches one segment; `/orders/*` also
   * matches `/orders` and everything below. Plain text, without percent-encoding. Case-sensitive if `paths` is `literal`.
   */
  readonly path: string;
  /** Methods that the rule is for. Default: every method. `GET` includes `HEAD`. Only methods that reach Workers, in capitals. */
  readonly methods?: readonly string[];
}

/** Every request passes; the filter does not see it. */
interface PublicRuleInput extends RulePatternInput {
  readonly public: true;
  readonly scopes?: never;
  readonly claims?: never;
  readonly permission?: never;
}

/** The filter decides; no scopes, claims or permission are required. */
interface AuthenticateRuleInput extends RulePatternInput {
  readonly public?: never;
  readonly scopes?: never;
  readonly claims?: never;
  readonly permission?: never;
}

/**
 * The credential must have the scopes, the claims and the permission. The gateway compares scopes and claims of tokens that it
 * verifies (`jwt`, `verify`) or that introspection describes, and scopes of API keys. Any other server must check scopes and the
 * permission itself: set `authorization.enforcesScopes` if it does.
 */
interface RestrictedRuleInput extends RulePatternInput {
  readonly public?: never;
  /** Scopes that the credential must have. */
  readonly scopes?: ScopesInput;
  /**
   * Conditions that the token's claims must all meet, 1 to 16; only where the gateway knows the claims. A token that does not
   * meet them, or lacks a claim, gets 403 `insufficient_claims`.
   *
   * A key is the name of a claim, or a path to a claim inside others: `"realm_access.roles"`. A name that itself has dots is
   * written in brackets as a JSON string: `'["https://example.com/roles"]'`, or in a path `'["https://example.com/app"].roles'`.
   */
  readonly claims?: Readonly<Record<string, ClaimConditionInput>>;
  /** Name of a permission that the authorization server checks. */
  readonly permission?: string;
}

/** Every scope of a list, or with `anyOf` at least one, 1 to 50. `anyOf` only where the gateway compares. */
export type ScopesInput =
  | readonly string[]
  | {
      /** Scopes, one of which is enough. */
      readonly anyOf: readonly string[];
    };

/**
 * - A text, number or boolean: the claim equals it. Types count: `"3"` is not `3`.
 * - `{ in: ["a", "b"] }`: the claim equals one of these, 1 to 50.
 * - `{ includes: "a" }`: the claim is a list that holds this.
 */
export type ClaimConditionInput =
  | ClaimValueInput
  | {
      /** The claim equals one of these. */
      readonly in: readonly ClaimValueInput[];
      readonly includes?: undefined;
    }
  | {
      /** The claim is a list that holds this. */
      readonly includes: ClaimValueInput;
      readonly in?: undefined;
    };

type ClaimValueInput = string | number | boolean;

type RuleInput = PublicRuleInput | AuthenticateRuleInput | RestrictedRuleInput;

export type Unmatched = "authenticate" | "deny";

/**
 * - `lenient`: the upstream may accept other spellings of a path (case, `;parameters`, dots, blanks and slashes at the end of a
 *   segment, suffixes like `.json`, `/index.php` before it, characters that look alike or have no width, `%3F` before a
 *   query). The strictest rule of all readings counts. If no rule requires everything that the others do, or the path may
 *   belong to another service with the same upstream, the request gets 400 `ambiguous_path`.
 * - `literal`: the upstream treats each spelling as its own resource; rules compare character by character.
 */
export type PathReading = "lenient" | "literal";

/**
 * `authorize` asks the filter; `pass` sends preflights to the upstream unauthorized. `answer` is the older spelling of `cors` and
 * means the same.
 */
type PreflightInput =
  | "authorize"
  | "pass"
  | {
      /** As under `cors`. */
      readonly answer: CorsInput;
    };

/** See docs/cors.md. */
interface CorsInput {
  /**
   * `https://app.example.com`; `https://*.example.com` for all names below it, of one or more labels; a list of these; or `*`,
   * which excludes credentials.
   */
  readonly origins: string | Variable | readonly (string | Variable)[];
  /** Methods that pages may use. Default: GET, HEAD, POST, PUT, PATCH, DELETE. */
  readonly methods?: readonly string[];
  /** Headers that pages may send. Default: authorization, content-type. */
  readonly headers?: readonly string[];
  /**
   * Headers of the gateway's own replies that pages may read, besides www-authenticate, retry-after and x-ebb-reason. The
   * upstream names those of its own responses.
   */
  readonly exposedHeaders?: readonly string[];
  /** How long a browser may keep the answer to a preflight. Default 600. */
  readonly maxAgeSeconds?: number;
  /** Whether pages may send cookies. Default false. */
  readonly credentials?: boolean;
}

/** The metadata of a protected resource, RFC 9728. All of it is public. See docs/mcp.md. */
interface ResourceInput {
  /** The issuers whose tokens the service accepts, character by character. */
  readonly authorizationServers: readonly (string | Variable)[];
  /** Scopes that clients may ask for. Challenges name them where the rule requires none. */
  readonly scopes?: readonly string[];
  /** Name of the service, for people. */
  readonly name?: string;
  /** URL of a page for developers. */
  readonly documentation?: string;
}

interface CacheInput {
  /** Maximum time to cache an allow. Default 600000 (10 minutes). */
  readonly maxTtlMs?: number;
  /** Time to cache a refusal; 0 caches none. Never caches one with more than 8 KiB of headers and page. Default 10000. */
  readonly denyTtlMs?: number;
  /**
   * How long after its expiry an allow may still be used while probes show that the server fails for all clients
   * (`clusters.*.probe`). 502, 503 and 504 count as failing here. Default 0: never.
   */
  readonly staleIfErrorMs?: number;
  /**
   * Whether the reply's Cache-Control (or Expires, if there is no Cache-Control) can forbid caching a decision or shorten its
   * time. Many introspection endpoints send `no-store` with every reply, meant for HTTP caches; `false` caches their decisions
   * for `maxTtlMs`, but never beyond the token's `exp`. Default true.
   */
  readonly obeyCacheControl?: boolean;
  /**
   * The filter's memory never grows beyond this; a multiple of 65536. Refusals get an eighth of it, so invalid tokens cannot
   * push allows out of the cache. Default 33554432 (32 MiB).
   */
  readonly maxBytes?: number;
  /**
   * Whether to persist decisions in the object's storage, once a minute, encrypted with a key derived from `keySecret`. A
   * service that slept then restores its decisions. A purge removes persisted decisions too. Default false.
   */
  readonly persist?: boolean;
  /**
   * How long an allow is also kept in the Worker's isolates, which then need not ask the object: at most so long, and never
   * longer than the decision itself. A purge or a changed right reaches those isolates only when this time is over
   * (docs/edge-cache.md). At most 60000. Default 0: not at all.
   */
  readonly edgeTtlMs?: number;
}

/**
 * When to restart the filter in place, to free memory that it no longer needs. The built-in filter hands its live decisions
 * over. Other filters lose them, and ask for them again, unless they support the handover too (docs/handover.md).
 *
 * - `measured`: when a fresh instance would free enough memory to justify its price: CPU if decisions are handed over
 *   (`workShare`), else extra authorization calls (`extraCallsShare`). Works for any filter: it uses only memory growth and outbound calls.
 * - `ratio`: the paper's rule, taken literally. For comparison; it restarts often.
 * - `uptime`: at a fixed age, `uptimeMs`.
 * - `threshold`: at a fixed size, `thresholdBytes`, whether that memory is needed or not.
 * - `never`: memory only grows. The limits for every policy below still apply.
 */
export type RestartPolicyName = "measured" | "ratio" | "uptime" | "threshold" | "never";

/**
 * The paper's baseline is the size that repeated restarts lead back to; `ratio` never restarts an instance below it. Two
 * readings, see docs/model.md:
 *
 * - `generation`: the instance's own size when its collection ended. It has grown back since its restart, under today's load.
 * - `remembered`: the median of that size over the last five earlier generations. It forgets slowly: when the load falls,
 *   instances stay below the old baseline and are not restarted any more.
 */
export type BaselineReading = "generation" | "remembered";

/**
 * The paper takes the TTL from the moment when fewer pages than outbound calls are added. Two readings, see docs/model.md:
 *
 * - `ratios`: pages per call fall below half of what they were while the cache filled.
 * - `counts`: fewer pages than calls, by the letter. Unless an entry fills a page, this is true in the first bin, so the TTL is
 *   `binMs`.
 */
export type TtlReading = "ratios" | "counts";

/**
 * A filter that asks nobody has no decisions to lose. If its memory keeps growing with its requests, it most likely leaks, and
 * a restart costs only CPU. But it may also fill a table of limited size, or hold counters that a restart resets, such as
 * those of a rate limit: then set `restart: false`. The first such restart is logged.
 */
interface CallFreeGrowthInput {
  /** Whether to restart such a filter. Default true. */
  readonly restart?: boolean;
  /** Age from which growth is taken for a leak. Default 240000 (4 minutes). */
  readonly afterMs?: number;
  /** Growth from which it is taken for a leak, at most a quarter of `hardLimitBytes`. Default 1048576 (1 MiB). */
  readonly minBytes?: number;
}

/**
 * Each policy ignores the fields of the others, so you can try another policy without removing them.
 */
interface RestartInput {
  /** The rule by which the filter is restarted. Default `measured`. */
  readonly policy?: RestartPolicyName;
  /**
   * For `measured`: the share of extra authorization calls that restarts may cost, 0 to 1. Trades memory against calls: with 0,
   * `measured` restarts no filter that would lose decisions. Counted over the last 24 hours, in calls that restarts really caused.
   * Default 0.01: one extra call in a hundred.
   */
  readonly extraCallsShare?: number;
  /**
   * For `measured`, if the filter hands its decisions over: the CPU that restarts may take, as a share of a core, 0 to 0.1. A
   * restart takes about 30 ms. Default 0.0001: one restart in five minutes.
   */
  readonly workShare?: number;
  /** For `measured`: what to do if memory grows although the filter makes no authorization call. */
  readonly callFreeGrowth?: CallFreeGrowthInput;
  /**
   * Time to collect data before the first restart: for `measured` from the first start of a service, or until its TTL is
   * known if that is earlier; for `ratio` from the start of each instance. Default 900000 (15 minutes).
   */
  readonly collectMs?: number;
  /** For `ratio`: the reading of the paper's baseline. Default `generation`. */
  readonly baseline?: BaselineReading;
  /** For `ratio`: the reading of the paper's TTL rule. Default `ratios`; `counts` is by the letter, for comparison. */
  readonly literal?: TtlReading;
  /** Width of the bins for the ratios and trends of `ratio`. Default 60000, or `collectMs` if that is shorter. */
  readonly binMs?: number;
  /**
   * Longest TTL estimate. Set it above the longest time that a decision is cached: too short an estimate counts memory as free
   * that is in use. Default 600000 (10 minutes), or `cache.maxTtlMs` if that is longer.
   */
  readonly ttlCapMs?: number;
  /** The TTL to assume while none is known. Default `ttlCapMs`. */
  readonly ttlDefaultMs?: number;
  /** Time between two samples. Default 10000, or `binMs` if that is shorter. */
  readonly sampleIntervalMs?: number;
  /**
   * For every policy: minimum age before any restart, so that a wrong judgement cannot cause a storm of restarts. Default
   * 60000, or `collectMs` if that is shorter.
   */
  readonly minLifetimeMs?: number;
  /** For every policy: each instance is restarted at this age, or up to a tenth earlier. Default 604800000 (7 days). */
  readonly maxUptimeMs?: number;
  /**
   * For every policy: an instance is restarted if it has this size, or will by the next sample. Must be above
   * `cache.maxBytes`, at which the built-in filter discards old decisions instead. The maximum memory of your own module must
   * not be higher; `npm run build` checks that (docs/bring-a-filter.md). At most 134217728 (128 MiB, which all services
   * share). Default 67108864 (64 MiB), or twice `cache.maxBytes` if that is more.
   */
  readonly hardLimitBytes?: number;
  /** For `uptime`: the age at which an instance is restarted, or up to a tenth earlier. Default 3600000 (1 hour). */
  readonly uptimeMs?: number;
  /** For `threshold`: the size at which an instance is restarted. Default 16777216 (16 MiB). */
  readonly thresholdBytes?: number;
}

/** Declares the gateway: `export default defineGateway({ ... })`. Returns its argument; it exists for its type. */
export function defineGateway(gateway: GatewayInput): GatewayInput {
  return gateway;
}

/** Names an environment variable whose value is filled in when an instance starts, so that no secret is in the file. */
export function secret(name: string): Secret {
  return { secret: name };
}

/**
 * Names a variable of the environment (`[vars]` in wrangler.toml) whose value is filled in when the gateway gets its first request,
 * and then checked as if it stood in the file. May stand for URLs of upstreams and clusters, issuers, audiences, client IDs,
 * the values of fixed headers, and any text in a filter's own `configuration`. See docs/environments.md.
 */
export function variable(name: string): Variable {
  return { variable: name };
}
