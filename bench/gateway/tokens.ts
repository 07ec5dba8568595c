import { exportJWK, generateKeyPair, SignJWT } from "jose";

/** Tokens as an identity provider issues them (RS256, about 800 characters), and the key set that verifies them. */
export interface Tokens {
  readonly keySet: string;
  /** Of the n-th user. */
  of(user: number): string;
}

export async function makeTokens(users: number): Promise<Tokens> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const keySet = JSON.stringify({
    keys: [{ ...(await exportJWK(publicKey)), kid: "key-1", use: "sig", alg: "RS256" }],
  });
  const now = Math.floor(Date.now() / 1_000);
  const tokens = await Promise.all(
    Array.from({ length: users }, (_, user) =>
      new SignJWT({
        iss: "https://login.example/",
        aud: ["orders-api", "https://login.example/userinfo"],
        sub: `auth0|5f7c8ec7c33c6c004bbafe${String(user).padStart(4, "0")}`,
        azp: "8xWvFqXcJmPq3yTzN2bLkR7sD1eG5hU9",
        scope: "openid profile email orders:read orders:write",
        permissions: ["read:orders", "write:orders", "read:customers"],
        iat: now,
        exp: now + 24 * 60 * 60,
      })
        .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: "key-1" })
        .sign(privateKey),
    ),
  );
  return { keySet, of: (user) => tokens[user % users]! };
}
