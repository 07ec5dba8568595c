import { PAGE_BYTES, takePage } from "./pages";
import { SPAN_BYTES, Span } from "./span";

/** Memory for the configuration, kept for the life of the instance. A small configuration needs no page of its own. */

const FIRST_BYTES: usize = 7168;

let at: usize = memory.data(7168, 8);
let end: usize = at + FIRST_BYTES;

let pages: u32 = 0;

/** Pages taken for the configuration. */
export function keptPages(): u32 {
  return pages;
}

/** Address of zeroed bytes, 8-aligned. 0 if they do not fit into a page, or if memory is at its limit. */
export function keepBytes(size: usize): usize {
  const rounded = (size + 7) & ~7;
  if (rounded > PAGE_BYTES) return 0;
  if (rounded > end - at) {
    const page = takePage();
    if (!page) return 0;
    pages++;
    at = page;
    end = page + PAGE_BYTES;
  }
  const start = at;
  at += rounded;
  memory.fill(start, 0, rounded);
  return start;
}

/** Like `keepBytes`, but only in memory that is there anyway; 0 if it would take a page. */
export function keepSpareBytes(size: usize): usize {
  return size <= end - at ? keepBytes(size) : 0;
}

/** A copy of the text. The bytes follow the span. */
export function keepText(text: Span): Span {
  const start = keepBytes(SPAN_BYTES + text.size);
  const kept = changetype<Span>(start);
  if (!start) return changetype<Span>(NO_TEXT);
  kept.set(start + SPAN_BYTES, text.size);
  memory.copy(kept.start, text.start, text.size);
  return kept;
}

const NO_TEXT: usize = memory.data(8);

/** A span that is absent. */
export function absentText(): Span {
  return changetype<Span>(NO_TEXT);
}
