import { PAGE_BYTES } from "../wasm/byte-units.ts";

/** Bounds of the configuration. Names include the units. */
export const CONFIG_LIMITS = {
  /** One Wasm page, the unit of linear memory. */
  pageBytes: PAGE_BYTES,
  /** Below this the built-in filter's own tables and scratch memory leave no room for entries. */
  minCacheBytes: 8 * 65_536,
  /** An isolate has 128 MB for the code, the gateway and all its filters. If they exceed that, all of them are reset. */
  maxCacheBytes: 100 * 1024 * 1024,
  /** A revoked credential can stay allowed for this long. */
  maxTtlMs: 24 * 60 * 60_000,
  /** A purge does not reach a Worker's isolates for this long. */
  maxEdgeTtlMs: 60_000,
  /** How long old decisions may be used while the authorization server is unreachable. */
  maxStaleIfErrorMs: 60 * 60_000,
  /** How long the keys of an issuer may be used that does not give them again: a withdrawn key stays accepted as long. */
  maxStaleKeysMs: 24 * 60 * 60_000,
  /** The default of `staleKeysMs`. */
  defaultStaleKeysMs: 60 * 60_000,
  /** Issuers of one service. Each has a key set. */
  maxIssuers: 16,
  /** Secrets with API keys of one service: each holds 5 KB, about 60 keys. */
  maxKeySecrets: 50,
  /** Clients give up long before this, and a waiting call holds a place. */
  maxTimeoutMs: 60_000,
  /** Calls to one authorization server at once. More than it can bear would only make all of them slower. */
  maxConcurrency: 512,
  /** The first bytes of a body that a check may see. The object holds them for each request that waits for a decision. */
  maxSentBodyBytes: 65_536,
  /** A held-back body is in the filter's memory and again in the host's; the isolate has 128 MB for both. */
  maxBodyBytes: 16 * 1024 * 1024,
  /** Durations in the settings of restarts. */
  maxRestartMs: 24 * 60 * 60_000,
  /** Ages at which an instance is restarted. The platform moves objects more often than this. */
  maxUptimeMs: 30 * 24 * 60 * 60_000,
  /** The memory of an isolate: a larger instance would reset every service before it could be restarted. */
  maxInstanceBytes: 128 * 1024 * 1024,
  /** No browser keeps an answer to a preflight longer than this. */
  maxPreflightAgeSeconds: 86_400,
  /** Services of one gateway. Each has a Durable Object of its own. */
  maxServices: 200,
  /** Tokens for single services. Each guess is compared with all of them. */
  maxOperatorTokens: 200,
  /** Lists in the configuration: hosts, rules, header names, scopes, origins. Rules are tried one by one. */
  maxListLength: 500,
  /** Headers that the built-in filter reads, sends with calls or passes to the upstream: the size of its tables. */
  maxFilterHeaders: 32,
  /** Conditions of one rule on claims; the filter searches the reply once for each. */
  maxClaimConditions: 16,
  /** Names on the way to a claim. */
  maxClaimPathDepth: 8,
  /** Values of one condition. */
  maxClaimValues: 50,
  /** Scopes of one rule. */
  maxScopes: 50,
  /** Scopes of one rule with a blank between them, as the filter keeps them and challenges name them. */
  maxScopesLength: 4_096,
  /** A rule's pattern as it is sent, percent-encoded: the longest text in the filter's configuration. */
  maxSentRuleLength: 8_000,
  /** Properties that are given to a filter. */
  maxProperties: 100,
  /** A property's text. Filters copy it into their memory each time they read it. */
  maxPropertyLength: 8_000,
  /** Paths, host names, permissions and other short texts. */
  maxTextLength: 1_000,
} as const;
