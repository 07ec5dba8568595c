import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import type { Issuer } from "../../config/index.ts";
import type { Json } from "../../config/input.ts";
import { withoutNulls } from "./claims.ts";

/** Longer than any run. */
const LIFETIME_S = 3_600;

interface SigningKey {
  readonly key: CryptoKey | Uint8Array;
  /** Undefined if issuer and gateway share a secret. */
  readonly jwk: JWK | undefined;
}

/** The configured issuers, with made-up keys that stand in for theirs. */
export class TokenIssuers {
  /** As the services configure them: one issuer may be there several times. */
  readonly configured: readonly Issuer[];
  readonly #environment: Readonly<Record<string, string>>;
  /** By issuer and algorithm. */
  readonly #keys = new Map<string, Promise<SigningKey>>();

  constructor(configured: readonly Issuer[], environment: Readonly<Record<string, string>>) {
    this.configured = configured;
    this.#environment = environment;
  }

  /**
   * A token of the issuer that the gateway accepts, unless the claims contradict that.
   * @param claims take precedence; null leaves a claim out
   * @param isGenuine false: signed with another key than the issuer's
   */
  async token(issuer: Issuer, claims: Readonly<Record<string, Json>>, isGenuine: boolean): Promise<string> {
    const algorithm = algorithmOf(issuer);
    const { key, jwk } = isGenuine ? await this.#keyOf(issuer) : await newKey(issuer, crypto.randomUUID().repeat(2));
    const nowS = Math.floor(Date.now() / 1_000);
    const [audience] = issuer.audience === "any" ? [] : issuer.audience;
    const all = {
      iss: issuer.issuer,
      ...(audience === undefined ? {} : { aud: audience }),
      ...(issuer.clientIds === undefined ? {} : { client_id: issuer.clientIds[0]! }),
      iat: nowS,
      exp: nowS + LIFETIME_S,
      jti: crypto.randomUUID(),
      ...claims,
    };
    return new SignJWT(withoutNulls(all))
      .setProtectedHeader({
        alg: algorithm,
        ...(issuer.typ === undefined ? {} : { typ: issuer.typ }),
        ...(jwk === undefined ? {} : { kid: kidOf(issuer) }),
      })
      .sign(key);
  }

  secretNamed(name: string): string {
    return this.#environment[name] ?? "";
  }

  /** The key set that the issuer publishes: for every service that accepts its tokens. */
  async keySet({ issuer }: Issuer): Promise<{ readonly keys: readonly JWK[] }> {
    const keys = await Promise.all(
      this.configured.filter((other) => other.issuer === issuer).map((other) => this.#keyOf(other)),
    );
    return { keys: [...new Set(keys)].flatMap(({ jwk }) => (jwk === undefined ? [] : [jwk])) };
  }

  #keyOf(issuer: Issuer): Promise<SigningKey> {
    const name = `${algorithmOf(issuer)} ${issuer.issuer}`;
    const secret = issuer.keys.from === "secret" ? this.secretNamed(issuer.keys.secret.secret) : "";
    const key = this.#keys.get(name) ?? newKey(issuer, secret);
    this.#keys.set(name, key);
    return key;
  }
}

/** Elliptic curves are the quickest to make keys for. */
function algorithmOf({ algorithms }: Issuer): string {
  return algorithms.includes("ES256") ? "ES256" : algorithms[0]!;
}

function kidOf(issuer: Issuer): string {
  return `made-up-${algorithmOf(issuer)}`;
}

async function newKey(issuer: Issuer, secret: string): Promise<SigningKey> {
  if (issuer.keys.from === "secret") return { key: new TextEncoder().encode(secret), jwk: undefined };
  const algorithm = algorithmOf(issuer);
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: kidOf(issuer), use: "sig", alg: algorithm };
  return { key: privateKey as CryptoKey, jwk };
}

/** Where discovery looks, and what it finds there; undefined for any other address. */
export function discoveredAt(issuer: Issuer, url: URL): "metadata" | "keys" | undefined {
  if (issuer.keys.from !== "discovery") return undefined;
  const { origin, pathname } = new URL(issuer.issuer);
  if (url.origin !== origin) return undefined;
  if (url.pathname === `${pathname.replace(/\/$/, "")}/.well-known/openid-configuration`) return "metadata";
  return url.href === keySetUrl(issuer) ? "keys" : undefined;
}

/** The runner's own place for the key set below the issuer's address. */
export function keySetUrl({ issuer }: Issuer): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/ebb-made-up-keys`;
}
