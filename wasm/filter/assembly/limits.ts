/** Every bound of the filter in one place. What a hostile peer can make grow, stops here. */

/** Longer credentials are refused: real tokens stay below 4 KiB, and each byte is hashed on every request. */
export const MAX_TOKEN_BYTES: usize = 8192;

/** A purge of a longer text is one of everything: its canonical form might not fit into the arena. */
export const MAX_PURGE_BYTES: usize = 16384;

/** Longer JSON of an authorization server is malformed. */
export const MAX_JSON_REPLY_BYTES: u32 = 32768;

/** A refusal's page that is longer does not pass on to the client; JSON that names the reason takes its place. */
export const MAX_REFUSAL_PAGE_BYTES: u32 = 65536;

/** A Retry-After that is longer is neither seconds nor a date. */
export const MAX_RETRY_AFTER_BYTES: usize = 32;

/** Larger decisions are answered but not kept: one reply must not displace thousands of others. */
export const MAX_PAYLOAD_BYTES: usize = 16384;

/** How far an `nbf` may lie ahead of our clock: servers issue tokens that are valid from now on by theirs. */
export const MAX_CLOCK_SKEW_MS: u64 = 60000;

/** The same for refusals, which strangers bring about: one with a larger page goes to the client and is not kept. */
export const MAX_REFUSAL_PAYLOAD_BYTES: usize = 8192;

/** Different keys with a call under way. Beyond: 503 authorization_server_overloaded. */
export const MAX_PENDING: i32 = 256;

/** Requests waiting for those calls, all keys together. Beyond: 503 authorization_server_overloaded. */
export const MAX_WAITERS: i32 = 2048;

/** Nesting of JSON that is read; deeper documents are malformed. Bounds the recursion of the scanner. */
export const MAX_JSON_DEPTH: i32 = 32;

/** Work units of the timing wheel (an expiry, a move, a step) that one request pays for. */
export const EXPIRIES_PER_REQUEST: i32 = 64;

/** The same for the host's tick each second: 100,000 entries of one instant are gone after two ticks. */
export const EXPIRIES_PER_TICK: i32 = 65536;

export const TICK_PERIOD_MS: u32 = 1000;

/** Headers of one outbound call or one local response. The configuration's limits keep below it. */
export const MAX_WRITTEN_HEADERS: u32 = 128;

/** Upstream headers that a decision may set. A bit each in a u32. */
export const MAX_UPSTREAM_HEADERS: u32 = 32;

export const MAX_CREDENTIAL_SOURCES: u32 = 16;
export const MAX_REQUEST_HEADERS: u32 = 32;
export const MAX_FIXED_HEADERS: u32 = 32;
export const MAX_RULES: u32 = 4096;
export const MAX_SCOPES_BYTES: usize = 4096;

export const MAX_CONFIGURATION_BYTES: u32 = 1048576;
export const MAX_CONFIGURATION_TEXT_BYTES: usize = 8192;

/** A day. The timing wheel reaches 24 days; a decision should not. */
export const MAX_TTL_MS: f64 = 86400000;
export const MAX_TIMEOUT_MS: f64 = 600000;

/** A chunk of a handover is at least so large: it must hold the largest decision and all removals. */
export const MIN_CHUNK_BYTES: usize = 32768;

/** Entries looked at for one chunk, those that are not written included. */
export const ENTRIES_PER_CHUNK: i32 = 16384;
