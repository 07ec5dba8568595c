import { describe, expect, test } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { type DrawnFigure, drawFigures, type ReportFigures } from "./figures.ts";
import { frontierFigure } from "./frontier-figure.ts";
import { gapFigure } from "./gap-figure.ts";
import { handoverFigure } from "./handover-figure.ts";
import { readmeFigures } from "./readme-figures.ts";
import { madeUpResults, NO_RESULTS } from "./testing/made-up-results.ts";
import { HOSTILE_NAME, renamed, withoutNumbers } from "./testing/renamed.ts";
import { faultOf } from "./testing/well-formed.ts";

const results = madeUpResults({ workloads: ["diurnal"], guests: ["built-in", "doubling"] });
const [first] = results.scenarios;

describe("figures", () => {
  test("are well-formed SVG without external references", async () => {
    const figures = all(await drawFigures(results));
    expect(figures.map(({ id }) => id)).toEqual([
      "handover",
      "handover-0",
      "gaps",
      "memory-0",
      "hits-0",
      "frontier-0",
      "other-0",
      "ttls",
      "density",
    ]);
    for (const { svg } of figures) {
      expect(faultOf(svg)).toBeUndefined();
      expect(svg.replaceAll(/xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/https?:|<script|<image|href/);
      expect(svg).not.toMatch(/NaN|undefined/);
    }
  });

  test("stay well-formed when a trace has a hostile name", async () => {
    for (const { svg } of all(await drawFigures(renamed(results, first!.name, HOSTILE_NAME)))) {
      expect(faultOf(svg)).toBeUndefined();
      expect(svg).not.toContain("<script");
    }
  });

  test("do not share ids in one page", async () => {
    const page = all(await drawFigures(results))
      .map(({ svg }) => svg)
      .join("");
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id!);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, used] of page.matchAll(/url\(#([^)]*)\)/g)) expect(ids).toContain(used);
  });

  test("are the same for the same numbers", async () => {
    expect(await drawFigures(results)).toEqual(await drawFigures(results));
  });

  test("are left out when there is nothing to draw", async () => {
    expect(all(await drawFigures(NO_RESULTS))).toEqual([]);
    expect(await readmeFigures(NO_RESULTS)).toEqual({});
    expect(await readmeFigures(madeUpResults({ workloads: ["a-trace"] }))).toEqual({});
    for (const { svg, sentence } of all(await drawFigures(withoutNumbers(results)))) {
      expect(`${svg}${sentence}`).not.toMatch(/NaN|null %|undefined/);
    }
  });

  test("state the results in their titles and sentences", () => {
    const gap = { ...results.gaps[0]!, meanAllocatedBytes: 5 * MIB, optimumBytes: 4 * MIB, bestUptimeBytes: 4.5 * MIB };
    const held = { ...results.handoverGaps[0]!, heldBytes: 5 * MIB, leastTimerBytes: 5.5 * MIB, floorBytes: 4 * MIB };
    const changed = { ...results, gaps: [gap], handoverGaps: [held] };
    expect(gapFigure(changed, "gaps")!.sentence).toContain("in 1 of 1 scenario.");
    expect(JSON.stringify(gapFigure(changed, "gaps")!.spec)).toContain(
      "Without handover, measured is on average 25.0 % above the optimum",
    );
    expect(JSON.stringify(handoverFigure(changed, "handover")!.spec)).toContain(
      "With handover, measured holds on average 25.0 % above the floor",
    );
    expect(handoverFigure(changed, "handover")!.sentence).toContain("at worst 9.1 % below the best of the timers");
    expect(frontierFigure(changed, gap.scenario, "frontier")!.sentence).toContain(
      "For 0.12 % extra outbound calls measured holds 5.00 MiB on average; at that price the optimum holds 4.00 MiB",
    );
  });

  test("say so where an axis does not start at zero", async () => {
    const drawn = all(await drawFigures(results));
    for (const { id, svg } of drawn) {
      const isCut = /^(hits|frontier|other)-/.test(id);
      expect(svg.includes("axis does not start at 0"), id).toBe(isCut);
    }
  });

  test("of the frontier show never at a price of 0", () => {
    const { spec } = frontierFigure(results, first!.name, "frontier")!;
    expect(JSON.stringify(spec)).toContain('"type":"symlog"');
    expect(JSON.stringify(spec)).toContain('{"policy":"never","percent":0,');
  });

  test("of docs/evaluation.md show the diurnal day: memory and hit rate over time, and memory against its price", async () => {
    const files = await readmeFigures(results);
    expect(Object.keys(files)).toEqual([
      "eval-handover.svg",
      "eval-memory.svg",
      "eval-hit-rate.svg",
      "eval-frontier.svg",
    ]);
    for (const svg of Object.values(files)) expect(faultOf(svg)).toBeUndefined();
  });
});

function all(figures: ReportFigures): DrawnFigure[] {
  const { handover, handoverDays, gaps, days, otherFrontiers, ttls, density } = figures;
  const ofDays = (some: typeof days) => some.flatMap((day) => day.figures);
  return [...handover, ...ofDays(handoverDays), ...gaps, ...ofDays(days), ...otherFrontiers, ...ttls, ...density];
}
