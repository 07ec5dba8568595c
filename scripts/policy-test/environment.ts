import { randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair } from "jose";
import { introspectionOf } from "../../config/authorization-parts.ts";
import type { PrivateKeyJwt } from "../../config/gateway.ts";
import type { Gateway } from "../../config/index.ts";
import { neededSecrets } from "../../config/needed-secrets.ts";
import { tokenSecrets } from "../../config/operator-tokens.ts";
import { standIn } from "../../config/variables.ts";
import { digestOf } from "../../worker/credentials/api-keys/digest.ts";
import { keyLine } from "../../worker/credentials/api-keys/key-lines.ts";
import type { ApiKeys } from "./api-keys.ts";

/** Values for all secrets and variables that the configuration names: the file's, and made-up ones for all others. */
export async function environmentFor(
  gateway: Gateway,
  given: Readonly<Record<string, string>>,
  keys: ApiKeys,
): Promise<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const name of new Set([...tokenSecrets(gateway.operator), gateway.keySecret, ...neededSecrets(gateway)])) {
    // Long enough for the shared secret of an issuer.
    environment[name] = `made-up-${randomBytes(32).toString("hex")}`;
  }
  for (const { key, algorithm } of privateKeysOf(gateway)) environment[key.secret] = await privateJwk(algorithm);
  for (const name of gateway.variables) environment[name] = variableValue(name, given);
  Object.assign(environment, given);
  for (const name of keySecrets(gateway)) {
    environment[name] = [given[name] ?? "# made up", ...(await linesOf(keys))].join("\n");
  }
  return environment;
}

/** The value of a variable that the configuration names: the file's, or an address that nobody has. */
export function variableValue(name: string, given: Readonly<Record<string, string>>): string {
  return given[name] ?? standIn(name);
}

/** Private keys with which the gateway proves itself. */
function privateKeysOf({ services }: Gateway): PrivateKeyJwt[] {
  return services.flatMap(({ filterKind }) => {
    const authorization = filterKind.kind === "built-in" ? filterKind.authorization : undefined;
    const client = introspectionOf(authorization)?.clientAuthentication;
    return client?.type === "private-key-jwt" ? [client] : [];
  });
}

async function privateJwk(algorithm: string): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return JSON.stringify(await exportJWK(privateKey));
}

/** Secrets with the digests of API keys. */
function keySecrets({ services }: Gateway): string[] {
  return services.flatMap(({ filterKind }) =>
    filterKind.kind === "in-worker" && filterKind.authorization.protocol === "api-keys"
      ? filterKind.authorization.keys.map(({ secret }) => secret)
      : [],
  );
}

function linesOf(keys: ApiKeys): Promise<string[]> {
  return Promise.all(
    keys.all.map(async ({ key, subject, scopes }) => keyLine({ digest: await digestOf(key), subject, scopes })),
  );
}
