import { type Column, columnGroups, type TableData } from "./table-data.ts";
import { shownName } from "./text.ts";

const GAP = "  ";
const LONGEST_CELL = 52;
const NOTE_WIDTH = 100;

/** Renders a table for a terminal: columns of fixed width, a line below the head and one above the averages. */
export function textTable({ title, columns, rows, averages, note }: TableData): string {
  const body = rows.map((row) => row.map(cell));
  const foot = averages.map((row) => row.map(cell));
  const widths = widthsFor(columns, [...body, ...foot]);
  const line = widths.map((width) => "─".repeat(width)).join(GAP);
  const textOf = (row: readonly string[]) =>
    columns
      .map(({ align }, index) => pad(row[index] ?? "", widths[index]!, align))
      .join(GAP)
      .trimEnd();
  return [
    title,
    "",
    ...groupLine(columns, widths),
    textOf(columns.map((column) => column.title)),
    line,
    ...body.map(textOf),
    ...(foot.length > 0 ? [line, ...foot.map(textOf)] : []),
    ...(note === undefined ? [] : ["", ...wrapped(note)]),
  ].join("\n");
}

/** Shortens the text and replaces control characters: a file name must not break the line or control the terminal. */
function cell(text: string): string {
  const shown = shownName(text);
  return lengthOf(shown) > LONGEST_CELL ? `${[...shown].slice(0, LONGEST_CELL - 1).join("")}…` : shown;
}

/** Each column is as wide as its widest cell. A group heading that is wider still widens the last column of the group. */
function widthsFor(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  const widths = columns.map(({ title }, index) => {
    return Math.max(lengthOf(title), ...rows.map((row) => lengthOf(row[index] ?? "")));
  });
  for (const { title, first, count } of columnGroups(columns)) {
    const missing = lengthOf(title) - spanOf(widths, first, count);
    if (missing > 0) widths[first + count - 1]! += missing;
  }
  return widths;
}

function groupLine(columns: readonly Column[], widths: readonly number[]): string[] {
  if (columns.every(({ group }) => group === "")) return [];
  const parts = columnGroups(columns).map(({ title, first, count }) => {
    const width = spanOf(widths, first, count);
    if (title === "") return " ".repeat(width);
    const rule = width - lengthOf(title) - 1;
    return rule > 1 ? `${title} ${"─".repeat(rule)}` : pad(title, width, "right");
  });
  return [parts.join(GAP).trimEnd()];
}

function spanOf(widths: readonly number[], first: number, count: number): number {
  return widths.slice(first, first + count).reduce((sum, width) => sum + width, GAP.length * (count - 1));
}

function pad(text: string, width: number, align: Column["align"]): string {
  const space = " ".repeat(Math.max(0, width - lengthOf(text)));
  return align === "left" ? text + space : space + text;
}

function lengthOf(text: string): number {
  return [...text].length;
}

function wrapped(text: string): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && lengthOf(line) + 1 + lengthOf(word) > NOTE_WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
