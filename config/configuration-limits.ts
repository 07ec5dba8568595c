/** Bounds of the configuration. Each says what it protects; the units are in the names. */
export const CONFIG_LIMITS = {
  /** One Wasm page; linear memory is counted in these. */
  pageBytes: 65_536,
  /** Below this the built-in filter's own tables and scratch leave no room for entries. */
  minCacheBytes: 8 * 65_536,
  /** An isolate has 128 MB for the code, the gateway and every filter in it; more than this resets all of them. */
  maxCacheBytes: 100 * 1024 * 1024,
  /** A revoked credential stays allowed for up to this long, so no configuration may ask for more. */
  maxTtlMs: 24 * 60 * 60_000,
  /** How long an unreachable authorization server may be papered over with old answers. */
  maxStaleIfErrorMs: 60 * 60_000,
  /** A client has given up long before; a waiting call also holds one of six connections. */
  maxTimeoutMs: 60_000,
  /** Workers lets six connections wait for response headers at once; the seventh queues behind them unseen. */
  maxConcurrency: 6,
  /** A held-back body lies in the filter's memory and again in the host's; the isolate has 128 MB for all of it. */
  maxBodyBytes: 16 * 1024 * 1024,
  maxRestartMs: 24 * 60 * 60_000,
  /** Ages at which an instance is restarted. The platform moves objects more often than this. */
  maxUptimeMs: 30 * 24 * 60 * 60_000,
  /** The memory of an isolate: a larger instance would have reset every service before it could be restarted. */
  maxInstanceBytes: 128 * 1024 * 1024,
  maxPreflightAgeSeconds: 86_400,
  maxServices: 200,
  /** Lists a user writes: hosts, rules, header names, scopes, origins. Rules are tried one after the other. */
  maxListLength: 500,
  /** What the built-in filter reads of a request, sends as fixed headers, or hands to the upstream: its own tables' size. */
  maxFilterHeaders: 32,
  /** Paths, host names, permissions and other short texts. */
  maxTextLength: 1_000,
} as const;
