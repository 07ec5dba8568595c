const NOTHING = new Uint8Array(0);

/**
 * The part of one body that is held back. A single chunk is used without a copy. Several chunks are copied into a buffer
 * that doubles, so many small chunks cost no more than one large one.
 */
export class BodyBuffer {
  #bytes: Uint8Array = NOTHING;
  #length = 0;
  /** False while `#bytes` is the embedder's chunk, which must not be written. */
  #owned = false;

  get length(): number {
    return this.#length;
  }

  /** A view, valid until the next change. */
  get bytes(): Uint8Array {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#length);
  }

  append(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#length === 0) {
      this.#bytes = chunk;
      this.#owned = false;
    } else {
      this.#reserve(this.#length + chunk.length);
      this.#bytes.set(chunk, this.#length);
    }
    this.#length += chunk.length;
  }

  /** Copies a borrowed chunk, so that its owner may reuse it. */
  own(): void {
    if (this.#owned || this.#length === 0) return;
    this.#bytes = this.#bytes.slice(0, this.#length);
    this.#owned = true;
  }

  /** Replaces `size` bytes at `start` (both limited to the body's length) with `content`. */
  splice(start: number, size: number, content: Uint8Array): void {
    const from = Math.min(start, this.#length);
    const to = Math.min(from + size, this.#length);
    const rest = this.#length - to;
    const spliced = new Uint8Array(from + content.length + rest);
    spliced.set(this.#bytes.subarray(0, from));
    spliced.set(content, from);
    spliced.set(this.#bytes.subarray(to, this.#length), from + content.length);
    this.#bytes = spliced;
    this.#length = spliced.length;
    this.#owned = true;
  }

  truncate(length: number): void {
    this.#length = Math.min(length, this.#length);
  }

  /** Returns all bytes and empties the buffer. */
  take(): Uint8Array {
    const { bytes } = this;
    this.#bytes = NOTHING;
    this.#length = 0;
    this.#owned = false;
    return bytes;
  }

  #reserve(length: number): void {
    if (this.#owned && length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(length, 2 * this.#length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#owned = true;
  }
}
