import { type CryptoKey, importJWK, importPKCS8, type JWK, SignJWT } from "jose";
import type { PrivateKeyJwt } from "../../config/gateway.ts";
import type { Secret } from "../../config/input.ts";
import { ImpossibleCall } from "./impossible-call.ts";

/** Each call has a signature of its own, so it may be short-lived: RFC 7523 asks servers to refuse a `jti` that they have seen. */
const LIFETIME_S = 60;

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

export interface AssertionIo {
  nowMs(): number;
  secrets(name: string): string | undefined;
}

interface SigningKey {
  readonly key: CryptoKey | Uint8Array;
  readonly kid: string | undefined;
}

/** Signs who the gateway is, for each call to an introspection endpoint (`private_key_jwt`, RFC 7523). */
export class ClientAssertions {
  readonly #client: PrivateKeyJwt;
  readonly #io: AssertionIo;
  /** An object's secrets change only with its deployment. */
  #key: Promise<SigningKey> | undefined;

  constructor(client: PrivateKeyJwt, io: AssertionIo) {
    this.#client = client;
    this.#io = io;
  }

  /** The form's fields that prove who the client is. @throws ImpossibleCall if the key cannot be used */
  async fields(): Promise<Record<string, string>> {
    const { algorithm, audience } = this.#client;
    const id = textOf(this.#client.id, this.#io);
    this.#key ??= this.#readKey();
    const { key, kid } = await this.#key;
    const nowS = Math.floor(this.#io.nowMs() / 1_000);
    const assertion = await new SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: algorithm, typ: "JWT", ...(kid === undefined ? {} : { kid }) })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(audience)
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + LIFETIME_S)
      .sign(key)
      .catch(() => {
        throw this.#unusable();
      });
    return { client_id: id, client_assertion_type: ASSERTION_TYPE, client_assertion: assertion };
  }

  async #readKey(): Promise<SigningKey> {
    const text = textOf(this.#client.key, this.#io).trim();
    try {
      return await (text.startsWith("{") ? keyOfJwk(text, this.#client) : keyOfPem(text, this.#client));
    } catch {
      // The error's own message could quote the key.
      throw this.#unusable();
    }
  }

  #unusable(): ImpossibleCall {
    const { key, algorithm } = this.#client;
    return new ImpossibleCall(
      `secret ${key.secret} is no private key for ${algorithm} (a JWK, or PKCS#8 in PEM: -----BEGIN PRIVATE KEY-----)`,
    );
  }
}

async function keyOfJwk(text: string, { algorithm }: PrivateKeyJwt): Promise<SigningKey> {
  const jwk = JSON.parse(text) as JWK;
  if (jwk.kty === "oct" || typeof jwk.d !== "string") throw new TypeError("no private key");
  if (jwk.alg !== undefined && jwk.alg !== algorithm) throw new TypeError("a key for another algorithm");
  return { key: await importJWK(jwk, algorithm), kid: typeof jwk.kid === "string" ? jwk.kid : undefined };
}

/** Files of variables hold one line each: there, `\n` stands for a line's end. */
async function keyOfPem(text: string, { algorithm }: PrivateKeyJwt): Promise<SigningKey> {
  return { key: await importPKCS8(text.replaceAll("\\n", "\n"), algorithm), kid: undefined };
}

/** @throws ImpossibleCall if the secret is not set */
export function textOf(value: string | Secret, { secrets }: Pick<AssertionIo, "secrets">): string {
  if (typeof value === "string") return value;
  const found = secrets(value.secret);
  if (found === undefined || found === "") throw new ImpossibleCall(`secret ${value.secret} is not set`);
  return found;
}
