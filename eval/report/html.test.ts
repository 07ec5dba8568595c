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
    const html = await reportHtml({
      ...results,
      gaps: [{ ...gap!, meanAllocatedBytes: 5, neverBytes: 10, optimumBytes: 4 }],
    });
    expect(html.replaceAll("\u00a0", " ")).toContain("measured holds on average 50.0 % less memory than never");
    expect(html.replaceAll("\u00a0", " ")).toContain("25.0 % above the exact optimum");
  });

  test("lists every run at the end", async () => {
    const html = await reportHtml(results);
    const table = html.slice(html.indexOf("<h2>All 12 runs</h2>"));
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
