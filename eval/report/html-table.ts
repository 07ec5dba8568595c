import { escapeHtml } from "./escape.ts";
import { columnGroups, type TableData } from "./table-data.ts";

/** Puts the table into a scrolling box, so that a wide table does not widen the page. */
export function htmlTable({ columns, rows, averages, note }: TableData): string {
  const classes = columns.map(({ align }) => (align === "left" ? "" : ' class="number"'));
  const rowHtml = (row: readonly string[]) =>
    `<tr>${row.map((text, index) => `<td${classes[index] ?? ""}>${escapeHtml(text)}</td>`).join("")}</tr>`;
  const groups = columns.some(({ group }) => group !== "")
    ? `<tr class="groups">${columnGroups(columns).map(groupHtml).join("")}</tr>`
    : "";
  const titles = columns
    .map(({ title }, index) => `<th scope="col"${classes[index]}>${escapeHtml(title)}</th>`)
    .join("");
  return [
    '<div class="scroll"><table>',
    `<thead>${groups}<tr>${titles}</tr></thead>`,
    `<tbody>${rows.map(rowHtml).join("\n")}</tbody>`,
    averages.length > 0 ? `<tfoot>${averages.map(rowHtml).join("\n")}</tfoot>` : "",
    "</table></div>",
    note === undefined ? "" : `<p class="note">${escapeHtml(note)}</p>`,
  ].join("\n");
}

function groupHtml({ title, count }: { title: string; count: number }): string {
  return title === ""
    ? `<td colspan="${count}"></td>`
    : `<th scope="colgroup" colspan="${count}">${escapeHtml(title)}</th>`;
}
