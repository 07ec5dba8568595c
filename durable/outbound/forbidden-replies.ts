import type { HeaderList } from "../../wasm/host/index.ts";

/** After so many replies of which none may be kept, the log says so. */
const ENOUGH = 20;

/** Counts the replies of authorization servers that forbid to keep the decision, so that each request asks again. */
export class ForbiddenReplies {
  readonly #tell: () => void;
  #answered = 0;
  #forbidden = 0;

  /** @param tell called once, if none of the first replies may be kept */
  constructor(tell: () => void) {
    this.#tell = tell;
  }

  /** @returns whether this reply forbids it */
  note(headers: HeaderList): boolean {
    const forbids = forbidsKeeping(headers);
    this.#answered += 1;
    if (forbids) this.#forbidden += 1;
    if (this.#answered === ENOUGH && this.#forbidden === ENOUGH) this.#tell();
    return forbids;
  }
}

/** `no-store`, `no-cache`, or no time at all (RFC 9111 5.2.2). The filter reads the whole header; this is for the log. */
export function forbidsKeeping(headers: HeaderList): boolean {
  return headers.some(
    ([name, value]) =>
      name === "cache-control" &&
      value
        .toLowerCase()
        .split(",")
        .some((directive) => /^\s*(?:no-store|no-cache|(?:max-age|s-maxage)\s*=\s*"?0"?)\s*(?:=.*)?$/.test(directive)),
  );
}
