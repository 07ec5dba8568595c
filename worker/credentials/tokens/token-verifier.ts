import { howToSetSecret } from "../../../config/how-to-set-secret.ts";
import type { Issuer, Service } from "../../../config/index.ts";
import { type KeyIo, KeySet } from "../../../durable/documents/key-set.ts";
import { loadKeys } from "../../../durable/documents/load-keys.ts";
import { isDevelopment, secretNamed } from "../../../durable/environment.ts";
import { rateLimitedLog } from "../../rate-limited-log.ts";
import { type Identify, isIdentity } from "../identity.ts";
import type { Undecided } from "../undecided.ts";
import type { Verdict, Verified, VerifierIo } from "../verdict.ts";
import { readToken, type TokenResult, type UnverifiedToken, verifyToken } from "./verify-token.ts";

/** Shorter secrets can be guessed (RFC 7518 3.2). */
const MIN_SECRET_BYTES = 32;

/** Verifies the tokens of a service's issuers, with keys that this isolate keeps. */
export class TokenVerifier {
  readonly #service: Pick<Service, "name" | "clusters">;
  readonly #issuers: readonly Issuer[];
  readonly #identify: Identify;
  readonly #keySets: ReadonlyMap<Issuer, KeySet>;

  constructor(service: Pick<Service, "name" | "clusters">, issuers: readonly Issuer[], identify: Identify) {
    this.#service = service;
    this.#issuers = issuers;
    this.#identify = identify;
    const withKeySets = issuers.filter(({ keys }) => keys.from !== "secret");
    this.#keySets = new Map(withKeySets.map((issuer) => [issuer, new KeySet(issuer.staleKeysMs)]));
  }

  /** Never rejects. */
  async verify(text: string, io: VerifierIo): Promise<Verdict> {
    const token = readToken(text, this.#issuers, io.nowMs());
    if ("kind" in token) return token;
    const keySet = this.#keySets.get(token.issuer);
    return keySet === undefined ? this.#bySecret(token, io) : this.#byKeySet(token, keySet, io);
  }

  async #bySecret(token: UnverifiedToken, io: VerifierIo): Promise<Verdict> {
    const { keys } = token.issuer;
    const name = keys.from === "secret" ? keys.secret.secret : "";
    const key = new TextEncoder().encode(secretNamed(io.env, name) ?? "");
    if (key.length < MIN_SECRET_BYTES) {
      const message = `secret ${name} is not set, or has less than ${MIN_SECRET_BYTES} bytes: ${howToSetSecret(name, isDevelopment(io.env))}`;
      return { kind: "undecided", reason: "secret_missing", message };
    }
    const nowMs = io.nowMs();
    return this.#verdict(await verifyToken(token, key, nowMs), nowMs, () => true);
  }

  async #byKeySet(token: UnverifiedToken, keySet: KeySet, io: VerifierIo): Promise<Verdict> {
    const { issuer } = token;
    const keyIo = this.#keyIo(issuer, io);
    let keys = await keySet.ready(keyIo);
    if (keys === undefined) return unavailable(issuer);
    let result = await verifyToken(token, keys.find, io.nowMs());
    if (result.kind === "no_key") {
      const newer = await keySet.afterMissing(keyIo);
      if (newer !== undefined) {
        keys = newer;
        result = await verifyToken(token, keys.find, io.nowMs());
      }
    }
    const { generation } = keys;
    return this.#verdict(
      result,
      io.nowMs(),
      (later) => keySet.current(this.#keyIo(issuer, later))?.generation === generation,
    );
  }

  #verdict(result: TokenResult, nowMs: number, isStillProved: Verified["isStillProved"]): Verdict {
    if (result.kind === "no_key") return { kind: "invalid", reason: "token_invalid" };
    if (result.kind === "invalid") return result;
    const identity = this.#identify(result.claims);
    if (!isIdentity(identity)) return identity;
    const endsInMs = (result.claims.exp ?? 0) * 1_000 - nowMs;
    return { kind: "verified", identity, endsInMs, isStillProved };
  }

  #keyIo(issuer: Issuer, { env, nowMs, waitUntil }: VerifierIo): KeyIo {
    const { name, clusters } = this.#service;
    return {
      nowMs,
      waitUntil,
      load: () => loadKeys(issuer, clusters, env),
      log: (why) => rateLimitedLog.error(`${name}: the keys of ${issuer.issuer} cannot be had: ${why}`),
    };
  }
}

function unavailable({ issuer }: Issuer): Undecided {
  return { kind: "undecided", reason: "keys_unavailable", message: `the keys of ${issuer} cannot be had` };
}
