import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";
import { type RawReply, type RawRequest, RawServer } from "./raw-server.ts";

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];

export interface SigningKey {
  readonly privateKey: PrivateKey;
  /** As the issuer publishes it. */
  readonly jwk: JWK;
  readonly algorithm: string;
}

/** An issuer of tokens on this machine, with real keys, which publishes them as real issuers do. */
export class TokenIssuer {
  readonly #server: RawServer;
  keys: SigningKey[] = [];
  /** Answers in place of the key set, if set. */
  answer: ((request: RawRequest) => RawReply | undefined) | undefined;

  private constructor(server: RawServer) {
    this.#server = server;
  }

  static async start(): Promise<TokenIssuer> {
    let issuer: TokenIssuer | undefined;
    const server = await RawServer.start((request) => issuer?.reply(request) ?? { status: 500 });
    issuer = new TokenIssuer(server);
    issuer.keys = [await signingKey("key-1", "RS256"), await signingKey("key-2", "ES256")];
    return issuer;
  }

  get origin(): string {
    return this.#server.origin;
  }

  /** How often the key set was asked for. */
  get fetches(): number {
    return this.#server.requests.filter(({ target }) => target === "/jwks.json").length;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** A token with the usual claims, changed by `claims`; undefined ones are left out. */
  async token(
    claims: JWTPayload = {},
    header: Partial<JWTHeaderParameters> = {},
    key: SigningKey = this.keys[0]!,
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const all = { iss: this.origin, aud: "orders-api", sub: "ann", iat: now, exp: now + 600, ...claims };
    return new SignJWT(JSON.parse(JSON.stringify(all)))
      .setProtectedHeader({ alg: key.algorithm, kid: key.jwk.kid!, ...header })
      .sign(key.privateKey);
  }

  private reply(request: RawRequest): RawReply {
    const other = this.answer?.(request);
    if (other !== undefined) return other;
    switch (request.target) {
      case "/jwks.json":
        return json({ keys: this.keys.map(({ jwk }) => jwk) });
      case "/.well-known/openid-configuration":
        return json({ issuer: this.origin, jwks_uri: `${this.origin}/jwks.json` });
      default:
        return { status: 404 };
    }
  }
}

export async function signingKey(kid: string, algorithm: string): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { privateKey, algorithm, jwk: { ...(await exportJWK(publicKey)), kid, use: "sig", alg: algorithm } };
}

export function json(value: unknown): RawReply {
  return { headers: [["content-type", "application/json"]], body: JSON.stringify(value) };
}
