import { quantileMs } from "../../../durable/metrics/latency-histogram.ts";
import { sumOf } from "../../../durable/metrics/outcomes.ts";
import { isAsleep } from "../asleep.ts";
import { reasonWords, restartWords, serverWords, verdictWords } from "../code-words.ts";
import { onlyReports } from "../findings/inability.ts";
import type { Finding } from "../findings.ts";
import type { WindowCalls, WindowReport } from "../gateway-report.ts";
import { agoText, bytesText, clockText, countText, durationText, percentText } from "./format.ts";
import type { ReportEntry } from "./view.ts";

export type Tone = "bad" | "warning" | "good" | "quiet";

/** An answer to one of the five questions of an operator at night. */
export interface Answer {
  readonly question: string;
  readonly tone: Tone;
  readonly answer: string;
  readonly details: readonly string[];
}

export interface AnswerSources {
  readonly entry: ReportEntry;
  /** Undefined while there is nothing to compare with. */
  readonly window: WindowReport | undefined;
  readonly findings: readonly Finding[];
  readonly collectMs: number;
  readonly nowMs: number;
}

/** Slower answers are felt by clients. */
const SLOW_MS = 1_000;

export function answersOf(sources: AnswerSources): Answer[] {
  return [health(sources), lastRestart(sources), cost(sources), refused(sources), server(sources)];
}

function health({ entry, window, findings, nowMs }: AnswerSources): Answer {
  const question = "Is it healthy?";
  const wrong = findings.filter(({ severity }) => severity !== "note");
  if (wrong.length > 0) {
    const isDown = wrong[0]!.severity === "down";
    const details = [
      wrong.length === 1 ? "Above is why, and what to do." : `Above are ${wrong.length} reasons, and what to do.`,
    ];
    if (isAsleep(entry, nowMs)) details.push(`No request since ${clockText(entry.atMs, nowMs)}.`);
    return { question, tone: isDown ? "bad" : "warning", answer: isDown ? "No" : "Look at it", details };
  }
  if (isAsleep(entry, nowMs)) {
    const since = clockText(entry.atMs, nowMs);
    return { question, tone: "quiet", answer: "Yes, when last seen", details: [`Asleep: no request since ${since}.`] };
  }
  if (window === undefined) return { question, tone: "good", answer: "Yes", details: ["Nothing is known to fail."] };
  const { decided, undecided } = window.counts;
  const details = [
    `${countText(decided)} decisions ${spanOf(window, entry, nowMs)}.`,
    undecided === 0 ? "Nothing is undecided, nothing fails." : `Few are undecided: ${countText(undecided)}.`,
  ];
  return { question, tone: "good", answer: "Yes", details };
}

function lastRestart({ entry, collectMs, nowMs }: AnswerSources): Answer {
  const question = "Why did it last restart?";
  const now = judgement(entry, collectMs);
  const last = entry.restarts.at(-1);
  if (last === undefined) return { question, tone: "quiet", answer: "It never did", details: [now] };
  const tone = last.reason === "trap" || last.reason.startsWith("isolate_") ? "warning" : "good";
  const freed = last.allocatedBeforeBytes - last.allocatedAfterBytes;
  const when = `${agoText(last.timeMs, nowMs)}: ${bytesText(last.allocatedBeforeBytes)} became ${bytesText(last.allocatedAfterBytes)}`;
  const gain = freed > 0 ? `${when}, ${bytesText(freed)} given back.` : `${when}.`;
  return { question, tone, answer: sentence(restartWords(last.reason)), details: [sentence(gain), now] };
}

/** What the policy thinks now. */
function judgement({ phase, collectedMs, verdict }: ReportEntry, collectMs: number): string {
  if (phase === "collecting") return `${collectingText(collectedMs, collectMs)}.`;
  if (verdict === null) return "The policy has not judged yet.";
  return `${verdict.restart ? "A restart is due" : "No restart now"}: ${verdictWords(verdict.reason)}.`;
}

/** What is waited for while the policy collects. */
export function collectingText(collectedMs: number, collectMs: number): string {
  if (collectMs < 120_000) {
    return `Collecting, ${Math.floor(collectedMs / 1_000)} of ${Math.round(collectMs / 1_000)} seconds`;
  }
  return `Collecting, ${Math.floor(collectedMs / 60_000)} of ${Math.round(collectMs / 60_000)} minutes`;
}

