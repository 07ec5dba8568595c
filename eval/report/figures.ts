import type { EvalResults } from "../results.ts";
import { densityFigure } from "./density-figure.ts";
import type { Figure } from "./figure.ts";
import { frontierFigure } from "./frontier-figure.ts";
import { gapFigure } from "./gap-figure.ts";
import { hitRateFigure } from "./hit-rate-figure.ts";
import { memoryFigure } from "./memory-figure.ts";
import { drawFigure } from "./render.ts";
import { representatives } from "./representatives.ts";
import { ttlFigure } from "./ttl-figure.ts";

export interface DrawnFigure {
  readonly id: string;
  readonly sentence: string;
  readonly svg: string;
}

/** All figures of a report, grouped in the order of the report. Figures without data are left out. */
export interface ReportFigures {
  readonly gaps: readonly DrawnFigure[];
  /** One representative scenario of each workload. */
  readonly days: readonly { readonly workload: string; readonly figures: readonly DrawnFigure[] }[];
  readonly otherFrontiers: readonly DrawnFigure[];
  readonly ttls: readonly DrawnFigure[];
  readonly density: readonly DrawnFigure[];
}

export async function drawFigures(results: EvalResults): Promise<ReportFigures> {
  const chosen = representatives(results);
  const others = results.scenarios.filter((scenario) => !chosen.includes(scenario));
  const days = [];
  for (const [index, { workload, name }] of chosen.entries()) {
    const figures = await drawn([
      memoryFigure(results, name, `memory-${index}`),
      hitRateFigure(results, name, `hits-${index}`),
      frontierFigure(results, name, `frontier-${index}`),
    ]);
    if (figures.length > 0) days.push({ workload, figures });
  }
  return {
    gaps: await drawn([gapFigure(results, "gaps")]),
    days,
    otherFrontiers: await drawn(others.map(({ name }, index) => frontierFigure(results, name, `other-${index}`))),
    ttls: await drawn([ttlFigure(results, "ttls")]),
    density: await drawn([densityFigure(results, "density")]),
  };
}

/** Draws the figures one after another: each keeps the core busy for a good part of a second. */
async function drawn(figures: readonly (Figure | undefined)[]): Promise<DrawnFigure[]> {
  const done: DrawnFigure[] = [];
  for (const figure of figures) {
    if (figure) done.push({ id: figure.id, sentence: figure.sentence, svg: await drawFigure(figure) });
  }
  return done;
}
