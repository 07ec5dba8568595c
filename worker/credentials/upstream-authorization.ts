import type { Service } from "../../config/index.ts";
import { type Env, secretMissing, secretNamed } from "../../durable/environment.ts";
import type { HeaderChange } from "../../wasm/host/index.ts";
import { rateLimitedLog } from "../rate-limited-log.ts";
import { headerReader } from "../request-headers.ts";
import { removedCredentials } from "./upstream-credentials.ts";

const UNCHANGED: readonly HeaderChange[] = [];

/** What the upstream gets in place of the client's credential, if it does not get that (`upstreamAuthorization`). */
export function upstreamAuthorization(
  { name, filterKind, upstreamAuthorization: wanted }: Service,
  env: Env,
  headers: Headers,
): readonly HeaderChange[] | "secret_missing" {
  if (wanted === "keep" || filterKind.kind === "other") return UNCHANGED;
  const removed = removedCredentials(filterKind.credentials, headerReader(headers), undefined);
  if (wanted === "remove") return removed;
  const secret = secretNamed(env, wanted.replace.secret);
  if (secret !== undefined) return [...removed, { name: "authorization", values: [secret] }];
  rateLimitedLog.error(`${name}: ${secretMissing(env, wanted.replace.secret)}`);
  return "secret_missing";
}
