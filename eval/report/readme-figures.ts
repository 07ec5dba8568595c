import type { EvalResults } from "../results.ts";
import { frontierFigure } from "./frontier-figure.ts";
import { hitRateFigure } from "./hit-rate-figure.ts";
import { memoryFigure } from "./memory-figure.ts";
import { drawFigure } from "./render.ts";
import { busyScenario } from "./representatives.ts";

/**
 * The figures of docs/evaluation.md by file name, for the diurnal day: memory with handover; without, memory, hit rate, and
 * memory against its price. None if the day did not run.
 */
export async function readmeFigures(results: EvalResults): Promise<Record<string, string>> {
  const lossless = busyScenario(results, true)?.name;
  const lossy = busyScenario(results, false)?.name;
  const figures = {
    "eval-handover.svg": lossless === undefined ? undefined : memoryFigure(results, lossless, "handover"),
    ...(lossy !== undefined && {
      "eval-memory.svg": memoryFigure(results, lossy, "memory"),
      "eval-hit-rate.svg": hitRateFigure(results, lossy, "hits"),
      "eval-frontier.svg": frontierFigure(results, lossy, "frontier"),
    }),
  };
  const files: Record<string, string> = {};
  for (const [file, figure] of Object.entries(figures)) {
    if (figure) files[file] = await drawFigure(figure);
  }
  return files;
}
