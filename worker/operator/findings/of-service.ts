import type { Gates } from "../../../config/fails-open.ts";
import type { ServiceReport } from "../../../durable/directory/service-report.ts";
import { LATENCY_BOUNDS_MS, quantileMs } from "../../../durable/metrics/latency-histogram.ts";
import { ownEntry } from "../../../durable/metrics/own-entry.ts";
import type { ServerState } from "../../../durable/outbound/reachability.ts";
import { reasonWords, restartWords } from "../code-words.ts";
import type { WindowReport } from "../gateway-report.ts";
import { type Finding, type FindingCode, finding, type Severity, THRESHOLDS } from "./finding.ts";
import { type Inability, inabilities, isFresh, onlyReports } from "./inability.ts";
import { counted, duration, percent, sentence, shortened, timeOfDay } from "./words.ts";

export type ReportedService = ServiceReport & { readonly window?: WindowReport };

/** What the figures of one service say. */
export function findingsOfService(entry: ReportedService, service: Gates | undefined, nowMs: number): Finding[] {
  const { name, atMs } = entry;
  const say: Say = (code, severity, text, todo) =>
    finding(code, { service: name, severity, text: sentence(text), todo, atMs });
  // A state may have ended since: then it is said with its time, and less loudly.
  const saysState: Say = (code, severity, text, todo) => {
    if (isFresh(entry, nowMs)) return say(code, severity, text, todo);
    const asOf = `As of ${timeOfDay(atMs, nowMs)} (${duration(nowMs - atMs)} ago, nothing newer: it may be asleep)`;
    return say(code, severity === "down" ? "warning" : "note", `${asOf}: ${text}`, todo);
  };
  const unable = inabilities(entry, service, nowMs);
  const isPaused = unable.some(({ kind }) => kind === "filter_paused");
  return [
    ...unable.map((inability) => ofInability(inability, entry, nowMs, saysState)),
    // What makes it unable says why requests are undecided.
    ...(unable.length > 0 ? [] : ofDecisions(entry, saysState)),
    ...ofUnserved(entry, nowMs, say),
    ...ofServers(entry, saysState),
    ...(isPaused ? [] : ofTraps(entry, nowMs, say)),
    ...ofRestarts(entry, nowMs, say),
    ...ofStorage(entry, nowMs, say),
    ...ofMode(entry, nowMs, say),
  ];
}

type Say = (code: FindingCode, severity: Severity, text: string, todo: string) => Finding;

const SERVER_FINDINGS = {
  silent: ["server_silent", "does not answer, so no call is sent to it"],
  failing: ["server_failing", "has failed every probe for a while"],
  unreachable: ["server_unreachable", "has not answered any probe for a while"],
} as const satisfies Partial<Record<ServerState, readonly [FindingCode, string]>>;

function ofInability(inability: Inability, entry: ReportedService, nowMs: number, say: Say): Finding {
  switch (inability.kind) {
    case "not_asked":
      return say("not_asked", "down", `the service could not be asked: ${shortened(inability.error)}`, ASK_AGAIN);
    case "filter_not_starting": {
      const { message, atMs } = entry.failedStart!;
      const since = timeOfDay(atMs, nowMs);
      const why = `the filter does not start (tried at ${since}): ${shortened(message)}`;
      if (inability.isOpen)
        return say("gate_open", "down", `requests pass WITHOUT a decision, because ${why}`, CLOSE_GATE);
      const what = onlyReports(entry, nowMs) ? `no request ${IS_DECIDED_BUT_PASSES}` : "all requests get 503";
      return say("filter_not_starting", "down", `${what}, because ${why}`, FIX_FILTER);
    }
    case "filter_paused":
      return say(
        "filter_paused",
        "down",
        `the filter failed ${counted(entry.failuresInARow, "time")} in a row; its next start is at ${timeOfDay(inability.untilMs, nowMs)}`,
        "See why it traps: the Worker's log has `filter_failed` with the message. It starts again by itself.",
      );
    case "server": {
      const { sinceMs } = entry.clusters[inability.cluster]!;
      const since = sinceMs === null ? "" : ` since ${timeOfDay(sinceMs, nowMs)}`;
      const [code, what] = SERVER_FINDINGS[inability.state as keyof typeof SERVER_FINDINGS];
      const why = `the authorization server ${inability.cluster} ${what}${since}`;
      if (inability.isOpen) {
        return say("gate_open", "down", `requests pass WITHOUT a decision (failOpen), because ${why}`, CLOSE_GATE);
      }
      const effect = onlyReports(entry, nowMs)
        ? `no request without a cached decision ${IS_DECIDED_BUT_PASSES}`
        : "requests that no cached decision answers get 503";
      return say(code, "down", `${why}; ${effect}`, FIX_SERVER);
    }
  }
}

