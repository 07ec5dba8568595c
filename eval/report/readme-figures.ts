import type { EvalResults } from "../results.ts";
import { frontierFigure } from "./frontier-figure.ts";
import { memoryFigure } from "./memory-figure.ts";
import { drawFigure } from "./render.ts";
import { busyScenario } from "./representatives.ts";

/** The two figures of docs/evaluation.md by file name: memory against its price, and memory over a busy day. */
export async function readmeFigures(results: EvalResults): Promise<Record<string, string>> {
  const scenario = busyScenario(results)?.name;
  if (scenario === undefined) return {};
  const figures = {
    "eval-frontier.svg": frontierFigure(results, scenario, "frontier"),
    "eval-memory.svg": memoryFigure(results, scenario, "memory"),
  };
  const files: Record<string, string> = {};
  for (const [file, figure] of Object.entries(figures)) {
    if (figure) files[file] = await drawFigure(figure);
  }
  return files;
}
