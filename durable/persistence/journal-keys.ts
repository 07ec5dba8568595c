import type { JournalHead } from "./journal-head.ts";

/** Storage key of a journal's head; the keys of its rows begin with it. */
export const HEAD_KEY = "journal";

/** Key of the row that follows those of `head`. */
export function rowKey({ slot, rows }: Pick<JournalHead, "slot" | "rows">): string {
  return `${HEAD_KEY}/${slot}/${String(rows).padStart(6, "0")}`;
}
