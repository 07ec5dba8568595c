import { describe, expect, test } from "vitest";
import { reportHtml } from "./html.ts";
import { madeUpResults, NO_RESULTS } from "./testing/made-up-results.ts";
import { HOSTILE_NAME, renamed, withoutNumbers } from "./testing/renamed.ts";
import { faultOf } from "./testing/well-formed.ts";

const results = madeUpResults();

describe("the report", () => {
  test("has no external references and no scripts", async () => {
    const html = await reportHtml(results);
    expect(bodyFault(html)).toBeUndefined();
    expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|\bon\w+="/);
    expect(html.replaceAll(/xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/https?:\/\//);
  });

  test("escapes the names of traces, guests and policies, and the command", async () => {
    const hostile = renamed(results, results.scenarios[0]!.name, HOSTILE_NAME);
    const html = await reportHtml({
      ...hostile,
      settings: { ...hostile.settings, command: `npm run eval -- --trace '${HOSTILE_NAME}'` },
      runs: hostile.runs.map((run) => (run.policy === "oracle" ? { ...run, policy: HOSTILE_NAME } : run)),
      density: [{ policy: HOSTILE_NAME, services: 3, peakBytes: 1 }],
    });
    expect(bodyFault(html)).toBeUndefined();
    expect(html).not.toContain("<script");
    expect(html).toContain("&lt;script&gt;");
  });

  test("states the results in words", async () => {
    const [gap] = results.gaps;
    const [held] = results.handoverGaps;
    const html = await reportHtml({
      ...results,
      gaps: [
        { ...gap!, meanAllocatedBytes: 5, withinShareBytes: 4, optimumBytes: 4 },
        { ...gap!, seed: 2, meanAllocatedBytes: 6, withinShareBytes: 4, optimumBytes: 4 },
      ],
      handoverGaps: [{ ...held!, heldBytes: 6, leastTimerBytes: 8, floorBytes: 5 }],
    });
    const text = html.replaceAll("\u00a0", " ");
    expect(text).toContain("Without handover, over 1 scenario (built-in filter 1)");
    expect(text).toContain("37.5 % above the exact optimum at its own extra calls (at worst +50.0 %)");
    expect(text).toContain("25.0 % below the best of three timers");
    expect(text).toContain("20.0 % above the floor (at worst +20.0 %), for 0.0090 % of a core");
  });

  test("lists every run at the end", async () => {
    const html = await reportHtml(results);
    const table = html.slice(html.indexOf("<h2>All 24 runs</h2>"));
    expect(table.match(/<tr>/g)).toHaveLength(1 + results.runs.length);
  });

  test("is a valid page when there are no runs and when no numbers are known", async () => {
    for (const nothing of [NO_RESULTS, withoutNumbers(results)]) {
      const html = await reportHtml(nothing);
      expect(bodyFault(html)).toBeUndefined();
      expect(html).not.toMatch(/NaN|undefined|>null</);
    }
    expect(await reportHtml(NO_RESULTS)).toContain("No scenario of these results is compared with the optimum.");
  });
});

function bodyFault(html: string): string | undefined {
  return faultOf(html.slice(html.indexOf("<main>"), html.indexOf("</body>")));
}
