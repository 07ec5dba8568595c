/**
 * What a user writes in `gateway.config.ts`. These types exist for editors: they complete fields, show these comments
 * and underline wrong ones. The same shapes are checked again at start, because a bundler drops types.
 */

/** A value kept out of the file: the name of an environment variable. Made by {@link secret}. */
export type Secret = { readonly secret: string };

export interface GatewayInput {
  /** The operator's pages. No service can claim paths under the prefix. */
  readonly operator?: {
    /** Default `/stats`. */
    readonly prefix?: string;
    /** Name of the secret that opens the operator's pages. Default `OPERATOR_TOKEN`. */
    readonly tokenSecret?: string;
  };
  /**
   * Name of the secret from which the gateway derives its keys: of the digests in caches, and of what `cache.persist`
   * stores. At least 32 random characters (`openssl rand -base64 32`). Default `EBB_KEY`; without it the digests' key is
   * random, and nothing can be persisted.
   */
  readonly keySecret?: string;
  /** Memory of all filters together: one isolate has 128 MB for them, the code and everything else. */
  readonly memory?: {
    /** Above it, services are asked to restart, the one that gives back most for its price first. Default 100663296 (96 MiB). */
    readonly highBytes?: number;
    /**
     * From here on no price counts, and requests wait (half a second at most) for memory that is on its way back. Default
     * 109051904 (104 MiB).
     */
    readonly hardBytes?: number;
    /**
     * How long V8 may take to collect the memory of a filter that was restarted. Then a collection is provoked, for 4 MiB and
     * more. Default 1000.
     */
    readonly collectAfterMs?: number;
  };
  /** Protected services by name. Each gets its own object, with its own filter and cache. */
  readonly services: Readonly<Record<string, ServiceInput>>;
}

/** A service uses the built-in filter (`authorization`) or any other Proxy-Wasm filter (`configuration`). */
export type ServiceInput = BuiltInServiceInput | OtherServiceInput;

interface CommonServiceInput {
  readonly route: RouteInput;
  readonly upstream: UpstreamInput;
  /** The compiled filter: `import filter from "./wasm/filter/build/filter.wasm"`. */
  readonly filter: WebAssembly.Module;
  /** Servers the filter may call, by the name it calls them. */
  readonly clusters?: Readonly<Record<string, ClusterInput>>;
  /** What a path without a rule needs. `deny` makes the rules an exhaustive list. Default `authenticate`. */
  readonly unmatched?: Unmatched;
  /** How the upstream reads paths. Default `lenient`. */
  readonly paths?: PathReading;
  /** CORS preflights carry no credentials. Default `authorize`: treated like any other request. */
  readonly preflight?: PreflightInput;
  /**
   * Headers by which the upstream recognizes the caller. Taken out of every request; only the filter can set them.
   * Headers named by `upstreamHeaders` and `upstreamClaims` are in the list without being written here, and what proxies say of
   * requests by convention never passes (config/overriding-headers.ts). `x-auth-*` stands for all names that begin so.
   */
  readonly identityHeaders?: readonly string[];
  /** What happens to requests while the filter itself does not work. Default `closed`. */
  readonly failurePolicy?: FailurePolicy;
  readonly restart?: RestartInput;
}

/**
 * What happens while the filter itself does not work. A request during which it traps is answered 503 under every policy,
 * and so is every other request that waited in the same instance. What differs is what comes after:
 *
 * - `closed`: requests get 503 while there is no filter. After a first trap the next request gets a fresh instance at
 *   once; from the second trap in a row on, and from the first failed start on, a pause comes before it: 1 s, doubled
 *   each time, 60 s at most, each shortened at random by up to a half. 60 s without a failure end the row.
 * - `reload`: the same, with the pause after the first trap already.
 * - `open`: as `closed`, but requests pass without a decision while the filter cannot be *started* (it traps at start,
 *   refuses its configuration, is no Proxy-Wasm filter). They are counted as `failedOpen`. It never covers traps or the
 *   pauses after them, nor failed starts in a row that a trap began: whoever can make the filter trap could otherwise
 *   open the gate. A secret that is not set is a mistake of the gateway's, not of the filter's, and keeps it closed too.
 */