const IS_DECIDED_BUT_PASSES = "is decided, and all pass, because the service only reports";
const ASK_AGAIN = "Ask again; if that fails too, look at the Worker's log and at Cloudflare's status page.";
const CLOSE_GATE =
  'Bring back what fails; the gate then closes by itself. To close it now, deploy with `failOpen: false` or `failurePolicy: "closed"`.';
const FIX_FILTER = "Set the secret or fix the configuration that the message names, and deploy.";
const FIX_SERVER =
  "See whether it runs and can be reached from Cloudflare. Calls go on by themselves as soon as it answers.";

function ofDecisions({ window, decisions }: ReportedService, say: Say): Finding[] {
  if (window === undefined) return [];
  const { undecided, requests } = window.counts;
  const share = requests > 0 ? undecided / requests : 0;
  if (undecided < THRESHOLDS.undecidedRequests || share < THRESHOLDS.undecidedShare) return [];
  const [reason] = Object.entries<number>(decisions.undecided).toSorted(([, a], [, b]) => b - a)[0] ?? ["other"];
  const text = `${percent(share)} of the requests of the last ${duration(window.toMs - window.fromMs)} got no decision (${undecided} of ${requests}); most often since counting began: ${reasonWords("undecided", reason)} (${reason})`;
  const severity = share >= THRESHOLDS.undecidedShareDown ? "down" : "warning";
  const todo = reason.startsWith("authorization_server_")
    ? "See the authorization server's own log; docs/faults.md says what the reason means."
    : "docs/faults.md says what the reason means.";
  return [say("undecided_often", severity, text, todo)];
}

const UNSERVED = {
  cluster: ["the cluster", "Add it to the service's `clusters`, under exactly this name."],
  function: [
    "the function",
    "This gateway does not have it (docs/abi.md): configure the filter without it, or to refuse then.",
  ],
  foreign_function: [
    "the foreign function",
    "This gateway has none: configure the filter without it, or to refuse then.",
  ],
} as const;

/** A filter that did not get what it asked for may let everything pass. */
function ofUnserved(
  { lastUnservedCall, unservedCalls, decisions }: ReportedService,
  nowMs: number,
  say: Say,
): Finding[] {
  // Objects of an earlier deployment do not say it.
  const last = lastUnservedCall ?? null;
  if (last === null || nowMs - last.atMs > THRESHOLDS.recentMs) return [];
  const [kind, todo] = UNSERVED[last.what] ?? UNSERVED.function;
  const { unchecked = 0 } = decisions.allowed;
  const passed = unchecked === 0 ? "" : `; ${counted(unchecked, "request")} passed without it since counting began`;
  const text = `the filter asked for ${kind} ${shortened(last.name)}, which the gateway does not have, last at ${timeOfDay(last.atMs, nowMs)} (${counted(unservedCalls, "such call")} since counting began)${passed}`;
  return [say("asks_in_vain", "warning", text, todo)];
}

function ofServers({ clusters, window }: ReportedService, say: Say): Finding[] {
  return Object.entries(clusters).flatMap(([cluster, { waiting, oldestWaitingMs, calls }]) => {
    const found: Finding[] = [];
    if (oldestWaitingMs !== null && oldestWaitingMs >= THRESHOLDS.waitingMs) {
      const text = `${counted(waiting, "call")} to the authorization server ${cluster} wait for a place, the oldest for ${duration(oldestWaitingMs)}`;
      found.push(
        say(
          "calls_waiting",
          "warning",
          text,
          `Make the server quicker, or raise clusters.${cluster}.concurrency if it can bear it.`,
        ),
      );
    }
    const ofWindow = window && ownEntry(window.clusters, cluster);
    const sent = ofWindow === undefined ? total(calls.latency.counts) : total(Object.values(ofWindow.results));
    const p95Ms = ofWindow === undefined ? quantileMs(calls.latency, 0.95) : ofWindow.p95Ms;
    if (p95Ms !== null && p95Ms >= THRESHOLDS.slowP95Ms && sent >= THRESHOLDS.slowCalls) {
      // Where in its bucket of the histogram the quantile lies is a guess.
      const bound = LATENCY_BOUNDS_MS.findLast((boundMs) => boundMs < p95Ms) ?? 0;
      const seconds = bound === 1_000 ? "a second" : `${bound / 1_000} seconds`;
      const when =
        ofWindow === undefined ? "since counting began" : `in the last ${duration(window!.toMs - window!.fromMs)}`;
      const text = `one call in twenty to the authorization server ${cluster} took more than ${seconds} ${when}`;
      found.push(
        say(
          "server_slow",
          "warning",
          text,
          "See what the server waits for. Clients wait for each decision that is not cached.",
        ),
      );
    }
    return found;
  });
}

