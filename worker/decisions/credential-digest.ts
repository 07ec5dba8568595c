import { type Env, secretNamed } from "../../durable/environment.ts";
import { deriveLogKey, MIN_SECRET_CHARACTERS } from "../../durable/persistence/keys.ts";
import { hex } from "../../durable/runtime/runtime.ts";

/** 64 bits: enough to tell clients apart, and no use to anyone who would look for a credential with it. */
const DIGEST_BYTES = 8;

/**
 * Keyed digests of credentials, so that lines of one client can be found, and the credential cannot. They are the same in all
 * isolates and services, until the secret changes.
 */
export class CredentialDigest {
  readonly #keySecret: string;
  /** Not a promise: a request must not wait for another's. */
  #key: { readonly secret: string; readonly key: CryptoKey } | undefined;

  /** @param keySecret the name of the gateway's secret */
  constructor(keySecret: string) {
    this.#keySecret = keySecret;
  }

  /** 16 hexadecimal digits; null without a usable secret. */
  async of(credential: string, env: Env): Promise<string | null> {
    const secret = secretNamed(env, this.#keySecret);
    if (secret === undefined || secret.length < MIN_SECRET_CHARACTERS) return null;
    if (this.#key?.secret !== secret) this.#key = { secret, key: await deriveLogKey(secret) };
    const digest = await crypto.subtle.sign("HMAC", this.#key.key, new TextEncoder().encode(credential));
    return hex(new Uint8Array(digest, 0, DIGEST_BYTES));
  }
}
