import { restartWords } from "../code-words.ts";
import type { Finding } from "../findings.ts";
import type { GatewayReport, ServiceEntry, WindowCalls } from "../gateway-report.ts";
import { mostFail } from "./answers.ts";
import { Document } from "./document.tsx";
import { bytesText, countText, durationText, percentText } from "./format.ts";
import { Ago, Findings, Isolates, MemoryBar, StateMark, Time } from "./parts.tsx";
import { SignOut } from "./sign-in.tsx";
import { hasFigures, type ReportEntry, STATES, type State, stateOf } from "./view.ts";
import { WindowLinks } from "./window-links.tsx";
import type { ChosenWindow } from "./windows.ts";

export interface OverviewProps {
  readonly prefix: string;
  readonly report: GatewayReport;
  readonly findings: readonly Finding[];
  readonly window: ChosenWindow;
  readonly nowMs: number;
  readonly canSignOut: boolean;
}

/** All services at a glance: what is wrong, the memory that they share, and one row for each, worst first. */
export function Overview({ prefix, report, findings, window, nowMs, canSignOut }: OverviewProps) {
  const rows = report.services
    .map((entry) => ({ entry, state: stateOf(entry, findings, nowMs) }))
    .sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || compareTexts(a.entry.name, b.entry.name));
  const largest = Math.max(0, ...report.services.map((entry) => (hasFigures(entry) ? entry.allocatedBytes : 0)));
  const hrefOf = (name: string) => serviceHref(prefix, name, window.text);
  return (
    <Document
      title="Ebb: all services"
      prefix={prefix}
      crumbs={
        <span class="quiet">
          {countText(rows.length)} {rows.length === 1 ? "service" : "services"},{" "}
          <span id="as-of" data-renewed>
            as of <Time atMs={nowMs} nowMs={nowMs} />
          </span>
        </span>
      }
      tools={
        <>
          <WindowLinks hrefOf={(name) => overviewHref(prefix, name)} current={window.text} />
          {canSignOut && <SignOut prefix={prefix} />}
        </>
      }
    >
      <h1 class="hidden">All services</h1>
      <section aria-labelledby="wrong" id="section-wrong" data-renewed>
        <h2 id="wrong">
          {findings.some(({ severity }) => severity !== "note") ? "What is wrong" : "Nothing is wrong"}
        </h2>
        {findings.length > 0 ? (
          <Findings findings={findings} serviceHref={hrefOf} />
        ) : (
          <p class="quiet">{calmText(rows.map(({ state }) => state))}</p>
        )}
      </section>
      <section class="isolate" aria-labelledby="isolates" id="section-isolates" data-renewed>
        <h2 id="isolates">Memory of the {report.isolates.length === 1 ? "isolate" : "isolates"}</h2>
        {report.isolates.length > 0 ? (
          <Isolates isolates={report.isolates} />
        ) : (
          <p class="quiet">Waiting for the first request: until then no filter holds memory.</p>
        )}
      </section>
      <section aria-labelledby="services">
        <div class="title">
          <h2 id="services">Services</h2>
          <label class="filter" hidden>
            <span>
              Filter <kbd>/</kbd>
            </span>
            <input type="search" id="filter" autocomplete="off" spellcheck={false} aria-describedby="filter-help" />
            <output id="matches" for="filter" />
          </label>
          <span id="filter-help" class="hidden">
            Arrow keys move through the services, Enter opens one.
          </span>
        </div>
        <table class="services">
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col">State</th>
              <th scope="col">Memory: needed / held</th>
              <th scope="col" class="number">
                Hit rate
              </th>
              <th scope="col" class="number">
                Requests, {durationText(window.ms)}
              </th>
              <th scope="col" class="number">
                Refused
              </th>
              <th scope="col" class="number">
                Undecided
              </th>
              <th scope="col" class="number">
                Server, p95
              </th>
              <th scope="col">Last restart</th>
              <th scope="col">As of</th>
            </tr>
          </thead>
          <tbody id="rows" data-renewed>
            {rows.map(({ entry, state }) => (
              <Row entry={entry} state={state} href={hrefOf(entry.name)} largest={largest} nowMs={nowMs} />
            ))}
          </tbody>
        </table>
      </section>
      <footer class="quiet">
        Configuration {report.version}. Read from the directory: no service was woken for this page.
      </footer>
    </Document>
  );
}

