import { errors, type JSONWebKeySet } from "jose";
import type { SignedReplies } from "../../config/gateway.ts";
import { type KeyIo, KeySet } from "../documents/key-set.ts";
import { verifyByKeySet } from "../documents/verify-by-key-set.ts";
import { boundedBody } from "./bounded-body.ts";
import { ImpossibleCall } from "./impossible-call.ts";

export const SIGNED_REPLY_TYPE = "application/token-introspection+jwt";

/** The `typ` of their header (RFC 9701, 5). No token that the server issues for another use has it. */
const TYP = "token-introspection+jwt";

const LIMITS = {
  /** Far more than a filter reads of a reply. */
  bodyBytes: 64 * 1_024,
  /** Clocks of the server and of this machine may differ by this. */
  clockToleranceS: 30,
  /** An older reply may be a copy of an earlier one. */
  maxAgeS: 60,
} as const;

export interface ReplyIo {
  nowMs(): number;
  load(): Promise<JSONWebKeySet>;
  log(line: string): void;
}

/** Verifies an introspection endpoint's signed replies (RFC 9701), with keys that this object keeps. */
export class ReplyVerifier {
  readonly #expected: SignedReplies;
  readonly #audience: () => string;
  readonly #keys: KeySet;
  readonly #nowMs: () => number;
  readonly #keyIo: KeyIo;

  /** @param audience whom the replies must be for. Throws ImpossibleCall if that is a secret that is not set */
  constructor(expected: SignedReplies, audience: () => string, { nowMs, load, log }: ReplyIo) {
    this.#expected = expected;
    this.#audience = audience;
    this.#keys = new KeySet(expected.staleKeysMs);
    this.#nowMs = nowMs;
    // What an object has begun goes on while it lives.
    this.#keyIo = { nowMs, load, log, waitUntil: () => {} };
  }

  /**
   * The reply as plain JSON, if it is signed; one without a token's state as it is.
   * @throws ImpossibleCall if it must not be used
   */
  async verified(response: Response): Promise<Response> {
    if (response.status !== 200) return response;
    const type = response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (type !== SIGNED_REPLY_TYPE) {
      await response.body?.cancel();
      throw new ImpossibleCall("an introspection reply that is not signed");
    }
    const body = await boundedBody(response, LIMITS.bodyBytes);
    if (body === undefined) throw new ImpossibleCall(`a signed reply of more than ${LIMITS.bodyBytes} bytes`);
    const claims = await this.#claims(new TextDecoder().decode(body).trim());
    const headers = new Headers(response.headers);
    headers.set("content-type", "application/json");
    for (const name of ["content-length", "content-encoding"]) headers.delete(name);
    return new Response(JSON.stringify(claims), { headers });
  }

  async #claims(text: string): Promise<object> {
    const audience = this.#audience();
    let keys = await this.#keys.ready(this.#keyIo);
    if (keys === undefined) throw new ImpossibleCall("a signed reply, and the server's keys cannot be had");
    try {
      return await this.#verify(text, keys.find, audience);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw unproved(error);
    }
    keys = await this.#keys.afterMissing(this.#keyIo);
    if (keys === undefined) throw unproved();
    return this.#verify(text, keys.find, audience).catch((error: unknown) => {
      throw unproved(error);
    });
  }

  async #verify(text: string, find: Parameters<typeof verifyByKeySet>[1], audience: string): Promise<object> {
    const { issuer, algorithms } = this.#expected;
    const { payload } = await verifyByKeySet(text, find, {
      issuer,
      audience,
      algorithms: [...algorithms],
      typ: TYP,
      clockTolerance: LIMITS.clockToleranceS,
      maxTokenAge: LIMITS.maxAgeS,
      currentDate: new Date(this.#nowMs()),
    });
    const { token_introspection: claims } = payload;
    if (typeof claims !== "object" || claims === null || Array.isArray(claims)) throw new TypeError("no claims");
    return claims;
  }
}

/** Only which claim is wrong: the message of an error could hold more. */
function unproved(error?: unknown): ImpossibleCall {
  const wrong =
    error instanceof errors.JWTClaimValidationFailed ? `, whose ${error.claim} is not the expected one` : "";
  return new ImpossibleCall(`a signed reply that is not valid${wrong}`);
}
