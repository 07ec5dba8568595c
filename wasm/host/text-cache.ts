import { lowerCaseName } from "./header-rules.ts";

/** 256 texts of up to 64 bytes: filters request the same few names every time. */
const SLOTS = 256;
const CACHED_BYTES = 64;

/**
 * Turns short ASCII byte sequences into strings without decoding them each time. Filters pass the same header names and
 * property paths for every request, and a `TextDecoder` call costs more than the rest of a header lookup.
 */
export class TextCache {
  readonly #slots: string[] = new Array<string>(SLOTS).fill("");
  readonly #decoder: TextDecoder;
  readonly #lowerCase: boolean;

  /** @param lowerCase folds A-Z to a-z, for header names */
  constructor(decoder: TextDecoder, lowerCase: boolean) {
    this.#decoder = decoder;
    this.#lowerCase = lowerCase;
  }

  /** The text of `size` bytes at `start`. The caller has checked that they lie inside `bytes`. */
  read(bytes: Uint8Array, start: number, size: number): string {
    if (size === 0) return "";
    if (size > CACHED_BYTES) return this.#decode(bytes, start, size);
    // The length and three bytes distinguish a filter's names; all bytes are compared below.
    const first = this.#fold(bytes[start]!);
    const middle = this.#fold(bytes[start + (size >>> 1)]!);
    const last = this.#fold(bytes[start + size - 1]!);
    const hash = Math.imul(Math.imul(Math.imul(size, 31) + first, 31) + middle, 31) + last;
    const slot = (hash ^ (hash >>> 8)) & (SLOTS - 1);
    const cached = this.#slots[slot]!;
    if (this.#holds(cached, bytes, start, size)) return cached;
    const text = this.#decode(bytes, start, size);
    this.#slots[slot] = text;
    return text;
  }

  /** Never true for bytes beyond ASCII: decoding them yields other character codes or another length. */
  #holds(text: string, bytes: Uint8Array, start: number, size: number): boolean {
    if (text.length !== size) return false;
    for (let index = 0; index < size; index++) {
      if (text.charCodeAt(index) !== this.#fold(bytes[start + index]!)) return false;
    }
    return true;
  }

  #fold(byte: number): number {
    return this.#lowerCase && byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
  }

  #decode(bytes: Uint8Array, start: number, size: number): string {
    const text = this.#decoder.decode(bytes.subarray(start, start + size));
    return this.#lowerCase ? lowerCaseName(text) : text;
  }
}
