import { isAsleep } from "../asleep.ts";
import { type Finding, findingsOf } from "../findings.ts";
import { Document } from "./document.tsx";
import { jsonForScript } from "./html.ts";
import { serviceHref } from "./overview.tsx";
import { Findings, Isolates, StateMark, Time } from "./parts.tsx";
import { SECTIONS, type SectionName, type SectionSources, sectionSources } from "./sections.tsx";
import { SignOut } from "./sign-in.tsx";
import { hasFigures, type ReportEntry, type ServiceData, stateOf } from "./view.ts";
import { WindowLinks } from "./window-links.tsx";

export interface ServicePageProps {
  readonly data: ServiceData;
  readonly nowMs: number;
  readonly canSignOut: boolean;
}

/** The page of one service: the five answers, the curves, the lists, and what can be done. */
export function ServicePage({ data, nowMs, canSignOut }: ServicePageProps) {
  const { prefix, service, window, report } = data;
  const entry = report.services[0];
  const findings = findingsOf(report, nowMs, data.gates);
  const state = entry === undefined ? "unknown" : stateOf(entry, findings, nowMs);
  return (
    <Document
      title={`${service} · Ebb`}
      prefix={prefix}
      crumbs={
        <>
          <h1>{service}</h1>
          <span id="state">
            <StateMark state={state} />
          </span>
        </>
      }
      tools={
        <>
          <WindowLinks hrefOf={(name) => serviceHref(prefix, service, name)} current={window.text} />
          {canSignOut && <SignOut prefix={prefix} />}
        </>
      }
    >
      {entry !== undefined && hasFigures(entry) ? (
        <WithFigures data={data} entry={entry} findings={findings} nowMs={nowMs} />
      ) : (
        <WithoutFigures data={data} findings={findings} />
      )}
    </Document>
  );
}

function WithoutFigures({ data, findings }: { data: ServiceData; findings: readonly Finding[] }) {
  const { report } = data;
  return (
    <>
      {findings.length > 0 && <Findings findings={findings} />}
      <section class="notice">
        <h2>No figures yet</h2>
        <p>
          {findings.length > 0
            ? "They come as soon as that is repaired and a request arrives."
            : "Waiting for the first request to this service. Its memory, decisions and calls appear here within a minute of it."}
        </p>
      </section>
      <Isolates isolates={report.isolates} />
    </>
  );
}

interface WithFiguresProps {
  readonly data: ServiceData;
  readonly entry: ReportEntry;
  readonly findings: readonly Finding[];
  readonly nowMs: number;
}

function WithFigures({ data, entry, findings, nowMs }: WithFiguresProps) {
  const sources = sectionSources(data, entry, findings, nowMs);
  return (
    <>
      <div class="status">
        <p id="live" class="watch off" data-state="off">
          <span id="live-text" role="status">
            <AsOf entry={entry} nowMs={nowMs} />
          </span>
          <button type="button" id="live-button" hidden />
        </p>
        <div class="actions">
          <button type="button" id="restart" hidden>
            Restart…
          </button>
          <button type="button" id="purge" hidden>
            Purge…
          </button>
        </div>
      </div>
      <p id="outcome" class="outcome" role="status" aria-live="polite" />
      <div id="findings">{findings.length > 0 && <Findings findings={findings} />}</div>
      <Section name="answers" sources={sources} />
      <Section name="figures" sources={sources} />
      <section aria-label="Curves" id="curves" class="curves">
        <noscript>
          <p class="quiet">The curves need scripts. All numbers are in the tables below.</p>
        </noscript>
      </section>
      <div class="columns">
        <div>
          <Section name="restarts" title="Restarts" sources={sources} />
          <Section name="starts" title="Starts" sources={sources} />
        </div>
        <div>
          <Section name="clusters" title="Authorization servers" sources={sources} />
          <Section name="decisions" title="Decisions" sources={sources} />
        </div>
      </div>
      <Section name="isolate" title="Memory of the isolate" sources={sources} />
      <Section name="facts" title="How it works" sources={sources} />
      <Dialogs service={data.service} />
      <script type="application/json" id="data">
        {jsonForScript(data)}
      </script>
    </>
  );
}

function AsOf({ entry, nowMs }: { entry: ReportEntry; nowMs: number }) {
  if (!isAsleep(entry, nowMs)) {
    return (
      <>
        As of <Time atMs={entry.atMs} nowMs={nowMs} />
      </>
    );
  }
  return (
    <>
      As of <Time atMs={entry.atMs} nowMs={nowMs} />, asleep since: no request came
    </>
  );
}

function Section({ name, title, sources }: { name: SectionName; title?: string; sources: SectionSources }) {
  return (
    <section class={name}>
      {title !== undefined && <h2>{title}</h2>}
      <div id={`section-${name}`}>{SECTIONS[name](sources)}</div>
    </section>
  );
}

/** Filled and opened by the script; without it nothing can be done here, and docs/operate.md says how. */
function Dialogs({ service }: { service: string }) {
  return (
    <>
      <dialog id="restart-dialog" aria-labelledby="restart-title">
        <form method="dialog">
          <h2 id="restart-title">Restart {service}?</h2>
          <p id="restart-plan" role="status">
            Asking what it would free and cost…
          </p>
          <menu>
            <button type="button" data-close>
              Cancel
            </button>
            <button type="submit" value="confirm" id="restart-confirm" class="primary" disabled>
              Restart now
            </button>
          </menu>
        </form>
      </dialog>
      <dialog id="purge-dialog" aria-labelledby="purge-title">
        <form method="dialog">
          <h2 id="purge-title">Purge decisions of {service}</h2>
          <label for="purge-credential">Credential, as you have it (leave empty for all decisions)</label>
          <input id="purge-credential" autocomplete="off" autocapitalize="off" spellcheck={false} maxlength={8192} />
          <p id="purge-meaning" role="status" />
          <menu>
            <button type="button" data-close>
              Cancel
            </button>
            <button type="submit" value="confirm" id="purge-confirm" class="primary danger">
              Purge
            </button>
          </menu>
        </form>
      </dialog>
    </>
  );
}
