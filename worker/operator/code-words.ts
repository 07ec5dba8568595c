/** Codes of the figures in the words of an operator. A code without words here is shown with spaces: another version may send it. */

function fallback(code: string): string {
  return code.replaceAll("_", " ");
}

function wordsOf(words: Readonly<Record<string, string>>): (code: string) => string {
  return (code) => (Object.hasOwn(words, code) ? words[code]! : fallback(code));
}

/** Why an instance was restarted; see RestartRecord. */
export const restartWords = wordsOf({
  required_fell: "held more than the cache needs",
  grows_without_calls: "grew without any calls",
  uptime: "reached its planned age",
  threshold: "reached its size threshold",
  hard_limit: "came near its hard limit",
  maximum_uptime: "reached its maximum age",
  filter_asked: "the filter asked for it",
  trap: "the filter trapped",
  operator: "an operator asked for it",
  purge: "a purge replaced it",
  isolate_short: "the isolate ran short of memory",
  isolate_full: "the isolate was full",
  handover_broken: "the handover broke off",
  grew_beyond_cap: "grew beyond its limit",
  growth_failed: "ran out of memory",
});

export const startWords = wordsOf({
  first_request: "first request",
  eviction: "woke after an eviction",
  deployment: "new deployment",
  restart: "restart",
  trap: "after a trap",
});

/** Why the policy does not restart now, or does. */
export const verdictWords = wordsOf({
  never: "restarts are switched off",
  collecting: "still collecting",
  minimum_lifetime: "the instance is too young",
  below_baseline: "holds less than its baseline",
  trend_unknown: "the trend is not known yet",
  required_not_falling: "the cache needs as much as before",
  surplus_not_rising: "the surplus does not rise",
  too_little_growth: "too little growth to judge",
  filling: "the cache is still filling",
  no_credit: "restarts have used up their credit",
  gain_below_price: "it would cost more than it frees",
  below_uptime: "younger than its planned age",
  below_threshold: "below its size threshold",
  required_fell: "holds more than the cache needs",
  grows_without_calls: "grows without any calls",
  threshold: "above its size threshold",
  uptime: "reached its planned age",
  hard_limit: "near its hard limit",
  maximum_uptime: "reached its maximum age",
  filter_asked: "the filter asks for it",
});

export const serverWords = wordsOf({
  answering: "answering",
  suspected: "suspected: recent calls failed",
  silent: "silent: calls are held back",
  failing: "failing",
  unreachable: "unreachable",
});

/** Where decisions came from, and why there was none. The reasons of each outcome are in durable/metrics/outcomes.ts. */
const REASONS: Readonly<Record<string, (code: string) => string>> = {
  allowed: wordsOf({
    cache: "from the filter's cache",
    isolate: "kept by the Worker's isolate",
    server: "the authorization server said so",
    coalesced: "waited for another request's call",
    token: "token or key verified by the Worker",
    stale: "an expired decision, because the call failed",
    fail_open: "passed undecided, because a gate is open",
    unchecked: "passed unchecked: the filter asked for what the gateway does not have",
  }),
  refused: wordsOf({
    credential: "no valid credential (401)",
    denied: "denied by the authorization server (403)",
    rule: "a rule of the configuration (403)",
    throttled: "too many at once (429)",
    other: "another reason",
  }),
  undecided: wordsOf({
    authorization_server_unreachable: "authorization server unreachable",
    authorization_server_timeout: "authorization server too slow",
    authorization_server_overloaded: "no place free for the call",
    authorization_server_error: "authorization server answered with an error",
    authorization_server_malformed: "authorization server's reply cannot be read",
    authorization_server_unknown: "authorization server not configured",
    keys_unavailable: "the issuer's keys cannot be read",
    claim_unusable: "a claim cannot be sent on",
    object_unreachable: "the service's object cannot be reached",
    rpc_version: "Worker and object are of different deployments",
    unknown_service: "the object does not know the service",
    configuration_mismatch: "Worker and object have different configurations",
    filter_start_failed: "the filter does not start",
    filter_failed: "the filter failed",
    filter_backoff: "the filter waits after failures",
    filter_timeout: "the filter did not answer in time",
    secret_missing: "a secret is not set",
    object_binding_missing: "the binding of the objects is missing",
    variable_unusable: "a variable has no usable value",
    internal_error: "an error in the gateway",
    other: "another reason",
  }),
};

export function reasonWords(outcome: string, reason: string): string {
  return (REASONS[outcome] ?? fallback)(reason);
}

export const callWords = wordsOf({
  timeout: "timed out",
  no_answer: "no answer",
  not_sent: "not sent",
  overflow: "no place free",
  held_back: "held back",
  rate_limited: "rate limited",
});

/** Why a restart that an operator asked for did not happen. */
export const refusedRestartWords = wordsOf({
  not_running: "no instance is in memory, so nothing is held",
  under_way: "another restart is in progress",
  draining: "the previous instance has not finished its requests yet; try again in a moment",
  not_started: "a fresh instance does not start; the old one goes on",
  cut_off: "an instance failed or was replaced before the switch",
});

/** How sure the TTL is. */
export const confidenceWords = wordsOf({
  measured: "measured",
  bounded: "not sure yet",
  default: "assumed so far",
});
