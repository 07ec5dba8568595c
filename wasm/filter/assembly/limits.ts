/** All limits of the filter. They bound everything that a hostile peer can make grow. */

/** Longer credentials are refused: real tokens are below 4 KiB, and every request hashes each byte. */
export const MAX_TOKEN_BYTES: usize = 8192;

/** A purge of a longer text purges everything: its canonical form might not fit into the arena. */
export const MAX_PURGE_BYTES: usize = 16384;

/** Longer JSON from an authorization server is malformed. */
export const MAX_JSON_REPLY_BYTES: u32 = 32768;

/** A longer refusal page is not passed to the client; JSON with the reason replaces it. */
export const MAX_REFUSAL_PAGE_BYTES: u32 = 65536;

/** A longer Retry-After is neither seconds nor a date. */
export const MAX_RETRY_AFTER_BYTES: usize = 32;

/** Larger decisions are used but not kept: one reply must not displace thousands of others. */
export const MAX_PAYLOAD_BYTES: usize = 16384;

/** How far an `nbf` may be ahead of the host's clock: servers issue tokens that are valid from now by their own clock. */
export const MAX_CLOCK_SKEW_MS: u64 = 60000;

/** As MAX_PAYLOAD_BYTES, for refusals, which anyone can cause: a larger page goes to the client and is not kept. */
export const MAX_REFUSAL_PAYLOAD_BYTES: usize = 8192;

/** Different keys with a pending call. Beyond: 503 authorization_server_overloaded. */
export const MAX_PENDING: i32 = 256;

/** Requests waiting for those calls, all keys together. Beyond: 503 authorization_server_overloaded. */
export const MAX_WAITERS: i32 = 2048;

/** Nesting of JSON; deeper documents are malformed. Limits the reader's recursion. */
export const MAX_JSON_DEPTH: i32 = 32;

/** Work units of the timing wheel (an expiry, a move, a step) per request. */
export const EXPIRIES_PER_REQUEST: i32 = 64;

/** The same per tick (one a second): 100,000 entries that expire together are gone after two ticks. */
export const EXPIRIES_PER_TICK: i32 = 65536;

export const TICK_PERIOD_MS: u32 = 1000;

/** Headers of one outbound call or one local response. The configuration's limits stay below it. */
export const MAX_WRITTEN_HEADERS: u32 = 128;

/** Upstream headers that a decision may set; one bit each in a u32. */
export const MAX_UPSTREAM_HEADERS: u32 = 32;

/** Headers that one reply of OPA may remove from the request, and those that it may give the client with a denial. */
export const MAX_REMOVED_HEADERS: u32 = 64;
export const MAX_TOLD_HEADERS: u32 = 32;

export const MAX_CREDENTIAL_SOURCES: u32 = 16;
/** Claims of an introspection reply that the configuration has expectations of: one bit each. */
export const MAX_EXPECTATIONS: u32 = 8;
export const MAX_EXPECTED_VALUES: u32 = 500;
/** Conditions of one rule on claims: the reply is searched once for each. */
export const MAX_CLAIM_CONDITIONS: u32 = 16;
export const MAX_CLAIM_PATH_DEPTH: u32 = 8;
export const MAX_CLAIM_VALUES: u32 = 50;
export const MAX_REQUEST_HEADERS: u32 = 32;
export const MAX_FIXED_HEADERS: u32 = 32;
export const MAX_RULES: u32 = 4096;
export const MAX_SCOPES_BYTES: usize = 4096;

export const MAX_CONFIGURATION_BYTES: u32 = 1048576;
export const MAX_CONFIGURATION_TEXT_BYTES: usize = 8192;

/** A day. The timing wheel could hold 24 days; a decision should not live that long. */
export const MAX_TTL_MS: f64 = 86400000;
export const MAX_TIMEOUT_MS: f64 = 600000;

/** Minimum size of a handover chunk: it must hold the largest decision and all removals. */
export const MIN_CHUNK_BYTES: usize = 32768;

/** Entries examined for one chunk, including those that are not written. */
export const ENTRIES_PER_CHUNK: i32 = 16384;
