import type { Secret } from "../../../config/index.ts";
import { type Env, secretMissing, secretNamed } from "../../../durable/environment.ts";
import { type Claims, type Identify, isIdentity } from "../identity.ts";
import type { Undecided } from "../undecided.ts";
import type { Invalid, Verdict, VerifierIo } from "../verdict.ts";
import { digestOf } from "./digest.ts";
import { mayBeKey } from "./key-format.ts";
import { type ApiKeyLine, readKeyLines } from "./key-lines.ts";

const UNKNOWN: Invalid = { kind: "invalid", reason: "key_unknown" };

/** Finds a service's API keys by their digests. */
export class KeyVerifier {
  readonly #service: string;
  readonly #secrets: readonly Secret[];
  readonly #identify: Identify;
  /** By digest. A secret that changes comes with a new isolate. */
  #keys: ReadonlyMap<string, ApiKeyLine> | undefined;

  constructor(service: string, secrets: readonly Secret[], identify: Identify) {
    this.#service = service;
    this.#secrets = secrets;
    this.#identify = identify;
  }

  /** Never rejects. */
  async verify(text: string, { env }: VerifierIo): Promise<Verdict> {
    const keys = this.#keys ?? this.#read(env);
    if (!(keys instanceof Map)) return keys as Undecided;
    this.#keys = keys;
    if (!mayBeKey(text)) return UNKNOWN;
    const key = keys.get(await digestOf(text));
    if (key === undefined) return UNKNOWN;
    const identity = this.#identify(claimsOf(key));
    if (!isIdentity(identity)) return identity;
    return { kind: "verified", identity, endsInMs: Number.POSITIVE_INFINITY, isStillProved: () => true };
  }

  #read(env: Env): Map<string, ApiKeyLine> | Undecided {
    const keys = new Map<string, ApiKeyLine>();
    for (const { secret: name } of this.#secrets) {
      const text = secretNamed(env, name);
      if (text === undefined) {
        return { kind: "undecided", reason: "secret_missing", message: secretMissing(env, name) };
      }
      const read = readKeyLines(text);
      for (const problem of read.problems) console.error(`${this.#service}: secret ${name}: ${problem}`);
      for (const key of read.keys) if (!keys.has(key.digest)) keys.set(key.digest, key);
    }
    return keys;
  }
}

/** A key says what a token would say. */
function claimsOf({ subject, scopes }: ApiKeyLine): Claims {
  return scopes.length === 0 ? { sub: subject } : { sub: subject, scope: scopes.join(" ") };
}
