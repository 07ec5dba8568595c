import { MIB } from "../../wasm/byte-units.ts";
import type { Medians } from "./result.ts";
import { CONTENDERS, type Contender, type Phase, type Series, type SizeMib } from "./run.ts";

const LOOKS: Readonly<Record<Contender, { label: string; stroke: string; dash: string }>> = {
  "never-grown": { label: "never grown", stroke: "#57606a", dash: "2 3" },
  "no-restart": { label: "grown, no restart", stroke: "#bc4c00", dash: "8 4" },
  plain: { label: "plain re-instantiation", stroke: "#8250df", dash: "5 3 1 3" },
  restart: { label: "this restart", stroke: "#0969da", dash: "" },
};
const PANEL = { width: 340, height: 220, top: 58, gap: 70, left: 62 };
const WIDTH = PANEL.left + 2 * PANEL.width + PANEL.gap + 20;
const HEIGHT = PANEL.top + PANEL.height + 90;

/** Resident memory over time, idle beside loaded, as an SVG that is readable on light and dark pages. */
export function memoryFigure(phases: Readonly<Record<Phase, Medians>>, sizeMib: SizeMib): string {
  const title = `Resident memory of workerd after a filter of ${sizeMib} MiB was restarted`;
  const all = Object.values(phases).flatMap((medians) => Object.values(medians).flat());
  const topMib = Math.ceil(Math.max(...all.map(([, bytes]) => bytes / MIB)) / 50) * 50;
  const lastSeconds = Math.max(...all.map(([seconds]) => seconds));
  const panels = (["idle", "loaded"] as const).map((phase, index) =>
    panel(PANEL.left + index * (PANEL.width + PANEL.gap), phase, phases[phase], topMib, lastSeconds),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-labelledby="title">
<title id="title">${title}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
<text x="${PANEL.left}" y="24" font-size="15" font-weight="600" fill="#1f2328">${title} (at 0 s)</text>
${panels.join("\n")}
${legend()}
</svg>
`;
}

function panel(left: number, phase: Phase, medians: Medians, topMib: number, lastSeconds: number): string {
  const x = (seconds: number): number => left + (seconds / lastSeconds) * PANEL.width;
  const y = (mib: number): number => PANEL.top + PANEL.height * (1 - mib / topMib);
  const parts = [`<text x="${left}" y="${PANEL.top - 12}" font-weight="600" fill="#1f2328">${phase}</text>`];
  for (let mib = 0; mib <= topMib; mib += 50) {
    parts.push(
      `<line x1="${left}" x2="${left + PANEL.width}" y1="${y(mib)}" y2="${y(mib)}" stroke="#d0d7de"/>`,
      `<text x="${left - 8}" y="${y(mib) + 4}" text-anchor="end" fill="#57606a">${mib}${mib === topMib ? " MiB" : ""}</text>`,
    );
  }
  for (let seconds = 0; seconds <= lastSeconds; seconds += 1) {
    const text = seconds === lastSeconds ? `${seconds} s` : String(seconds);
    parts.push(
      `<text x="${x(seconds)}" y="${PANEL.top + PANEL.height + 18}" text-anchor="middle" fill="#57606a">${text}</text>`,
    );
  }
  for (const contender of CONTENDERS) parts.push(line(contender, medians[contender], x, y));
  return parts.join("\n");
}

function line(
  contender: Contender,
  series: Series,
  x: (seconds: number) => number,
  y: (mib: number) => number,
): string {
  const points = series.map(([seconds, bytes]) => `${x(seconds).toFixed(1)},${y(bytes / MIB).toFixed(1)}`).join(" ");
  const { stroke, dash } = LOOKS[contender];
  return `<polyline points="${points}" fill="none" stroke="${stroke}" stroke-width="2" stroke-dasharray="${dash}"/>`;
}

function legend(): string {
  const y = HEIGHT - 30;
  return CONTENDERS.map((contender, index) => {
    const left = PANEL.left + index * 185;
    const { label, stroke, dash } = LOOKS[contender];
    return (
      `<line x1="${left}" x2="${left + 32}" y1="${y}" y2="${y}" stroke="${stroke}" stroke-width="2" stroke-dasharray="${dash}"/>` +
      `<text x="${left + 40}" y="${y + 4}" fill="#1f2328">${label}</text>`
    );
  }).join("\n");
}
