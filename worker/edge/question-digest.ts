import { blake3 } from "@noble/hashes/blake3.js";

const KEY_BYTES = 32;
/** 128 bits: nobody finds two questions with one digest, all the less without the key. */
const DIGEST_BYTES = 16;

/**
 * Digests of questions, with a key of this isolate: neither tokens nor anything else that a client sent is kept, and digests of
 * one isolate say nothing in another.
 */
export class QuestionDigest {
  readonly #key: Uint8Array;
  readonly #encoder = new TextEncoder();

  /** @param key of 32 bytes */
  constructor(key: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new RangeError(`a digest's key has ${KEY_BYTES} bytes, not ${key.length}`);
    this.#key = key;
  }

  /** Randomness is not available in module scope: call this in a request. */
  static random(): QuestionDigest {
    return new QuestionDigest(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
  }

  /** The digest, one character for each byte. */
  of(question: string): string {
    const bytes = blake3(this.#encoder.encode(question), { key: this.#key, dkLen: DIGEST_BYTES });
    return String.fromCharCode(...bytes);
  }
}
