import { OUTCOMES, sumOf } from "../../../durable/metrics/outcomes.ts";
import { ownEntry } from "../../../durable/metrics/own-entry.ts";
import { windowEndMs } from "../asleep.ts";
import { callWords, confidenceWords, reasonWords, restartWords, serverWords, startWords } from "../code-words.ts";
import type { Finding } from "../findings.ts";
import type { WindowReport } from "../gateway-report.ts";
import { windowReport } from "../window-report.ts";
import { type Answer, type AnswerSources, answersOf, collectingText } from "./answers.ts";
import { agoText, bytesText, clockText, countedText, countText, durationText, percentText } from "./format.ts";
import { Isolates, Time } from "./parts.tsx";
import type { ReportEntry, ServiceData } from "./view.ts";

/** What the sections of a service's page are made of. */
export interface SectionSources extends AnswerSources {
  readonly isolates: Parameters<typeof Isolates>[0]["isolates"];
}

/**
 * The sections of a service's page, by their ID. The Worker renders them, and the browser renders them anew when figures come in:
 * one code, so that both show the same.
 */
export const SECTIONS = {
  answers: (sources: SectionSources) => <Answers answers={answersOf(sources)} />,
  figures: (sources: SectionSources) => <Figures {...sources} />,
  clusters: ({ entry, window }: SectionSources) => <Clusters entry={entry} window={window} />,
  decisions: ({ entry, nowMs }: SectionSources) => <Decisions entry={entry} nowMs={nowMs} />,
  restarts: ({ entry, nowMs }: SectionSources) => <Restarts entry={entry} nowMs={nowMs} />,
  starts: ({ entry, nowMs }: SectionSources) => <Starts entry={entry} nowMs={nowMs} />,
  facts: ({ entry, nowMs, collectMs }: SectionSources) => <Facts entry={entry} nowMs={nowMs} collectMs={collectMs} />,
  isolate: ({ isolates }: SectionSources) => <Isolates isolates={isolates} />,
} as const;

export type SectionName = keyof typeof SECTIONS;

export function sectionSources(
  { report, points, window, collectMs }: ServiceData,
  entry: ReportEntry,
  findings: readonly Finding[],
  nowMs: number,
): SectionSources {
  return {
    entry,
    window: windowReport(points, window.ms, windowEndMs(entry, nowMs)),
    findings,
    collectMs,
    nowMs,
    isolates: report.isolates,
  };
}

function Answers({ answers }: { answers: readonly Answer[] }) {
  return (
    <ol class="answers">
      {answers.map(({ question, tone, answer, details }) => (
        <li class={tone}>
          <h3>{question}</h3>
          <p class="answer">{answer}</p>
          {details.map((detail) => (
            <p class="detail">{detail}</p>
          ))}
        </li>
      ))}
    </ol>
  );
}

function Figures({ entry, window, collectMs }: SectionSources) {
  const { requiredRangeBytes, sources, ttlMs, secondTtlMs, phase, collectedMs } = entry;
  const required =
    requiredRangeBytes === null
      ? phase === "collecting"
        ? collectingText(collectedMs, collectMs).toLowerCase()
        : "not estimated yet"
      : `${bytesText(requiredRangeBytes.from)} to ${bytesText(requiredRangeBytes.to)}`;
  return (
    <dl class="figures">
      <Figure name="Allocated" value={bytesText(entry.allocatedBytes)} note={`live ${liveText(entry)}`} />
      <Figure name="Required" value={bytesText(entry.requiredBytes)} note={required} />
      <Figure
        name="Baseline"
        value={bytesText(entry.baselineBytes)}
        note={sources.baseline === "estimated" ? "where it grows back to" : "assumed"}
      />
      <Figure
        name="Hit rate"
        value={percentText(window?.hitRate ?? null)}
        note={window === undefined ? "waiting for a second point" : countedText(window.counts.decided, "decision")}
      />
      <Figure
        name="TTL"
        value={durationText(ttlMs)}
        note={`${confidenceWords(sources.ttl)}${secondTtlMs === null ? "" : `; others ${durationText(secondTtlMs)}`}`}
      />
      <Figure
        name="Calls"
        value={window === undefined ? "–" : countText(window.counts.outbound)}
        note={`${countText(entry.outbound)} in all`}
      />
    </dl>
  );
}

