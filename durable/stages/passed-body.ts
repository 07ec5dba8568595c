import type { Refusal } from "../../wasm/host/index.ts";
import type { BodyPart, BodyParts } from "./body-through.ts";

/** What passes of a body, as a stream at the pace of whoever reads it. */
export class PassedBody {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor() {
    const { readable, writable } = new IdentityTransformStream();
    this.readable = readable;
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {});
  }

  /** Rejects when nobody reads any more. */
  get wanted(): Promise<unknown> {
    return this.#writer.closed;
  }

  /**
   * Writes the parts. A body that was refused, or whose sender has gone, is broken off: nobody may take its beginning for
   * all of it. Never rejects.
   *
   * @param first of the parts, if it was taken already
   * @returns how the filter refused the rest, if it did
   */
  async take(parts: BodyParts, first?: BodyPart): Promise<Refusal | undefined> {
    const writer = this.#writer;
    try {
      if (first !== undefined && first.bytes.length > 0) await writer.write(first.bytes);
      for (;;) {
        const { done, value } = await parts.next();
        if (!done) {
          if (value.bytes.length > 0) await writer.write(value.bytes);
          continue;
        }
        if (value === undefined) await writer.close();
        // Not waited for: whoever sees the body break off asks for the refusal, and must find it.
        else writer.abort(new Error("the filter refused the rest")).catch(() => {});
        return value;
      }
    } catch (error) {
      parts.return(undefined).catch(() => {});
      writer.abort(error).catch(() => {});
      return undefined;
    }
  }
}
