import { shownName } from "./text.ts";

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** For text and quoted attributes. A number stays on one line with its unit. */
export function escapeHtml(text: string): string {
  return shownName(text)
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!)
    .replace(/(\d) (%|MiB|MB|min|h|s)(?!\w)/g, "$1\u{a0}$2");
}

/** For a cell of a table: nothing in it ends the cell, makes a link or becomes HTML. */
export function escapeMarkdown(text: string): string {
  return shownName(text)
    .replace(/[&<>]/g, (character) => ENTITIES[character]!)
    .replace(/[\\|`*_[\]!]/g, "\\$&");
}