export type FailurePolicy = "closed" | "open" | "reload";

export interface BuiltInServiceInput extends CommonServiceInput {
  /** Which server decides, and how it is asked. */
  readonly authorization: AuthorizationInput;
  /**
   * Limits how many calls to the authorization server each client address (IPv6: each /64) can bring about, by a rate limiting binding of
   * the Worker: `[[ratelimits]]` in wrangler.toml. Beyond it the client gets 429; kept decisions are not limited. Default: none.
   */
  readonly rateLimit?: { readonly binding: string };
  readonly configuration?: never;
  readonly vmConfiguration?: never;
  readonly rootId?: never;
  /** Where the credential is; the first source that is present counts. Default: `Authorization: Bearer`. */
  readonly credentials?: readonly CredentialInput[];
  /** What paths need, first match wins. */
  readonly rules?: readonly RuleInput[];
  readonly cache?: CacheInput;
  readonly stages?: never;
  readonly body?: never;
  readonly ticks?: never;
  /**
   * Let requests pass while the authorization server answers nobody, as probes find out (`clusters.*.probe`): at the
   * earliest 30 s after the last call. Counted and shown. Default false.
   */
  readonly failOpen?: boolean;
}

export interface OtherServiceInput extends CommonServiceInput {
  readonly authorization?: never;
  /** Handed to the filter as its plugin configuration: text as it is, anything else as JSON. */
  readonly configuration: Json;
  /** Handed to the filter as its VM configuration, which few filters read. Text as it is, anything else as JSON. */
  readonly vmConfiguration?: Json;
  /** Chooses among the filters of one module (Envoy's `root_id`); some modules start only under their own. Default "". */
  readonly rootId?: string;
  readonly credentials?: never;
  /** What paths need, first match wins. Scopes and permissions are the built-in filter's; others read the path. */
  readonly rules?: readonly (PublicRuleInput | AuthenticateRuleInput)[];
  /**
   * What the filter sees beside the request's head. Default: nothing, even if it exports the callbacks, because SDKs
   * export every callback whether it is used or not, and bodies that travel through the object cost time and money.
   */
  readonly stages?: readonly StageInput[];
  /** Only with a body stage. */
  readonly body?: BodyInput;
  /** What runs the filter's `on_tick`, if it sets a tick period. Default `requests`. */
  readonly ticks?: Ticks;
  readonly cache?: never;
  readonly failOpen?: never;
  readonly rateLimit?: never;
}

/** Trailers are not among them: Workers hands out none. */
export type StageInput = "request-body" | "response-headers" | "response-body";

interface BodyInput {
  /**
   * Bytes of one body that the filter may hold back by pausing. Beyond it the client gets 413, or 500 for a response, as
   * in Envoy. Bodies that the filter lets through chunk by chunk may be of any length. Default 1048576 (1 MiB), at most
   * 16777216.
   */
  readonly limitBytes?: number;
  /**
   * Whether the filter gets the request's body while it holds back its head. Default false, as in Envoy; filters written
   * for Higress expect true. Only with the stage `request-body`.
   */
  readonly whileHeadersPaused?: boolean;
}

/**
 * - `requests`: a tick that is due runs before the next request's head, and that request waits (2 s at most) for the
 *   calls the tick makes. The first one of an instance is due at once, and every request waits for its calls: keys that
 *   a filter fetches by ticks are there before it decides. No request, no tick.
 * - `alarm`: also by the object's alarm, every 5 s at most. It keeps caches warm, and it wakes the object for good: each
 *   alarm is billed as a request and a write.
 */
export type Ticks = "requests" | "alarm";

/** JSON, with {@link secret} wherever a text could stand. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** At least one of the two. */
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
      /** Take the prefix off before the request goes to the upstream. Rules always see the whole path. Default false. */
      readonly stripPrefix?: boolean;
    };

/** A URL, whose path (if any) is put before the request's, or a service binding of this Worker. */
export type UpstreamInput =
  | { readonly url: string; readonly binding?: never }
  | { readonly binding: string; readonly url?: never };