function ofTraps(entry: ReportedService, nowMs: number, say: Say): Finding[] {
  const { starts, traps } = entry;
  // The window of a service that sleeps may have ended long ago.
  const window = isFresh(entry, nowMs) ? entry.window : undefined;
  const last = starts.findLast(({ reason }) => reason === "trap");
  const isRecent = last !== undefined && nowMs - last.timeMs <= THRESHOLDS.recentMs;
  const inWindow = window?.counts.traps ?? 0;
  if (!isRecent && inWindow === 0) return [];
  const when = last === undefined ? "" : `, last at ${timeOfDay(last.timeMs, nowMs)}`;
  const text =
    inWindow > 0
      ? `the filter trapped ${counted(inWindow, "time")} in the last ${duration(window!.toMs - window!.fromMs)}${when}`
      : `the filter trapped${when} (${counted(traps, "trap")} since counting began)`;
  return [
    say(
      "trapped",
      "warning",
      text,
      "Report it to the filter's author with the message from the Worker's log (`filter_failed`).",
    ),
  ];
}

/** Restarts that somebody wanted, and those that findings of their own tell. */
const NOT_COUNTED: ReadonlySet<string> = new Set(["operator", "purge", "trap"]);

/** The most of the newest restarts of which each took less than `msForEachRestart` on average. */
function ofRestarts({ restarts }: ReportedService, nowMs: number, say: Say): Finding[] {
  const newestFirst = restarts.filter(({ reason }) => !NOT_COUNTED.has(reason)).toReversed();
  const count =
    newestFirst.findLastIndex(({ timeMs }, index) => nowMs - timeMs < (index + 1) * THRESHOLDS.msForEachRestart) + 1;
  if (count < THRESHOLDS.restarts) return [];
  const [reason] = mostFrequent(newestFirst.slice(0, count).map((restart) => restart.reason));
  const text = `the filter was restarted ${counted(count, "time")} in ${duration(nowMs - newestFirst[count - 1]!.timeMs)}, most often: ${restartWords(reason)} (${reason})`;
  return [
    say(
      "restarts_often",
      "warning",
      text,
      "See the list of restarts: what each freed and cost. docs/findings.md says what each reason asks for.",
    ),
  ];
}

function ofStorage(entry: ReportedService, nowMs: number, say: Say): Finding[] {
  const { storage, countsStoredAtMs, countsSinceMs, atMs, persistence } = entry;
  const found: Finding[] = [];
  const { lastFailure } = storage;
  if (lastFailure !== null && nowMs - lastFailure.atMs <= THRESHOLDS.recentMs) {
    const text = `the object's storage failed ${counted(storage.failures, "time")}, last at ${timeOfDay(lastFailure.atMs, nowMs)} (${shortened(lastFailure.what)}: ${shortened(lastFailure.message)}); decisions continue without it`;
    found.push(
      say(
        "storage_failing",
        "warning",
        text,
        "See whether the account's limits for Durable Objects are used up, and Cloudflare's status page.",
      ),
    );
  }
  const storedAtMs = countsStoredAtMs ?? countsSinceMs;
  if (lastFailure !== null && lastFailure.atMs > storedAtMs && atMs - storedAtMs > THRESHOLDS.unstoredMs) {
    const text = `the counts since ${timeOfDay(storedAtMs, nowMs)} are not stored; an eviction would lose them`;
    found.push(
      say(
        "counts_not_stored",
        "warning",
        text,
        "The storage fails: see its own finding, or the log (`storage_failed`).",
      ),
    );
  }
  if (persistence !== null && persistence.state !== "on") {
    const text = `decisions are not stored although \`persist\` is on (${persistence.state}): ${shortened(persistence.message)}`;
    found.push(
      say(
        "decisions_not_stored",
        "warning",
        text,
        "Do what the message says. Until then, each eviction loses the cache.",
      ),
    );
  }
  return found;
}

function ofMode(entry: ReportedService, nowMs: number, say: Say): Finding[] {
  const { enforcement, mostlyMisses } = entry;
  const found: Finding[] = [];
  if (enforcement.mode === "report-only" && onlyReports(entry, nowMs)) {
    const lastDayMs = Date.parse(enforcement.until);
    const endsSoon = lastDayMs - nowMs < THRESHOLDS.reportOnlyEndsMs;
    const text = `requests pass that would be refused: the service only reports, until ${enforcement.until}`;
    found.push(
      say(
        "report_only",
        endsSoon ? "warning" : "note",
        text,
        'See `reportOnly` and the log for who would be refused, then set `enforcement: "enforce"`.',
      ),
    );
  }
  if (mostlyMisses) {
    const text = "nearly every request asks the authorization server, although its replies may be kept";
    found.push(
      say(
        "mostly_misses",
        "warning",
        text,
        "See docs/decision-key.md: most likely a header or query in the key changes with every request.",
      ),
    );
  }
  return found;
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function mostFrequent(words: readonly string[]): [word: string, count: number] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? ["unknown", 0];
}