interface RowProps {
  readonly entry: ServiceEntry;
  readonly state: State;
  readonly href: string;
  readonly largest: number;
  readonly nowMs: number;
}

function Row({ entry, state, href, largest, nowMs }: RowProps) {
  return (
    <tr class={state}>
      <th scope="row">
        <a href={href}>{entry.name}</a>
      </th>
      <td>
        <StateMark state={state} />
      </td>
      {hasFigures(entry) ? (
        <Figures entry={entry} largest={largest} nowMs={nowMs} />
      ) : (
        <td class="quiet" colspan={8}>
          {"error" in entry ? entry.error : "Waiting for its first request."}
        </td>
      )}
    </tr>
  );
}

function Figures({ entry, largest, nowMs }: { entry: ReportEntry; largest: number; nowMs: number }) {
  const { allocatedBytes, requiredBytes, window, restarts, atMs } = entry;
  const last = restarts.at(-1);
  return (
    <>
      <td data-label="memory">
        <MemoryBar allocated={allocatedBytes} required={requiredBytes} largest={largest} />{" "}
        {bytesText(Math.min(requiredBytes, allocatedBytes))} / {bytesText(allocatedBytes)}
      </td>
      <td class="number" data-label="hit rate">
        {percentText(window?.hitRate ?? null)}
      </td>
      <Count label="requests" count={window?.counts.requests} />
      <Count label="refused" count={window?.counts.refused} />
      <Count label="undecided" count={window?.counts.undecided} alarms />
      <Server calls={Object.values(window?.clusters ?? {})} />
      <td data-label="last restart">
        {last === undefined ? (
          <span class="quiet">none</span>
        ) : (
          <>
            <Ago atMs={last.timeMs} nowMs={nowMs} /> <small>{restartWords(last.reason)}</small>
          </>
        )}
      </td>
      <td data-label="as of">
        <Ago atMs={atMs} nowMs={nowMs} />
      </td>
    </>
  );
}

/** The slowest server; or that calls fail, because failing quickly is not being quick. */
function Server({ calls }: { calls: readonly WindowCalls[] }) {
  const fails = mostFail(calls);
  const p95s = calls.flatMap(({ p95Ms }) => (p95Ms === null ? [] : [p95Ms]));
  return (
    <td class={fails ? "number bad" : "number"} data-label="server p95">
      {fails ? "fails" : p95s.length === 0 ? "–" : durationText(Math.max(...p95s))}
    </td>
  );
}

function Count({ label, count, alarms }: { label: string; count: number | undefined; alarms?: boolean }) {
  return (
    <td class={alarms && (count ?? 0) > 0 ? "number bad" : "number"} data-label={label}>
      {count === undefined ? "–" : countText(count)}
    </td>
  );
}

function calmText(states: readonly State[]): string {
  const of = (wanted: State) => states.filter((state) => state === wanted).length;
  const parts = [
    [of("well"), "at work"],
    [of("asleep"), "asleep: no request for a while"],
    [of("waiting"), "waiting for the first request"],
  ] as const;
  const shown = parts.filter(([count]) => count > 0).map(([count, what]) => `${countText(count)} ${what}`);
  return shown.length === 0 ? "No service is configured." : `${shown.join(", ")}.`;
}

export function serviceHref(prefix: string, name: string, window: string): string {
  return `${prefix}?${new URLSearchParams({ service: name, window })}`;
}

function overviewHref(prefix: string, window: string): string {
  return `${prefix}?${new URLSearchParams({ window })}`;
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