interface CommonClusterInput {
  /** From the call to the whole reply; a time-out may come up to a sixteenth of it late. Default 2000. */
  readonly timeoutMs?: number;
  /** Calls in flight at once, 1 to 6; others wait in a queue. One client's calls leave a place to others. Default 6. */
  readonly concurrency?: number;
  /** How the gateway finds out whether the server answers anybody, once a call got no answer. */
  readonly probe?: ProbeInput;
}

/**
 * When a call to an authorization server gets no answer, the gateway sends a request of its own, in which nothing comes from
 * a client. While that gets no answer either, clients' calls are not sent; `failOpen` and `staleIfErrorMs` apply once at
 * least five probes in a row, over at least 30 s, have failed. The first answer ends it.
 */
interface ProbeInput {
  /** Fetched by GET. Default: the check itself, without a credential. */
  readonly path?: string;
  /**
   * A balancer in front of the server answers 502, 503 or 504 (Cloudflare 520 to 527 or 530) when the server is down, so these
   * count as no answer, and may open the gate (`failOpen`). Default false: any answer keeps it closed.
   */
  readonly behindBalancer?: boolean;
}

export type ClusterInput =
  | (CommonClusterInput & {
      /** Scheme, host and port only; the path stands in `authorization`. */
      readonly url: string;
      readonly binding?: never;
    })
  | (CommonClusterInput & {
      readonly binding: string;
      readonly url?: never;
      /** The host name the bound Worker is called by. Default: the name of the cluster. */
      readonly host?: string;
    });

type AuthorizationInput = ForwardAuthInput | IntrospectionInput | AuthZenInput | OpaInput;

/** How much of the URL is sent to the decision point. What is sent is part of the cache's key. */
export type SentUri = "path-and-query" | "path" | "none";

interface AskedAboutRequestInput {
  /** Default `path-and-query`. */
  readonly uri?: SentUri;
  /** Request headers sent along, besides the credential. */
  readonly requestHeaders?: readonly string[];
  /**
   * Headers of the decision that go on to the upstream. Text beyond ASCII is sent as its UTF-8 bytes. A value that would
   * arrive as another one (blanks at its ends, control characters, bytes that are not UTF-8; in JSON also an empty text)
   * is no decision: 503.
   */
  readonly upstreamHeaders?: readonly string[];
  /**
   * States that this server reads the scopes and the permission that rules ask for, and refuses a credential without them:
   * the gateway only passes them on (docs/scopes.md). Without it, rules cannot ask for any. Default false.
   */
  readonly enforcesScopes?: boolean;
}

/** The check carries method, URI and chosen headers; any 2xx allows. */
interface ForwardAuthInput extends AskedAboutRequestInput {
  readonly protocol: "forward-auth";
  readonly cluster: string;
  readonly path: string;
  /** Method of the check itself. Default `GET`. */
  readonly method?: "GET" | "HEAD" | "POST";
}

/** OAuth 2.0 Token Introspection, RFC 7662. Only the token is sent. */
interface IntrospectionInput {
  readonly protocol: "introspection";
  readonly cluster: string;
  readonly path: string;
  readonly clientAuthentication: ClientAuthenticationInput;
  /**
   * Claim of the reply to header for the upstream: `{ sub: "x-user" }`. Texts are sent as their UTF-8 bytes, numbers and
   * booleans as they are written; null, lists (but of scopes) and objects leave the header out. A claim that would arrive
   * as another one (empty, blanks at its ends, control characters) is no decision: 503.
   */
  readonly upstreamClaims?: Readonly<Record<string, string>>;
}

/** How the gateway proves itself to the introspection endpoint. */
type ClientAuthenticationInput =
  | { readonly type: "basic" | "post"; readonly id: string | Secret; readonly secret: Secret }
  | { readonly type: "bearer"; readonly token: Secret }
  | { readonly type: "none" };

interface DecisionPointInput extends AskedAboutRequestInput {
  readonly cluster: string;
  /** Fixed headers of the call. */
  readonly headers?: Readonly<Record<string, string | Secret>>;
  /** Verify the token by introspection first and ask about its `sub`. Without it the token itself is sent. */
  readonly subject?: {
    readonly cluster: string;
    readonly path: string;
    readonly clientAuthentication: ClientAuthenticationInput;
  };
}

