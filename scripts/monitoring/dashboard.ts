import { PANELS, type Panel, type Row } from "./panels.ts";

const COLUMNS = 24;
const DATASOURCE = { type: "prometheus", uid: "$datasource" } as const;

/** The dashboard as Grafana imports it: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
export function dashboard(rows: readonly Row[] = PANELS): object {
  return {
    title: "Ebb",
    uid: "ebb-gateway",
    description: "The gateway's metrics (docs/metrics.md). Made by npm run monitoring.",
    tags: ["ebb"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    time: { from: "now-6h", to: "now" },
    refresh: "1m",
    timezone: "browser",
    annotations: { list: [restartMarks()] },
    templating: { list: [datasourceVariable(), serviceVariable()] },
    panels: layOut(rows),
  };
}

/** Every expression that the dashboard asks Prometheus for, with the variables in it. */
export function expressions(rows: readonly Row[] = PANELS): string[] {
  const ofPanels = rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)));
  return [...ofPanels, restartMarks().expr];
}

function datasourceVariable() {
  return { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", current: {} };
}

function serviceVariable() {
  const query = "label_values(ebb_figures_timestamp_seconds, service)";
  return {
    name: "service",
    label: "Services",
    type: "query",
    datasource: DATASOURCE,
    query: { query, refId: "services" },
    definition: query,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: ".*",
    current: { text: "All", value: "$__all" },
  };
}

function restartMarks() {
  return {
    name: "Restarts",
    datasource: DATASOURCE,
    enable: true,
    iconColor: "orange",
    expr: 'changes(ebb_last_restart_timestamp_seconds{service=~"$service"}[1m]) > 0',
    titleFormat: "restart of {{service}}",
    step: "60s",
  };
}

function layOut(rows: readonly Row[]): object[] {
  let id = 0;
  let y = 0;
  const nextId = () => {
    id += 1;
    return id;
  };
  return rows.flatMap(({ title, height, panels }) => {
    const head = {
      id: nextId(),
      type: "row",
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    };
    const w = Math.floor(COLUMNS / panels.length);
    const laidOut = panels.map((panel, index) => ({
      id: nextId(),
      ...panelModel(panel),
      gridPos: { x: index * w, y: y + 1, w, h: height },
    }));
    y += 1 + height;
    return [head, ...laidOut];
  });
}

function panelModel({ title, description, kind, unit, queries, max }: Panel): object {
  const targets = queries.map(({ expr, legend }, index) => ({
    refId: String.fromCharCode(65 + index),
    datasource: DATASOURCE,
    expr,
    legendFormat: legend,
    ...(kind === "stat" ? { instant: true } : {}),
  }));
  const defaults = {
    unit,
    min: 0,
    ...(max === undefined ? {} : { max }),
    ...(kind === "stat"
      ? {
          thresholds: {
            mode: "absolute",
            steps: [
              { color: "green", value: null },
              { color: "red", value: 1 },
            ],
          },
        }
      : {}),
    ...(kind === "stacked" ? { custom: { fillOpacity: 40, stacking: { mode: "normal", group: "A" } } } : {}),
  };
  return {
    type: kind === "stat" ? "stat" : "timeseries",
    title,
    description,
    datasource: DATASOURCE,
    fieldConfig: { defaults, overrides: [] },
    options:
      kind === "stat"
        ? { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: "background", textMode: "value" }
        : { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets,
  };
}
