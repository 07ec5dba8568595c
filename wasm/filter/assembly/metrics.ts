import { METRIC_COUNTER, METRIC_GAUGE, STATUS_OK } from "./abi";
import { arenaMark, rewindArena } from "./arena";
import { credentialCount } from "./credential-count";
import { proxy_define_metric, proxy_increment_metric, proxy_record_metric } from "./env";
import { entryCount, INDEX_BYTES_PER_ENTRY } from "./linear-hash";
import { slabUsedBytes } from "./slab";
import { putText } from "./text-writer";

/**
 * The filter's metrics. Counts are collected here and sent to the host together: after each miss, each tick, and for hits
 * at most once a second, because every host call costs as much as a lookup.
 *
 * ebb_cache_live_bytes = slots used by entries (56 bytes each) and their payloads (as rounded by the allocator) + 4 bytes
 * per entry for its share of the index. The fixed part (static data, arena, pending calls, the index's first page) is not
 * included.
 */

export const CACHE_HITS: u32 = 0;
/** Lookups that found nothing fresh and called the authorization server, or could not for lack of room. */
export const CACHE_MISSES: u32 = 1;
/** Lookups that found nothing fresh and joined a pending call. */
export const CACHE_COALESCED: u32 = 2;
export const CACHE_INSERTS: u32 = 3;
/** Expired entries freed. */
export const CACHE_EXPIRED: u32 = 4;
/** Entries freed to make room at the memory limit. */
export const CACHE_EVICTED: u32 = 5;
export const CACHE_STALE_SERVED: u32 = 6;
export const FAIL_OPEN: u32 = 7;
const COUNTERS: u32 = 8;
const CACHE_ENTRIES: u32 = 8;
const CACHE_LIVE_BYTES: u32 = 9;
/** About how many credentials the entries belong to (credential-count.ts). */
const CACHE_CREDENTIALS: u32 = 10;
const METRICS: u32 = 11;

const FLUSH_INTERVAL_MS: u64 = 1000;

/** Host ids, and values not yet sent to the host (counters) or last sent (gauges). */
const IDS: usize = memory.data(4 * 11);
const VALUES: usize = memory.data(8 * 11, 8);

let flushedAtMs: u64 = 0;

export function count(metric: u32): void {
  const at = VALUES + ((<usize>metric) << 3);
  store<u64>(at, load<u64>(at) + 1);
}

function nameOf(metric: u32): string {
  switch (metric) {
    case CACHE_HITS:
      return "ebb_cache_hits";
    case CACHE_MISSES:
      return "ebb_cache_misses";
    case CACHE_COALESCED:
      return "ebb_cache_coalesced";
    case CACHE_INSERTS:
      return "ebb_cache_inserts";
    case CACHE_EXPIRED:
      return "ebb_cache_expired";
    case CACHE_EVICTED:
      return "ebb_cache_evicted";
    case CACHE_STALE_SERVED:
      return "ebb_cache_stale_served";
    case FAIL_OPEN:
      return "ebb_fail_open";
    case CACHE_ENTRIES:
      return "ebb_cache_entries";
    case CACHE_LIVE_BYTES:
      return "ebb_cache_live_bytes";
    default:
      return "ebb_cache_credentials";
  }
}

/** Defines the metrics and sets the gauges to 0: an earlier instance may have left its own values there. */
export function defineMetrics(): bool {
  for (let metric: u32 = 0; metric < METRICS; metric++) {
    const name = arenaMark();
    putText(nameOf(metric));
    const type = metric < COUNTERS ? METRIC_COUNTER : METRIC_GAUGE;
    const status = proxy_define_metric(type, name, arenaMark() - name, IDS + ((<usize>metric) << 2));
    rewindArena(name);
    if (status != STATUS_OK) return false;
    if (metric >= COUNTERS) proxy_record_metric(idOf(metric), 0);
  }
  return true;
}

export function flushMetrics(nowMs: u64): void {
  flushedAtMs = nowMs;
  for (let metric: u32 = 0; metric < COUNTERS; metric++) {
    const at = VALUES + ((<usize>metric) << 3);
    const delta = load<u64>(at);
    if (!delta) continue;
    proxy_increment_metric(idOf(metric), <i64>delta);
    store<u64>(at, 0);
  }
  recordGauges();
}

function recordGauges(): void {
  recordGauge(CACHE_ENTRIES, entryCount());
  recordGauge(CACHE_LIVE_BYTES, slabUsedBytes() + <u64>INDEX_BYTES_PER_ENTRY * entryCount());
  recordGauge(CACHE_CREDENTIALS, credentialCount());
}

/**
 * Sends the gauges to the host even if unchanged: another instance may have set the same ones meanwhile.
 */
export function flushGauges(): void {
  store<u64>(VALUES + ((<usize>CACHE_ENTRIES) << 3), u64.MAX_VALUE);
  store<u64>(VALUES + ((<usize>CACHE_LIVE_BYTES) << 3), u64.MAX_VALUE);
  store<u64>(VALUES + ((<usize>CACHE_CREDENTIALS) << 3), u64.MAX_VALUE);
  recordGauges();
}

export function flushMetricsIfDue(nowMs: u64): void {
  if (nowMs - flushedAtMs >= FLUSH_INTERVAL_MS) flushMetrics(nowMs);
}

function recordGauge(metric: u32, value: u64): void {
  const at = VALUES + ((<usize>metric) << 3);
  if (load<u64>(at) == value) return;
  store<u64>(at, value);
  proxy_record_metric(idOf(metric), value);
}

function idOf(metric: u32): u32 {
  return load<u32>(IDS + ((<usize>metric) << 2));
}