function cost({ entry }: AnswerSources): Answer {
  const question = "What did it cost?";
  const { restarts, lastHandover, creditCalls, restartPriceCalls, handsOver } = entry;
  const now = `One now would cost ${callsText(restartPriceCalls)}.`;
  const credit = handsOver
    ? "Live decisions are handed over."
    : `All restarts may still cost ${callsText(creditCalls)}.`;
  const last = restarts.at(-1);
  if (last === undefined) return { question, tone: "quiet", answer: "Nothing yet", details: [now, credit] };
  const handover =
    lastHandover !== null && Math.abs(lastHandover.atMs - last.timeMs) < 60_000
      ? [`The handover took ${durationText(lastHandover.durationMs)}.`]
      : [];
  const answer = Math.round(last.priceCalls) === 0 ? "No extra calls" : sentence(callsText(last.priceCalls));
  return { question, tone: "good", answer, details: [...handover, now, credit] };
}

function callsText(calls: number): string {
  const rounded = Math.round(calls);
  if (rounded === 0) return "no extra calls";
  return `about ${countText(rounded)} extra ${rounded === 1 ? "call" : "calls"}`;
}

function refused({ entry, window, nowMs }: AnswerSources): Answer {
  const question = "Who is refused?";
  const top = topReasons(entry, "refused");
  const since =
    top.length === 0
      ? []
      : [
          `Since ${clockText(entry.countsSinceMs, nowMs)}: ${top.map(([words, count]) => `${countText(count)} ${words}`).join(", ")}.`,
        ];
  if (window === undefined || window.counts.requests === 0) {
    const answer = window === undefined ? "Not known for this window" : `No request ${spanOf(window, entry, nowMs)}`;
    return { question, tone: "quiet", answer, details: since };
  }
  const { requests, refused: count, undecided, failedOpen } = window.counts;
  const partText = (part: number) => `${countText(part)} of ${countText(requests)} (${percentText(part / requests)})`;
  if (onlyReports(entry, nowMs)) {
    const details = [
      ...whenAwake(window, entry, nowMs),
      "All pass, because the service only reports.",
      ...(undecided > 0 ? [`${partText(undecided)} got no decision.`] : []),
      ...since,
    ];
    const answer = count === 0 ? "No one would be" : `${partText(count)} would be`;
    return { question, tone: count + undecided === 0 ? "good" : "warning", answer, details };
  }
  const passed = failedOpen > 0 ? [`${partText(failedOpen)} passed without a decision.`] : [];
  if (undecided > 0) {
    const refusedToo = count > 0 ? [`${partText(count)} refused.`] : ["No one is refused by a decision."];
    const why = topReasons(entry, "undecided").map(([words, count]) => `${sentence(words)}: ${countText(count)}.`);
    return {
      question,
      tone: "bad",
      answer: `${partText(undecided)} got 503`,
      details: [...whenAwake(window, entry, nowMs), ...why, ...passed, ...refusedToo, ...since],
    };
  }
  const asOf = whenAwake(window, entry, nowMs);
  const tone = failedOpen > 0 ? "bad" : count * 2 > requests ? "warning" : "good";
  return { question, tone, answer: count === 0 ? "No one" : partText(count), details: [...asOf, ...passed, ...since] };
}

/** The most frequent reasons, at most three. */
function topReasons({ decisions }: ReportEntry, outcome: "refused" | "undecided"): [words: string, count: number][] {
  return Object.entries<number>(decisions[outcome])
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([reason, count]) => [reasonWords(outcome, reason), count]);
}

