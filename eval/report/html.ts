import type { EvalResults } from "../results.ts";
import { SCENARIOS } from "../workload/scenarios.ts";
import { escapeHtml } from "./escape.ts";
import { type DrawnFigure, drawFigures, type ReportFigures } from "./figures.ts";
import { htmlTable } from "./html-table.ts";
import { densityData, runsData, ttlData } from "./other-tables.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { inOrder } from "./palette.ts";
import type { TableData } from "./table-data.ts";
import { countText, durationText, listText, percentText, plural } from "./text.ts";
import { keyNumbers, verdict } from "./verdict.ts";
import { withHandoverData } from "./with-handover.ts";
import { withoutHandoverData } from "./without-handover.ts";
import { aboutGuest, aboutPolicy, TERMS } from "./words.ts";

/** The report as one self-contained file, without scripts or external fonts and images. All data is escaped. */
export async function reportHtml(results: EvalResults): Promise<string> {
  const figures = await drawFigures(results);
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    // Second line of defence after escaping: nothing may run or load.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    "<title>Ebb: the evaluation</title>",
    `<style>${PAGE_STYLE}</style>`,
    "</head>",
    "<body>",
    "<main>",
    ...opening(results),
    ...method(results),
    ...findings(results, figures),
    ...allRuns(results),
    "</main>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function opening(results: EvalResults): string[] {
  const keys = keyNumbers(results).map(
    ({ value, meaning }) => `<li><strong>${escapeHtml(value)}</strong>${escapeHtml(meaning)}</li>`,
  );
  return [
    "<h1>When to restart a filter, so that its memory ebbs</h1>",
    '<p class="lead">A WebAssembly filter that caches decisions grows with its load and never shrinks. A restart gives ' +
      "the surplus back, but loses the cache. How much memory do well-chosen restarts give back? How many calls to the " +
      "authorization server do they cost? How close is that to the optimum?</p>",
    `<p>${escapeHtml(verdict(results))}</p>`,
    ...(keys.length > 0 ? [`<ul class="keys">${keys.join("")}</ul>`, MEANS_NOTE] : []),
  ];
}

const MEANS_NOTE = '<p class="note">Means over the scenarios that the paragraph above names.</p>';

function method(results: EvalResults): string[] {
  const { command, seeds, extraCallsShare, seconds } = results.settings;
  const [real, model] = [true, false].map((wanted) => results.runs.filter((run) => run.real === wanted).length);
  return [
    "<h2>How it was measured</h2>",
    `<p>Requests, generated or from a trace, pass through a filter in virtual time; a scripted authorization ` +
      `server answers its calls. The estimator and the policies are those of the product. ` +
      `${plural(real!, "run")} used a real module on the real host, ${plural(model!, "run")} a model of a filter. The ` +
      `built-in filter's model agrees with its module page for page. Every policy met the same requests.</p>`,
    `<p><em>With handover</em>, the default, the live entries move to the next instance. Nothing is lost, so memory and ` +
      `work are compared. Without it a policy that restarts more often holds less memory but makes more calls, so ` +
      `neither number alone decides. Measured runs with its default share of ` +
      `${escapeHtml(percentText(extraCallsShare))} extra calls. It is compared with the best timer within that share, and, ` +
      `at the extra calls that it really made, with the best timer and the exact optimum. Retired memory counts from the ` +
      `end of an instance until it is collected, 1.5 s later.</p>`,
    `<p class="note">Made by <code>${escapeHtml(command)}</code> in ${escapeHtml(durationText(seconds * 1_000))}, with ` +
      `${seeds.length === 1 ? "seed" : "seeds"} ${escapeHtml(listText(seeds.map(String)))}.</p>`,
    "<h3>Terms</h3>",
    definitions(TERMS),
    "<h3>Workloads</h3>",
    definitions(workloads(results)),
    "<h3>Guests</h3>",
    definitions(
      unique(results.scenarios.map(({ guest }) => guest)).map((guest) => [
        guest,
        aboutGuest(guest) ?? "another filter",
      ]),
    ),
    "<h3>Policies</h3>",
    definitions(
      inOrder([...results.frontiers, ...results.runs].map(({ policy }) => policy.split("-")[0]!))
        .toReversed()
        .map((policy) => [policy, aboutPolicy(policy) ?? "another policy"]),
    ),
  ];
}

function workloads(results: EvalResults): [string, string][] {
  return [...Map.groupBy(results.scenarios, ({ workload }) => workload)].map(([workload, scenarios]) => {
    const about = SCENARIOS.find(({ name }) => name === workload)?.about ?? "a recorded trace";
    const { requests, spanMs } = scenarios[0]!;
    const ttls = unique(scenarios.map(({ ttlMs }) => durationText(ttlMs)));
    return [
      workload,
      `${about}; ${plural(requests, "request")} in ${durationText(spanMs)}, with a TTL of ${listText(ttls)}`,
    ];
  });
}

function findings(results: EvalResults, figures: ReportFigures): string[] {
  const days = (some: ReportFigures["days"]) =>
    some.flatMap((day) => [`<h3>${escapeHtml(day.workload)}</h3>`, ...day.figures.map(figureHtml)]);
  return [
    ...section("With handover: memory", [withHandoverData(results)], figures.handover.map(figureHtml)),
    ...section("With handover: the days, one by one", [], days(figures.handoverDays)),
    ...section("Without handover: memory and its price", [withoutHandoverData(results)], figures.gaps.map(figureHtml)),
    ...section("Without handover: the days, one by one", [], days(figures.days)),
    ...(figures.otherFrontiers.length > 0
      ? [
          `<details><summary>Memory and its price in ${plural(figures.otherFrontiers.length, "more scenario")}</summary>`,
          ...figures.otherFrontiers.map(figureHtml),
          "</details>",
        ]
      : []),
    ...section("How well the TTL and required are known", [], figures.ttls.map(figureHtml), [ttlData(results)]),
    ...section("How many services fit", [], figures.density.map(figureHtml), [densityData(results)]),
  ];
}

function section(
  title: string,
  before: readonly TableData[],
  body: readonly string[],
  after: readonly TableData[] = [],
): string[] {
  const tables = (some: readonly TableData[]) => some.filter(({ rows }) => rows.length > 0).map(htmlTable);
  const parts = [...tables(before), ...body, ...tables(after)];
  return parts.length > 0 ? [`<h2>${escapeHtml(title)}</h2>`, ...parts] : [];
}

function allRuns(results: EvalResults): string[] {
  const runs = runsData(results);
  if (runs.rows.length === 0) return [];
  return [`<h2>All ${countText(runs.rows.length)} runs</h2>`, htmlTable(runs)];
}

function figureHtml({ id, svg, sentence }: DrawnFigure): string {
  const caption = sentence === "" ? "" : `<figcaption>${escapeHtml(sentence)}</figcaption>`;
  return `<figure id="figure-${escapeHtml(id)}">${svg}${caption}</figure>`;
}

function definitions(pairs: readonly (readonly [string, string])[]): string {
  return `<dl>${pairs.map(([term, text]) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(text)}</dd>`).join("\n")}</dl>`;
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