/** AuthZEN Authorization API 1.0, access evaluation. */
interface AuthZenInput extends DecisionPointInput {
  readonly protocol: "authzen";
  /** Default `/access/v1/evaluation`. */
  readonly path?: string;
}

/** Open Policy Agent's data API. */
interface OpaInput extends DecisionPointInput {
  readonly protocol: "opa";
  /** `/v1/data/` and the policy's package. */
  readonly path: string;
}

type CredentialInput =
  | { readonly from: "authorization"; readonly schemes: readonly ("Bearer" | "Basic" | "bearer" | "basic")[] }
  | { readonly from: "header"; readonly name: string }
  | { readonly from: "cookie"; readonly name: string };

interface RulePatternInput {
  /**
   * The whole path as received, with the service's prefix: `/orders/:id` for one segment, `/orders/*` for any rest,
   * also none. Written as plain text, without percent-encoding. Case-sensitive.
   */
  readonly path: string;
  /** Default: every method. `GET` includes `HEAD`. Only methods that Workers are handed, in capitals. */
  readonly methods?: readonly string[];
}

/** Anyone may pass; the filter is not asked. */
interface PublicRuleInput extends RulePatternInput {
  readonly public: true;
  readonly scopes?: never;
  readonly permission?: never;
}

/** The filter decides, nothing more is asked for. */
interface AuthenticateRuleInput extends RulePatternInput {
  readonly public?: never;
  readonly scopes?: never;
  readonly permission?: never;
}

/**
 * The filter decides, and the credential must carry every scope and the permission. Under introspection the gateway compares
 * the scopes; any other server has to, and `authorization.enforcesScopes` states that it does.
 */
interface RestrictedRuleInput extends RulePatternInput {
  readonly public?: never;
  readonly scopes?: readonly string[];
  readonly permission?: string;
}

type RuleInput = PublicRuleInput | AuthenticateRuleInput | RestrictedRuleInput;

export type Unmatched = "authenticate" | "deny";

/**
 * - `lenient`: the upstream may take other spellings for the same resource (case, `;parameters`, dots, blanks and slashes at
 *   the end of a segment, suffixes like `.json`, `/index.php` before it, characters that look alike or have no width, `%3F` before a query). The strictest rule of all readings counts; where two rules ask for different things,
 *   or the path may be one of another service with the same upstream, the request gets 400 `ambiguous_path`.
 * - `literal`: the upstream takes each spelling for a resource of its own; rules compare letter by letter.
 */
export type PathReading = "lenient" | "literal";

/** `pass` sends preflights to the upstream unauthorized; `answer` lets the gateway answer them. */
type PreflightInput =
  | "authorize"
  | "pass"
  | {
      readonly answer: {
        /** `https://app.example.com`; `https://*.example.com` for all names below; or `*` alone, which excludes credentials. */
        readonly origins: readonly string[];
        /** Default: GET, HEAD, POST, PUT, PATCH, DELETE. */
        readonly methods?: readonly string[];
        /** Default: authorization, content-type. */
        readonly headers?: readonly string[];
        /** How long a browser may keep the answer. Default 600. */
        readonly maxAgeSeconds?: number;
        /** Default false. */
        readonly credentials?: boolean;
      };
    };

interface CacheInput {
  /** Longest life of an allow decision. Default 600000 (10 minutes). */
  readonly maxTtlMs?: number;
  /** Life of a refusal; 0 keeps none, and one with more than 8 KiB of headers and page is never kept. Default 10000. */
  readonly denyTtlMs?: number;
  /**
   * How long after its expiry an allow may still be used while the server fails for everybody, as probes find out
   * (`clusters.*.probe`); 502, 503 and 504 count as failing here. Default 0: never.
   */
  readonly staleIfErrorMs?: number;
  /**
   * Whether the reply's Cache-Control, or an Expires without one, can forbid or shorten keeping a decision. Many introspection endpoints send
   * `no-store` with every reply, meant for HTTP caches; `false` keeps their decisions for `maxTtlMs`, never beyond the
   * token's `exp`. Default true.
   */
  readonly obeyCacheControl?: boolean;
  /**
   * The filter's memory never grows beyond this; a multiple of 65536. An eighth of it is left to refusals, so that tokens of
   * strangers push out no good decision. Default 33554432 (32 MiB).
   */
  readonly maxBytes?: number;
  /**
   * Whether decisions are also written to the object's storage, once a minute, encrypted by a key derived from `keySecret`:
   * a service that sleeps comes back with its decisions. A purge removes them there too. Default false.
   */
  readonly persist?: boolean;
}

