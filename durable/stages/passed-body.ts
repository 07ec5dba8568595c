import type { Refusal } from "../../wasm/host/index.ts";
import type { BodyPart, BodyParts } from "./body-through.ts";

/** The parts of a body that pass, as a stream at the reader's pace. */
export class PassedBody {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor() {
    const { readable, writable } = new IdentityTransformStream();
    this.readable = readable;
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {});
  }

  /** Rejects when no one reads any more. */
  get wanted(): Promise<unknown> {
    return this.#writer.closed;
  }

  /**
   * Writes the parts. Aborts a body that was refused or whose sender is gone, so that no one mistakes its beginning for all of
   * it. Never rejects.
   *
   * @param first the first part, if it was already taken
   * @returns the filter's refusal of the rest, if it refused
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
        // Not awaited: a reader that sees the body abort asks for the refusal, and must find it.
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
