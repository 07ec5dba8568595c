import { shownName } from "./text.ts";

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Escapes text and quoted attributes. A no-break space keeps a number on one line with its unit. */
export function escapeHtml(text: string): string {
  return shownName(text)
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!)
    .replace(/(\d) (%|MiB|MB|min|h|s)(?!\w)/g, "$1\u{a0}$2");
}

/** Escapes a table cell, so that the text cannot end the cell, make a link or become HTML. */
export function escapeMarkdown(text: string): string {
  return shownName(text)
    .replace(/[&<>]/g, (character) => ENTITIES[character]!)
    .replace(/[\\|`*_[\]!]/g, "\\$&");
}
