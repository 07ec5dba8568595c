import { randomBytes } from "node:crypto";
import { issuersOf } from "../../config/authorization-parts.ts";
import type { Credential, FilterKind, Issuer, Service } from "../../config/index.ts";
import type { ApiKeys } from "./api-keys.ts";
import { claimsOf } from "./claims.ts";
import type { User } from "./policy-file.ts";
import type { TokenIssuers } from "./token-issuers.ts";

/** A user who asks in one test. */
export interface Asker {
  readonly name: string;
  readonly user: User;
  /** As the servers see it, without scheme. New for each test, so no cached decision counts for the next one. */
  readonly credential: string;
}

/** The part of a request that carries a credential. */
export interface Carried {
  readonly headers: Readonly<Record<string, string>>;
  /** `name=value` for the query, or nothing. */
  readonly query?: string;
  /** The fingerprint of a client certificate that the platform has verified. */
  readonly fingerprint?: string;
}

/** Makes what the service's protocol needs: a token that its issuer could have signed, an API key, or an opaque text. */
export async function credentialFor(
  { filterKind }: Service,
  name: string,
  user: User,
  issuers: TokenIssuers,
  keys: ApiKeys,
): Promise<string> {
  if (filterKind.kind === "other") return "";
  const { authorization, credentials } = filterKind;
  const from = sourceOf(credentials);
  if (authorization.protocol === "api-keys") {
    return from.from === "certificate" ? keys.fingerprintOf(name) : keys.textOf(name);
  }
  const issuer = issuerOf(issuersOf(authorization), user);
  if (issuer !== undefined) {
    // Where a server is asked too, it is the server that refuses.
    const isGenuine = user.refusedWith === undefined || authorization.protocol !== "jwt";
    return issuers.token(issuer, claimsOf(name, user), isGenuine);
  }
  const random = randomBytes(16).toString("hex");
  if (from.from === "certificate") return randomBytes(32).toString("hex");
  if (schemeOf(from) === "basic") return Buffer.from(`${name}:${random}`).toString("base64");
  return `${name.replaceAll("@", "-")}-${random}`;
}

/** The one that the user's claims name, else the first. */
function issuerOf(issuers: readonly Issuer[], { claims }: User): Issuer | undefined {
  return issuers.find(({ issuer }) => issuer === claims.iss) ?? issuers[0];
}

/** Puts a credential where the service looks first. */
export function carry({ filterKind }: Service, credential: string): Carried {
  if (filterKind.kind === "other") return { headers: {} };
  const from = sourceOf(filterKind.credentials);
  switch (from.from) {
    case "authorization":
      return { headers: { authorization: `${capitalized(schemeOf(from)!)} ${credential}` } };
    case "header": {
      const before = from.scheme === undefined ? (from.prefix ?? "") : `${from.scheme} `;
      return { headers: { [from.name]: before + credential } };
    }
    case "cookie":
      return { headers: { cookie: `${from.name}=${credential}` } };
    case "query":
      return { headers: {}, query: `${from.name}=${encodeURIComponent(credential)}` };
    case "websocket-protocol":
      return {
        headers: {
          connection: "Upgrade",
          upgrade: "websocket",
          "sec-websocket-version": "13",
          "sec-websocket-key": randomBytes(16).toString("base64"),
          "sec-websocket-protocol": `${from.name}, ${credential}`,
        },
      };
    case "certificate":
      return { headers: {}, fingerprint: credential };
  }
}

function sourceOf(credentials: Extract<FilterKind, { kind: "built-in" }>["credentials"]): Credential {
  return credentials[0] ?? { from: "authorization", schemes: ["bearer"] };
}

/** Basic only if it is the only one: its credential is a name and a password. */
function schemeOf(source: Credential): string | undefined {
  if (source.from !== "authorization") return undefined;
  return source.schemes.find((scheme) => scheme !== "basic") ?? source.schemes[0];
}

function capitalized(scheme: string): string {
  return scheme.charAt(0).toUpperCase() + scheme.slice(1);
}
