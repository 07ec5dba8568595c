import { Status } from "./abi.ts";
import { byteString } from "./byte-string.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import { TextCache } from "./text-cache.ts";

/** The guest's allocator: `proxy_on_memory_allocate` or `malloc`. Returns the address, or 0 on failure. */
type GuestAllocator = (size: number) => unknown;

const NO_BYTES = new Uint8Array(0);
/** Up to this length a loop is faster than `encodeInto`, which needs a subarray and a call out of JavaScript. */
const LOOP_CHARACTERS = 96;

/**
 * The guest's linear memory. Callers never get a view they may keep: growth detaches every view, and one
 * kept view keeps the whole memory of a replaced filter alive. Every address from the guest is treated as unsigned and checked
 * against the current memory. An access outside returns `undefined`, `false` or INVALID_MEMORY_ACCESS; it never throws.
 */
export class GuestMemory {
  #memory: WebAssembly.Memory | undefined;
  #allocator: GuestAllocator | undefined;
  #bytes: Uint8Array = NO_BYTES;
  #allocating = false;
  #refusedBytes = 0;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  readonly #names = new TextCache(this.#decoder, true);
  readonly #texts = new TextCache(this.#decoder, false);

  /** Before that (a start section may already call the host) every access is outside memory. */
  attach(memory: WebAssembly.Memory, allocator: GuestAllocator): void {
    this.#memory = memory;
    this.#allocator = allocator;
  }

  /** Drops the memory for good. */
  release(): void {
    this.#memory = undefined;
    this.#allocator = undefined;
    this.#bytes = NO_BYTES;
  }

  /** Drops the view used by the current callback. */
  endCall(): void {
    this.#bytes = NO_BYTES;
  }

  get byteLength(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }

  /** Size of the last allocation that the guest's allocator refused; 0 if none. */
  get refusedBytes(): number {
    return this.#refusedBytes;
  }

  /** True if `size` bytes at `pointer` lie inside. Zero bytes need no address: they are always inside. */
  holds(pointer: number, size: number): boolean {
    return size >>> 0 === 0 || (pointer >>> 0) + (size >>> 0) <= this.#live().length;
  }

  /** Decodes UTF-8; invalid bytes become U+FFFD. Undefined outside memory or beyond `HOST_LIMITS.textBytes`. */
  readText(pointer: number, size: number): string | undefined {
    return this.#readable(pointer, size) ? this.#texts.read(this.#bytes, pointer >>> 0, size >>> 0) : undefined;
  }

  /** A header name, in lower case. */
  readName(pointer: number, size: number): string | undefined {
    return this.#readable(pointer, size) ? this.#names.read(this.#bytes, pointer >>> 0, size >>> 0) : undefined;
  }

