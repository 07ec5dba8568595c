import type { TopLevelSpec } from "vega-lite";
import { FAINT_INK, GRID, INK } from "./palette.ts";

/** A figure before it is drawn. Its title and the sentence below it are generated from the results. */
export interface Figure {
  /** Letters, digits and "-"; unique in a report. */
  readonly id: string;
  readonly sentence: string;
  readonly spec: TopLevelSpec;
}

/** For the title of an axis that would show too little from zero. */
export const NOT_FROM_ZERO = "axis does not start at 0";

const FIGURE_WIDTH = 800;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";
const TITLE_CHARACTERS = 80;
const SUBTITLE_CHARACTERS = 115;

/** The common style of all figures: white, without a frame, with light grid lines. */
export function figureSpec(parts: {
  readonly title: string;
  readonly subtitle: string;
  readonly height: number | { readonly step: number };
  readonly body: object;
}): TopLevelSpec {
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    padding: 12,
    width: FIGURE_WIDTH,
    height: parts.height,
    autosize: { type: typeof parts.height === "number" ? "fit" : "fit-x", contains: "padding" },
    title: { text: lines(parts.title, TITLE_CHARACTERS), subtitle: lines(parts.subtitle, SUBTITLE_CHARACTERS) },
    ...parts.body,
    config: {
      font: FONT,
      view: { stroke: null },
      title: {
        anchor: "start",
        frame: "bounds",
        fontSize: 16,
        fontWeight: 600,
        color: INK,
        subtitleFontSize: 12,
        subtitleColor: FAINT_INK,
        subtitlePadding: 5,
        offset: 14,
      },
      axis: {
        labelFontSize: 12,
        titleFontSize: 12,
        labelColor: FAINT_INK,
        titleColor: FAINT_INK,
        titleFontWeight: "normal",
        gridColor: GRID,
        domainColor: "#999999",
        tickColor: "#999999",
        labelLimit: 340,
        titlePadding: 8,
      },
      legend: {
        orient: "top",
        direction: "horizontal",
        title: null,
        labelFontSize: 12,
        labelColor: INK,
        symbolSize: 120,
        symbolStrokeWidth: 2,
        offset: 6,
        columnPadding: 16,
        labelLimit: 200,
      },
    },
  } as TopLevelSpec;
}

/** Breaks a title into lines that fit the figure. */
function lines(text: string, longest: number): string[] {
  const found = [""];
  for (const word of text.split(" ")) {
    const line = found.at(-1)!;
    if (line !== "" && line.length + word.length >= longest) found.push(word);
    else found[found.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return found;
}
