import { readFile } from "node:fs/promises";
import { expect, it, describe as suite } from "vitest";
import { parse } from "yaml";
import { hasPrometheus, promtool } from "../../test/prometheus/promtool.ts";
import { FINDING_CODES } from "../../worker/operator/findings/finding.ts";
import { describe, FAMILY_NAMES } from "../../worker/operator/metrics/families.ts";
import { dashboard, expressions } from "./dashboard.ts";
import { withMetricsTable } from "./metrics-table.ts";

/** Names of our metrics in an expression that no family gives. */
function unknownNames(expression: string): string[] {
  const known = FAMILY_NAMES.flatMap((name) =>
    describe(name).type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  const names = expression.match(/\bebb_[a-zA-Z0-9_]+/g) ?? [];
  return names.filter((name) => !known.includes(name as never));
}

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: { readonly severity: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

async function rules(): Promise<Rule[]> {
  const file = parse(await readFile("docs/alerts.yml", "utf8")) as { groups: { rules: Rule[] }[] };
  return file.groups.flatMap((group) => group.rules);
}

suite("docs/grafana.json", () => {
  it("is what npm run monitoring makes", async () => {
    expect(JSON.parse(await readFile("docs/grafana.json", "utf8"))).toEqual(JSON.parse(JSON.stringify(dashboard())));
  });

  it("asks only for metrics that there are", () => {
    expect(expressions().flatMap(unknownNames)).toEqual([]);
    expect(unknownNames("rate(ebb_no_such_total[5m])")).toEqual(["ebb_no_such_total"]);
    expect(unknownNames("rate(ebb_authorization_call_duration_seconds[5m])")).toHaveLength(1);
  });

  it("lays panels out without gaps and overlaps, each with a number of its own", () => {
    const { panels } = dashboard() as {
      panels: { id: number; gridPos: { x: number; y: number; w: number; h: number } }[];
    };
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });
});

suite("docs/metrics.md", () => {
  it("has the table that npm run monitoring makes", async () => {
    const page = await readFile("docs/metrics.md", "utf8");
    expect(page).toBe(withMetricsTable(page));
    for (const name of FAMILY_NAMES) expect(page).toContain(`| \`${name}\` |`);
  });
});

suite("docs/alerts.yml", () => {
  it("names only metrics that there are", async () => {
    expect((await rules()).flatMap(({ expr }) => unknownNames(expr))).toEqual([]);
  });

  it("says for each alert what is wrong, what to do, and where to read on", async () => {
    const pages: Record<string, string> = {};
    for (const { alert, labels, annotations = {} } of (await rules()).filter((rule) => rule.alert !== undefined)) {
      expect([alert, labels?.severity]).toEqual([alert, expect.stringMatching(/^(critical|warning)$/)]);
      expect([alert, Object.keys(annotations)]).toEqual([alert, ["summary", "description", "docs"]]);
      const [file = "", anchor = ""] = annotations.docs!.split("#");
      pages[file] ??= await readFile(file, "utf8");
      const anchors = [...pages[file].matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
        title!.toLowerCase().replaceAll(" ", "-"),
      );
      expect([alert, anchors]).toEqual([alert, expect.arrayContaining([anchor])]);
      if (file === "docs/findings.md") expect(FINDING_CODES).toContain(anchor);
    }
  });

  it("has a test in which it fires, for every alert", async () => {
    const tests = await readFile("test/prometheus/alerts.yml", "utf8");
    for (const { alert } of await rules())
      if (alert !== undefined) expect(tests).toMatch(new RegExp(`alertname(=|: )"?${alert}\\b`));
  });

  it.runIf(hasPrometheus("promtool"))(
    "promtool has nothing to say against the rules, and its tests of them pass",
    () => {
      expect(promtool(["check", "rules", "docs/alerts.yml"])).toBeNull();
      expect(promtool(["test", "rules", "test/prometheus/alerts.yml"])).toBeNull();
    },
  );
});
