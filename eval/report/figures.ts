import type { EvalResults, ScenarioInfo } from "../results.ts";
import { densityFigure } from "./density-figure.ts";
import type { Figure } from "./figure.ts";
import { frontierFigure } from "./frontier-figure.ts";
import { gapFigure } from "./gap-figure.ts";
import { handoverFigure } from "./handover-figure.ts";
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
  readonly handover: readonly DrawnFigure[];
  /** With handover, one representative scenario of each workload. */
  readonly handoverDays: readonly Day[];
  readonly gaps: readonly DrawnFigure[];
  /** The same without handover. */
  readonly days: readonly Day[];
  readonly otherFrontiers: readonly DrawnFigure[];
  readonly ttls: readonly DrawnFigure[];
  readonly density: readonly DrawnFigure[];
}

interface Day {
  readonly workload: string;
  readonly figures: readonly DrawnFigure[];
}

export async function drawFigures(results: EvalResults): Promise<ReportFigures> {
  const lossy = representatives(results, false);
  const others = results.scenarios.filter((scenario) => !scenario.handover && !lossy.includes(scenario));
  return {
    handover: await drawn([handoverFigure(results, "handover")]),
    // Nothing is lost with handover, so the hit rate is that of `never`, and there is no price.
    handoverDays: await daysOf(representatives(results, true), (name, index) => [
      memoryFigure(results, name, `handover-${index}`),
    ]),
    gaps: await drawn([gapFigure(results, "gaps")]),
    days: await daysOf(lossy, (name, index) => [
      memoryFigure(results, name, `memory-${index}`),
      hitRateFigure(results, name, `hits-${index}`),
      frontierFigure(results, name, `frontier-${index}`),
    ]),
    otherFrontiers: await drawn(others.map(({ name }, index) => frontierFigure(results, name, `other-${index}`))),
    ttls: await drawn([ttlFigure(results, "ttls")]),
    density: await drawn([densityFigure(results, "density")]),
  };
}

async function daysOf(
  scenarios: readonly ScenarioInfo[],
  figuresOf: (name: string, index: number) => readonly (Figure | undefined)[],
): Promise<Day[]> {
  const days: Day[] = [];
  for (const [index, { workload, name }] of scenarios.entries()) {
    const figures = await drawn(figuresOf(name, index));
    if (figures.length > 0) days.push({ workload, figures });
  }
  return days;
}

/** Draws the figures one after another: each keeps the core busy for a good part of a second. */
async function drawn(figures: readonly (Figure | undefined)[]): Promise<DrawnFigure[]> {
  const done: DrawnFigure[] = [];
  for (const figure of figures) {
    if (figure) done.push({ id: figure.id, sentence: figure.sentence, svg: await drawFigure(figure) });
  }
  return done;
}