/**
 * When the filter is restarted in place, so that memory it no longer needs is given back. The built-in filter hands its
 * live decisions on; another one loses them, unless it can do so too (docs/handover.md), and asks for them again.
 *
 * - `measured`: when a fresh instance would hold so much less that it is worth the extra authorization calls, which
 *   together stay below `extraCallsShare`. Works for any filter: it goes by memory growth and outbound calls alone.
 * - `ratio`: the rule of the paper, read literally. For comparison; it restarts often.
 * - `uptime`: at a fixed age, `uptimeMs`.
 * - `threshold`: at a fixed size, `thresholdBytes`, whether that memory is needed or not.
 * - `never`: memory only grows. The backstops below still hold.
 */
export type RestartPolicyName = "measured" | "ratio" | "uptime" | "threshold" | "never";

/**
 * Fields that belong to one policy may stand beside another, which does not read them: a policy can be tried without
 * taking out what the last one needed.
 */
interface RestartInput {
  /** Default `measured`. */
  readonly policy?: RestartPolicyName;
  /**
   * The share of extra authorization calls that restarts may cost, 0 to 1, for the policy `measured`. The one knob
   * between memory and calls: 0 leaves only what the backstops restart. Default 0.01: one call more in a hundred.
   */
  readonly extraCallsShare?: number;
  /**
   * Time in which nothing is judged: from the first start of a service for `measured`, from the start of each instance
   * for `ratio`. Default 900000 (15 minutes).
   */
  readonly collectMs?: number;
  /** Width of the bins in which `ratio` forms its ratios and trends. Default 60000, or `collectMs` if that is shorter. */
  readonly binMs?: number;
  /**
   * Longest TTL the estimate may find. Set it above the longest life of a decision: an estimate that is too short thinks
   * memory free that is in use. Default 600000 (10 minutes), or `cache.maxTtlMs` if that is longer.
   */
  readonly ttlCapMs?: number;
  /** The TTL that is assumed while none is known. Default `ttlCapMs`. */
  readonly ttlDefaultMs?: number;
  /** Default 10000, or `binMs` if that is shorter. */
  readonly sampleIntervalMs?: number;
  /**
   * Behind every policy: no instance is restarted before this age, so that no mistake becomes a storm of restarts.
   * Default 60000, or `collectMs` if that is shorter.
   */
  readonly minLifetimeMs?: number;
  /** Behind every policy: each instance is restarted at this age, up to a tenth earlier. Default 604800000 (7 days). */
  readonly maxUptimeMs?: number;
  /**
   * Behind every policy: an instance that holds so much, or will by the next sample, is restarted. Above `cache.maxBytes`,
   * at which the built-in filter takes out old decisions instead. A module of your own must have no higher maximum, which
   * `npm run build` checks (docs/bring-a-filter.md). At most 134217728 (128 MiB, what all services share). Default
   * 67108864 (64 MiB), or twice `cache.maxBytes` if that is more.
   */
  readonly hardLimitBytes?: number;
  /** For `uptime`: the age at which an instance is restarted, up to a tenth earlier. Default 3600000 (1 hour). */
  readonly uptimeMs?: number;
  /** For `threshold`: the size at which an instance is restarted. Default 16777216 (16 MiB). */
  readonly thresholdBytes?: number;
}

/** Declares the gateway: `export default defineGateway({ ... })`. Returns its argument; it exists for its type. */
export function defineGateway(gateway: GatewayInput): GatewayInput {
  return gateway;
}

/** Names an environment variable whose value is filled in when an instance starts, so that no secret stands in the file. */
export function secret(name: string): Secret {
  return { secret: name };
}