  /** Like `readText`, but without the cache: for text that rarely repeats and may be secret. */
  readValue(pointer: number, size: number): string | undefined {
    return size >>> 0 <= HOST_LIMITS.headerMapBytes ? this.decode(pointer, size, this.#decodeText) : undefined;
  }

  /** One character per byte, so that keys that are not UTF-8 stay distinct. At most `HOST_LIMITS.keyBytes`. */
  readKey(pointer: number, size: number): string | undefined {
    return size >>> 0 <= HOST_LIMITS.keyBytes ? this.decode(pointer, size, byteString) : undefined;
  }

  /** A copy. Undefined outside memory. The caller limits `size`. */
  readBytes(pointer: number, size: number): Uint8Array<ArrayBuffer> | undefined {
    return this.decode(pointer, size, copyOf);
  }

  /** Passes the bytes to `decode`, which must not keep them. Undefined outside memory. */
  decode<T>(pointer: number, size: number, decode: (bytes: Uint8Array) => T): T | undefined {
    if (size >>> 0 === 0) return decode(NO_BYTES);
    if (!this.holds(pointer, size)) return undefined;
    const start = pointer >>> 0;
    return decode(this.#live().subarray(start, start + (size >>> 0)));
  }

  readU32(pointer: number): number | undefined {
    if (!this.holds(pointer, 4)) return undefined;
    const bytes = this.#live();
    const at = pointer >>> 0;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  /** @returns OK or INVALID_MEMORY_ACCESS */
  writeU32(pointer: number, value: number): Status {
    if (!this.holds(pointer, 4)) return Status.INVALID_MEMORY_ACCESS;
    const bytes = this.#live();
    const at = pointer >>> 0;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    return Status.OK;
  }

  /** Eight bytes, given as two halves: a BigInt would cost an allocation for every clock read. */
  writeU64(pointer: number, high: number, low: number): Status {
    if (!this.holds(pointer, 8)) return Status.INVALID_MEMORY_ACCESS;
    this.writeU32(pointer, low);
    return this.writeU32(pointer + 4, high);
  }

  writeBytes(pointer: number, bytes: Uint8Array): Status {
    if (!this.holds(pointer, bytes.length)) return Status.INVALID_MEMORY_ACCESS;
    if (bytes.length > 0) this.#live().set(bytes, pointer >>> 0);
    return Status.OK;
  }

  /**
   * Returns bytes to the guest in a new allocation of exactly their size. Writes its address to `pointerOut`, its size to
   * `sizeOut`. SDKs take ownership of the allocation. Zero bytes are `(0, 0)`, without an allocation.
   */
  returnBytes(bytes: Uint8Array, pointerOut: number, sizeOut: number): Status {
    const pointer = this.#reserve(bytes.length, pointerOut, sizeOut);
    if (pointer === undefined) return Status.INVALID_MEMORY_ACCESS;
    if (pointer > 0) this.#live().set(bytes, pointer);
    return Status.OK;
  }

  /** Like `returnBytes`, for text in UTF-8. */
  returnText(text: string, pointerOut: number, sizeOut: number): Status {
    if (!isAscii(text)) return this.returnBytes(this.#encoder.encode(text), pointerOut, sizeOut);
    const pointer = this.#reserve(text.length, pointerOut, sizeOut);
    if (pointer === undefined) return Status.INVALID_MEMORY_ACCESS;
    const bytes = this.#live();
    if (text.length > LOOP_CHARACTERS) {
      this.#encoder.encodeInto(text, bytes.subarray(pointer, pointer + text.length));
    } else {
      for (let index = 0; index < text.length; index++) bytes[pointer + index] = text.charCodeAt(index);
    }
    return Status.OK;
  }

  /** Like `returnBytes`; `encode` writes the `size` bytes. */
  returnEncoded<T>(
    value: T,
    size: number,
    encode: (value: T, into: Uint8Array) => void,
    pointerOut: number,
    sizeOut: number,
  ): Status {
    const pointer = this.#reserve(size, pointerOut, sizeOut);
    if (pointer === undefined) return Status.INVALID_MEMORY_ACCESS;
    if (pointer > 0) encode(value, this.#live().subarray(pointer, pointer + size));
    return Status.OK;
  }

  /** Copies bytes into a guest allocation, for a call that takes an address. Undefined if the allocator fails. */
  place(bytes: Uint8Array): number | undefined {
    const pointer = bytes.length === 0 ? 0 : this.#allocate(bytes.length);
    if (pointer !== undefined && pointer > 0) this.#live().set(bytes, pointer);
    return pointer;
  }

  /** Allocates and writes address and size. 0 for zero bytes; undefined if the guest's addresses or its allocator are bad. */
  #reserve(size: number, pointerOut: number, sizeOut: number): number | undefined {
    // Checked before the allocation: a guest with a bad address must not also leak memory.
    if (!this.holds(pointerOut, 4) || !this.holds(sizeOut, 4)) return undefined;
    const pointer = size === 0 ? 0 : this.#allocate(size);
    if (pointer === undefined) return undefined;
    this.writeU32(pointerOut, pointer);
    this.writeU32(sizeOut, size);
    return pointer;
  }

  /** A trap in the allocator passes through as the guest's trap. */
  #allocate(size: number): number | undefined {
    // An allocator that calls a host function that allocates would recurse until the stack overflows.
    if (this.#allocating || this.#allocator === undefined) return undefined;
    this.#allocating = true;
    try {
      const pointer = Number(this.#allocator(size)) >>> 0;
      if (pointer !== 0 && this.holds(pointer, size)) return pointer;
      this.#refusedBytes = size;
      return undefined;
    } finally {
      this.#allocating = false;
    }
  }

  #readable(pointer: number, size: number): boolean {
    return size >>> 0 <= HOST_LIMITS.textBytes && this.holds(pointer, size);
  }

  readonly #decodeText = (bytes: Uint8Array): string => this.#decoder.decode(bytes);

  /** The current bytes. Growth detaches the old buffer: its views have length 0. */
  #live(): Uint8Array {
    if (this.#bytes.length === 0 && this.#memory !== undefined) this.#bytes = new Uint8Array(this.#memory.buffer);
    return this.#bytes;
  }
}

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.slice();
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) >= 0x80) return false;
  }
  return true;
}