function liveText({ liveBytes }: ReportEntry): string {
  return liveBytes === null ? "not known" : bytesText(liveBytes);
}

function Figure({ name, value, note }: { name: string; value: string; note: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <b>{value}</b>
        <span>{note}</span>
      </dd>
    </div>
  );
}

function Clusters({ entry, window }: { entry: ReportEntry; window: WindowReport | undefined }) {
  const clusters = Object.entries(entry.clusters);
  if (clusters.length === 0) return <p class="quiet">No authorization server is configured for it.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Server</th>
          <th scope="col">State</th>
          <th scope="col" class="number">
            p50
          </th>
          <th scope="col" class="number">
            p95
          </th>
          <th scope="col" class="number">
            Wait, p95
          </th>
          <th scope="col" class="number">
            Waiting now
          </th>
          <th scope="col">Results in the window</th>
        </tr>
      </thead>
      <tbody>
        {clusters.map(([name, { state, waiting, oldestWaitingMs }]) => {
          const calls = window && ownEntry(window.clusters, name);
          return (
            <tr>
              <th scope="row">{name}</th>
              <td>
                <span class={state === "answering" ? "mark good" : "mark bad"}>{serverWords(state)}</span>
              </td>
              <td class="number" data-label="p50">
                {durationText(calls?.p50Ms ?? null)}
              </td>
              <td class="number" data-label="p95">
                {durationText(calls?.p95Ms ?? null)}
              </td>
              <td class="number" data-label="wait p95">
                {durationText(calls?.waitP95Ms ?? null)}
              </td>
              <td class="number" data-label="waiting">
                {waiting === 0 ? "0" : `${countText(waiting)}, ${durationText(oldestWaitingMs)}`}
              </td>
              <td data-label="results">{resultsText(calls?.results ?? {})}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function resultsText(results: Readonly<Record<string, number>>): string {
  const shown = Object.entries(results).map(([result, count]) => `${countText(count)} ${callWords(result)}`);
  return shown.length === 0 ? "no call" : shown.join(", ");
}

const OUTCOME_WORDS = { allowed: "Allowed", refused: "Refused", undecided: "Undecided (503)" } as const;

function Decisions({ entry, nowMs }: { entry: ReportEntry; nowMs: number }) {
  const { countsSinceMs, reportOnly, decisions } = entry;
  const outcomes = Object.keys(OUTCOMES) as (keyof typeof OUTCOMES)[];
  const all = outcomes.reduce((sum, outcome) => sum + sumOf(decisions[outcome]), 0);
  if (all === 0) return <p class="quiet">No request yet.</p>;
  const others = [[reportOnly, "passed although they would be refused: the service only reports"]] as const;
  return (
    <>
      <table>
        <thead>
          <tr>
            <th scope="col">Outcome</th>
            <th scope="col">Why</th>
            <th scope="col" class="number">
              Requests
            </th>
            <th scope="col" class="number">
              Share
            </th>
          </tr>
        </thead>
        {outcomes.map((outcome) => {
          const reasons = Object.entries<number>(decisions[outcome])
            .filter(([, count]) => count > 0)
            .sort(([, a], [, b]) => b - a);
          return (
            <tbody class={outcome}>
              {reasons.map(([reason, count], index) => (
                <tr data-reason={`${outcome}/${reason}`}>
                  <th scope="row">{index === 0 ? OUTCOME_WORDS[outcome] : ""}</th>
                  <td>{reasonWords(outcome, reason)}</td>
                  <td class="number">{countText(count)}</td>
                  <td class="number">{percentText(count / all)}</td>
                </tr>
              ))}
            </tbody>
          );
        })}
      </table>
      <p class="quiet">
        Since <Time atMs={countsSinceMs} nowMs={nowMs} />
        {others
          .filter(([count]) => count > 0)
          .map(([count, what]) => `; ${countText(count)} ${what}`)
          .join("")}
        .
      </p>
    </>
  );
}

/** The newest rows of a list. */
const SHOWN = 12;

function Restarts({ entry, nowMs }: { entry: ReportEntry; nowMs: number }) {
  const { restarts, restartCount } = entry;
  if (restarts.length === 0) return <p class="quiet">No restart yet.</p>;
  return (
    <>
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Why</th>
            <th scope="col" class="number">
              Before
            </th>
            <th scope="col" class="number">
              After
            </th>
            <th scope="col" class="number">
              Given back
            </th>
            <th scope="col" class="number">
              Price
            </th>
          </tr>
        </thead>
        <tbody>
          {restarts
            .slice(-SHOWN)
            .reverse()
            .map(({ timeMs, reason, priceCalls, allocatedBeforeBytes, allocatedAfterBytes }) => (
              <tr data-reason={reason}>
                <th scope="row">
                  <Time atMs={timeMs} nowMs={nowMs} /> <span class="quiet">{agoText(timeMs, nowMs)}</span>
                </th>
                <td>{restartWords(reason)}</td>
                <td class="number" data-label="before">
                  {bytesText(allocatedBeforeBytes)}
                </td>
                <td class="number" data-label="after">
                  {bytesText(allocatedAfterBytes)}
                </td>
                <td class="number" data-label="given back">
                  {bytesText(Math.max(0, allocatedBeforeBytes - allocatedAfterBytes))}
                </td>
                <td class="number" data-label="price">
                  {countText(Math.round(priceCalls))} calls
                </td>
              </tr>
            ))}
        </tbody>
      </table>
      {restartCount > Math.min(SHOWN, restarts.length) && <p class="quiet">{countText(restartCount)} in all.</p>}
    </>
  );
}

function Starts({ entry, nowMs }: { entry: ReportEntry; nowMs: number }) {
  const { starts, traps, failedStarts } = entry;
  if (starts.length === 0) return <p class="quiet">It has not started yet: waiting for the first request.</p>;
  return (
    <>
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Why</th>
            <th scope="col" class="number">
              Generation
            </th>
          </tr>
        </thead>
        <tbody>
          {starts
            .slice(-SHOWN)
            .reverse()
            .map(({ timeMs, reason, generation }) => (
              <tr>
                <th scope="row">
                  <Time atMs={timeMs} nowMs={nowMs} />
                </th>
                <td>{startWords(reason)}</td>
                <td class="number">{String(generation)}</td>
              </tr>
            ))}
        </tbody>
      </table>
      <p class="quiet">
        {countedText(traps, "trap")} and {countedText(failedStarts, "failed start")} since counting began.
      </p>
    </>
  );
}

function Facts({ entry, nowMs, collectMs }: { entry: ReportEntry; nowMs: number; collectMs: number }) {
  const { enforcement, persistence, keyedBy, purges, policy, phase, failurePolicy } = entry;
  const facts: readonly (readonly [string, string])[] = [
    [
      "Restart policy",
      phase === "collecting" ? `${policy}: ${collectingText(entry.collectedMs, collectMs).toLowerCase()}` : policy,
    ],
    ["Credit for restarts", `${countText(Math.round(entry.creditCalls))} extra calls`],
    ["Handover", entry.handsOver ? "live decisions survive a restart" : "a restart empties the cache"],
    ["One decision", entry.bytesPerEntry === null ? "size not known yet" : bytesText(entry.bytesPerEntry)],
    ["Kept for", keyedBy === null ? "known to the filter only" : keyedBy.join(", ")],
    ["Enforcement", enforcement.mode === "enforce" ? "refuses" : `only reports, until ${enforcement.until}`],
    ["If the filter fails", failurePolicy],
    [
      "Persisted",
      persistence === null
        ? "not configured"
        : persistence.state === "on"
          ? persistedText(persistence.storedBytes)
          : persistence.message,
    ],
    ["Purges", countText(purges)],
    ["Runs since", entry.uptimeMs > 0 ? clockText(entry.atMs - entry.uptimeMs, nowMs) : "not in memory"],
    ["Generation", String(entry.generation)],
    ["Configuration", entry.configVersion],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function persistedText(storedBytes: number): string {
  return storedBytes > 0 ? `${bytesText(storedBytes)} of decisions` : "nothing stored yet";
}
