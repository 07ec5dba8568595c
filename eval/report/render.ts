import * as vega from "vega";
import { compile } from "vega-lite";
import type { Figure } from "./figure.ts";

/** Vega exports `textMetrics` and `resetSVGDefIds`, but its types lack them. */
interface TextItem {
  readonly text?: unknown;
  readonly fontSize?: number;
  readonly fontWeight?: number | string;
}
const { textMetrics, resetSVGDefIds } = vega as unknown as {
  textMetrics: { width: (item: TextItem, text?: unknown) => number };
  resetSVGDefIds: () => void;
};

const NARROW = /[ijlftrI.,:;'|!()[\]\- ]/;
const WIDE = /[mwMW%@–…]/;
const CAPITAL = /[A-Z]/;

/**
 * Draws a figure without a browser, a canvas or fonts. It estimates text widths, so that the same numbers give the same file
 * on every machine. Vega's own estimate is half as wide again and leaves too much room beside the axes.
 */
export async function drawFigure({ id, spec }: Figure): Promise<string> {
  textMetrics.width = (item, text) => estimatedWidth(String(text ?? item.text ?? ""), item);
  const view = new vega.View(vega.parse(compile(spec, { logger: vega.logger(vega.Error) }).spec), {
    renderer: "none",
    logLevel: vega.Error,
  });
  try {
    resetSVGDefIds();
    return ownIds(await view.toSVG(), id);
  } finally {
    view.finalize();
  }
}

function estimatedWidth(text: string, { fontSize = 11, fontWeight }: TextItem): number {
  const bold = Number(fontWeight) >= 600 || fontWeight === "bold" ? 1.07 : 1;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width * fontSize * bold;
}

/** Width in a sans serif font, as a multiple of the font size. */
function widthOf(character: string): number {
  if (NARROW.test(character)) return 0.33;
  if (WIDE.test(character)) return 0.88;
  return CAPITAL.test(character) ? 0.68 : character > "\u{2e7f}" ? 1 : 0.57;
}

/** Prefixes ids with the figure's own: otherwise all figures of a page would use the clip paths of the first. */
function ownIds(svg: string, id: string): string {
  return svg
    .replace(/(<\w+ id=")(\w+")/g, (_, start: string, rest: string) => `${start}${id}-${rest}`)
    .replace(/(="url\(#)(\w+\)")/g, (_, start: string, rest: string) => `${start}${id}-${rest}`);
}
