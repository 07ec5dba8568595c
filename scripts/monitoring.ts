/** `npm run monitoring`: writes Grafana's dashboard, and the table of all metrics in docs/metrics.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { dashboard } from "./monitoring/dashboard.ts";
import { withMetricsTable } from "./monitoring/metrics-table.ts";

writeFileSync("docs/grafana.json", `${JSON.stringify(dashboard(), null, 2)}\n`);
writeFileSync("docs/metrics.md", withMetricsTable(readFileSync("docs/metrics.md", "utf8")));
console.log("wrote docs/grafana.json and the table in docs/metrics.md");
