const NONCE_BYTES = 12;

/**
 * Encrypts and authenticates stored bytes (AES-256-GCM). Each ciphertext is bound to a context (its place in storage) and cannot
 * be opened in another.
 */
export class SealedBox {
  readonly #key: CryptoKey;

  /** @param key AES-GCM, for encrypting and decrypting */
  constructor(key: CryptoKey) {
    this.#key = key;
  }

  /** @returns nonce, ciphertext and tag: 28 bytes more than `bytes` */
  async seal(bytes: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>> {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const encrypted = await crypto.subtle.encrypt(parameters(nonce, context), this.#key, bytes);
    const sealed = new Uint8Array(NONCE_BYTES + encrypted.byteLength);
    sealed.set(nonce);
    sealed.set(new Uint8Array(encrypted), NONCE_BYTES);
    return sealed;
  }

  /** @returns undefined for anything that was not sealed with this key for this context */
  async open(sealed: unknown, context: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!(sealed instanceof Uint8Array)) return undefined;
    // A copy, because Web Crypto needs bytes that are not shared.
    const bytes = new Uint8Array(sealed);
    try {
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const opened = await crypto.subtle.decrypt(parameters(nonce, context), this.#key, bytes.subarray(NONCE_BYTES));
      return new Uint8Array(opened);
    } catch {
      return undefined;
    }
  }
}

function parameters(iv: Uint8Array<ArrayBuffer>, context: string): SubtleCryptoEncryptAlgorithm {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(context) };
}
