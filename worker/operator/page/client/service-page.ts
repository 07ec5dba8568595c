import { pointOf } from "../../../../durable/directory/history-point.ts";
import type { DirectoryReport } from "../../../../durable/directory/service-report.ts";
import { isAsleep, windowEndMs } from "../../asleep.ts";
import { findingsOf } from "../../findings.ts";
import { windowReport } from "../../window-report.ts";
import { Findings, StateMark } from "../parts.tsx";
import { withPoint } from "../points.ts";
import { SECTIONS, type SectionName, sectionSources } from "../sections.tsx";
import { hasFigures, type ReportEntry, type ServiceData, stateOf } from "../view.ts";
import { startActions } from "./actions.ts";
import { element } from "./dom.ts";
import { isWatching, Live, type LiveState } from "./live.ts";
import { ServiceCurves } from "./service-curves.ts";
import { localTime, showLocalTimes } from "./times.ts";

/** So many points fill a window while figures come each second: more would not be seen. */
const POINTS_IN_WINDOW = 180;

/** Draws the curves, and keeps the page up to date while the operator watches. */
export function startServicePage(): void {
  const json = document.getElementById("data")?.textContent;
  if (json === undefined || json === null) return;
  const data = JSON.parse(json) as ServiceData;
  const [entry] = data.report.services;
  if (entry === undefined || !hasFigures(entry)) return;
  const page = new ServicePage(data, entry);
  startActions(data.prefix, data.service, () => page.watch());
}

class ServicePage {
  #data: ServiceData;
  #entry: ReportEntry;
  readonly #curves = new ServiceCurves(element("curves", HTMLElement));
  /** The browser's clock may be wrong; all times are the gateway's. */
  readonly #skewMs: number;
  readonly #shown = new Map<string, string>();
  readonly #live: Live;

  constructor(data: ServiceData, entry: ReportEntry) {
    this.#data = data;
    this.#entry = entry;
    this.#skewMs = data.report.atMs - Date.now();
    this.#showCurves();
    const url = `${data.prefix}/live?${new URLSearchParams({ service: data.service })}`;
    this.#live = new Live(
      url,
      () => hasAccess(`${data.prefix}?${new URLSearchParams({ service: data.service })}`),
      (report) => this.#received(report),
      (state) => this.#stateChanged(state),
    );
    const button = element("live-button", HTMLButtonElement);
    button.addEventListener("click", () => (isWatching(this.#live.state) ? this.#live.stop() : this.#live.start()));
    button.hidden = false;
    button.textContent = "Wake it and watch";
    // Watching keeps an object awake, so one that sleeps is woken only if the operator says so.
    if (!isAsleep(entry, this.#nowMs())) this.#live.start();
  }

  watch(): void {
    if (!isWatching(this.#live.state)) this.#live.start();
  }

  #nowMs(): number {
    return Date.now() + this.#skewMs;
  }

  #received({ report, isolate }: DirectoryReport): void {
    const windowMs = this.#data.window.ms;
    const points = withPoint(this.#data.points, pointOf(report), windowMs, windowMs / POINTS_IN_WINDOW);
    const window = windowReport(points, windowMs, windowEndMs(report, this.#nowMs()));
    this.#entry = { ...report, ...(window && { window }) };
    const shown = { ...this.#data.report, services: [this.#entry], isolates: [isolate] };
    this.#data = { ...this.#data, points, report: shown };
    this.#showSections();
    this.#showCurves();
  }

  #showCurves(): void {
    const { points, window } = this.#data;
    const nowMs = this.#nowMs();
    const endMs = windowEndMs(this.#entry, nowMs);
    this.#curves.show(points, this.#entry.restarts, isAsleep(this.#entry, nowMs), window.ms, endMs);
  }

  #showSections(): void {
    const nowMs = this.#nowMs();
    const findings = findingsOf(this.#data.report, nowMs, this.#data.gates);
    const sources = sectionSources(this.#data, this.#entry, findings, nowMs);
    for (const name of Object.keys(SECTIONS) as SectionName[]) {
      this.#replace(element(`section-${name}`, HTMLElement), String(SECTIONS[name](sources)));
    }
    this.#replace(element("findings", HTMLElement), findings.length > 0 ? String(Findings({ findings })) : "");
    this.#replace(element("state", HTMLElement), String(StateMark({ state: stateOf(this.#entry, findings, nowMs) })));
  }

  /** Replaces what has changed only, so that a selection elsewhere stays. The components have escaped every text. */
  #replace(place: HTMLElement, html: string): void {
    if (this.#shown.get(place.id) === html) return;
    this.#shown.set(place.id, html);
    place.innerHTML = html;
    showLocalTimes(place);
  }

  #stateChanged(state: LiveState): void {
    const line = element("live", HTMLElement);
    line.dataset.state = state;
    line.className = `watch ${state}`;
    element("live-text", HTMLElement).textContent = this.#stateText(state);
    element("live-button", HTMLButtonElement).textContent = isWatching(state)
      ? "Pause"
      : state === "ended"
        ? "Watch again"
        : "Watch live";
  }

  #stateText(state: LiveState): string {
    const asOf = `as of ${localTime(new Date(this.#entry.atMs - this.#skewMs))}`;
    switch (state) {
      case "live":
        return "Live";
      case "waking":
        return `Connecting, ${asOf}`;
      case "reconnecting":
        return `Reconnecting, ${asOf}`;
      case "hidden":
        return `Paused while the tab is hidden, ${asOf}`;
      case "ended":
        return `Paused after half an hour, ${asOf}`;
      case "signed-out":
        return `Your session has ended, ${asOf}: reload the page to sign in`;
      case "off":
        return `Paused, ${asOf}`;
    }
  }
}

/** Whether the gateway still shows this page; also if it cannot be reached. */
async function hasAccess(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { method: "HEAD" })).status !== 401;
  } catch {
    return true;
  }
}