function server({ entry, window, nowMs }: AnswerSources): Answer {
  const question = "Is the authorization server slow?";
  const names = Object.keys(entry.clusters);
  if (names.length === 0)
    return { question, tone: "quiet", answer: "It asks none", details: ["No cluster is configured."] };
  const calls = Object.entries(window?.clusters ?? {}).filter(([, { results }]) => sumOf(results) > 0);
  const states = Object.entries(entry.clusters)
    .filter(([, { state }]) => state !== "answering")
    .map(([name, { state }]) => `${name}: ${serverWords(state)}.`);
  if (calls.length === 0) {
    const answer = states.length > 0 ? "It does not answer well" : "No call in this window";
    return {
      question,
      tone: states.length > 0 ? "bad" : "quiet",
      answer,
      details: [...states, whyNoCall(window, entry, nowMs), ...callsSoFar(entry, nowMs)],
    };
  }
  const asOf = window === undefined ? [] : whenAwake(window, entry, nowMs);
  const { failed, all } = failures(calls.map(([, each]) => each));
  // How quickly a server fails is no answer.
  if (states.length > 0 || failed * 2 > all) {
    const answer =
      states.length > 0 && failed === all ? "It does not answer" : `${percentText(failed / all)} of the calls failed`;
    return { question, tone: "bad", answer, details: [...asOf, ...states, ...calls.map(callsLine)] };
  }
  const slowest = calls.reduce((a, b) => ((b[1].p95Ms ?? -1) > (a[1].p95Ms ?? -1) ? b : a));
  const p95Ms = slowest[1].p95Ms;
  const answer = p95Ms === null ? "No call was answered" : `95 % within ${durationText(p95Ms)}`;
  const isSlow = p95Ms === null || p95Ms >= SLOW_MS;
  return {
    question,
    tone: isSlow ? "warning" : "good",
    answer,
    details: [...asOf, ...calls.map(callsLine)],
  };
}

function whyNoCall(window: WindowReport | undefined, entry: ReportEntry, nowMs: number): string {
  if (window === undefined) return "Not known for this window.";
  return window.counts.requests === 0
    ? `No request ${spanOf(window, entry, nowMs)}.`
    : "The Worker and the cache decided alone.";
}

/** What is known of the servers when the window has no call, as after a sleep. */
function callsSoFar({ clusters, countsSinceMs }: ReportEntry, nowMs: number): string[] {
  const since = clockText(countsSinceMs, nowMs);
  return Object.entries(clusters).flatMap(([name, { calls }]) => {
    const p95Ms = quantileMs(calls.latency, 0.95);
    return p95Ms === null ? [] : [`${name}, since ${since}: 95 % within ${durationText(p95Ms)}.`];
  });
}

function callsLine([name, { results, p50Ms }]: readonly [string, WindowCalls]): string {
  const all = sumOf(results);
  const failed = failedIn(results);
  const half = p50Ms === null ? "" : `, half within ${durationText(p50Ms)}`;
  const failures = failed === 0 ? "none failed" : `${countText(failed)} failed`;
  return `${name}: ${countText(all)} ${all === 1 ? "call" : "calls"}${half}, ${failures}.`;
}

/** Whether more than half of the calls to all servers failed. */
export function mostFail(calls: readonly WindowCalls[]): boolean {
  const { failed, all } = failures(calls);
  return failed * 2 > all;
}

function failures(calls: readonly WindowCalls[]): { failed: number; all: number } {
  const sum = (count: (results: WindowCalls["results"]) => number) =>
    calls.reduce((total, { results }) => total + count(results), 0);
  return { failed: sum(failedIn), all: sum(sumOf) };
}

/** Calls that got no answer, or one that is no decision. */
function failedIn(results: WindowCalls["results"]): number {
  return Object.entries<number>(results).reduce(
    (sum, [result, count]) => (/^[1-4]xx$/.test(result) ? sum : sum + count),
    0,
  );
}

/** The part of the window for which there are figures; all of it if no request came. Of a service that sleeps, before it fell asleep. */
function spanOf({ windowMs, fromMs, toMs }: WindowReport, { atMs }: ReportEntry, nowMs: number): string {
  const span = durationText(toMs <= fromMs ? windowMs : Math.max(1_000, toMs - fromMs));
  return isAsleep({ atMs }, nowMs) ? `in the ${span} before ${clockText(atMs, nowMs)}` : `in ${span}`;
}

/** Figures of a service that sleeps are those of an earlier time. */
function whenAwake(window: WindowReport, entry: ReportEntry, nowMs: number): string[] {
  return isAsleep(entry, nowMs) ? [sentence(`${spanOf(window, entry, nowMs)}, when it fell asleep.`)] : [];
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
