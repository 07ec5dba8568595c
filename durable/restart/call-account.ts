/**
 * What restarts cost in the last 24 hours, against what the operator allows: a share of the outbound calls. Expected prices
 * are debited at the restart and corrected later by what it really cost. In buckets, so that it can be stored.
 */
export interface CallAccount {
  /** Oldest first. */
  readonly buckets: readonly AccountBucket[];
}

export interface AccountBucket {
  readonly startMs: number;
  /** Outbound calls, without those that restarts caused. */
  readonly calls: number;
  /** Extra calls that restarts caused, or are expected to. */
  readonly spentCalls: number;
}

export const EMPTY_ACCOUNT: CallAccount = { buckets: [] };

const DAY_MS = 86_400_000;
const BUCKET_MS = 1_800_000;
export const MAX_BUCKETS = DAY_MS / BUCKET_MS;

/** The account after more calls; a correction may be negative. */
export function noted(account: CallAccount, nowMs: number, calls: number, spentCalls: number): CallAccount {
  const startMs = Math.floor(nowMs / BUCKET_MS) * BUCKET_MS;
  const last = account.buckets.at(-1);
  // A clock that was set back adds to the newest bucket.
  if (last !== undefined && last.startMs >= startMs) {
    const bucket = { ...last, calls: last.calls + calls, spentCalls: last.spentCalls + spentCalls };
    return { buckets: [...account.buckets.slice(0, -1), bucket] };
  }
  const kept = account.buckets.filter((bucket) => bucket.startMs > startMs - DAY_MS);
  return { buckets: [...kept, { startMs, calls, spentCalls }].slice(-MAX_BUCKETS) };
}

/** Extra calls that restarts may still cost. Negative if the last ones cost more than expected. */
export function creditCalls({ buckets }: CallAccount, share: number): number {
  return buckets.reduce((credit, { calls, spentCalls }) => credit + share * calls - spentCalls, 0);
}
