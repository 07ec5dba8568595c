import { isFoundByFilter } from "../../config/authorization-parts.ts";
import type { Credential } from "../../config/index.ts";
import type { WorkerTask } from "../../config/worker-tasks.ts";
import { withoutCookies } from "./cookies.ts";
import type { FoundCredential } from "./read-credential.ts";
import { withoutTokens } from "./websocket-protocols.ts";

/** What the filter gets of some headers in place of what the client sent; null: nothing. */
export type ToldHeaders = Readonly<Record<string, string | null>>;

/** What the object is told about the credential. */
export interface Told {
  readonly headers: ToldHeaders;
  /** What has been done with it. */
  readonly tasks: readonly WorkerTask[];
  /** Headers of the client that the object gets besides those that its filter needs. */
  readonly furtherHeaders?: readonly string[];
}

/** Tells the object that there is no credential: not even one that only some server would find in these places. */
export function toldNoCredential(sources: readonly Credential[], header: (name: string) => string | null): ToldHeaders {
  return toldBeside(sources, undefined, header);
}

/**
 * Tells the filter the credential that counts, and no other: in the place where the client sent it, if the filter knows that place;
 * else as `Authorization: Bearer`.
 */
export function toldCredential(
  sources: readonly Credential[],
  { source, text, isBasic }: Extract<FoundCredential, { kind: "found" }>,
  header: (name: string) => string | null,
): ToldHeaders {
  const told = toldBeside(sources, source, header);
  if (source.from === "header" && isFoundByFilter(source)) told[source.name] = text;
  else if (source.from !== "cookie") told.authorization = `${isBasic ? "Basic" : "Bearer"} ${text}`;
  return told;
}

/** The places of credentials without any credential but the one that is to be kept. */
function toldBeside(
  sources: readonly Credential[],
  kept: Credential | undefined,
  header: (name: string) => string | null,
): Record<string, string | null> {
  const told: Record<string, string | null> = { authorization: null };
  for (const other of sources) {
    if (other.from === "header" && (isFoundByFilter(other) || !isInHeader(kept, other.name))) told[other.name] = null;
  }
  const protocols = sources.flatMap((other) =>
    other.from === "websocket-protocol" && other !== kept ? [other.name] : [],
  );
  const leftProtocols = withoutTokens(protocols.length === 0 ? null : header("sec-websocket-protocol"), protocols);
  if (leftProtocols !== undefined) told["sec-websocket-protocol"] = leftProtocols === "" ? null : leftProtocols;
  const cookies = sources.flatMap((other) => (other.from === "cookie" ? [other.name] : []));
  if (cookies.length > 0) {
    const keptName = kept?.from === "cookie" ? kept.name : undefined;
    const left = withoutCookies(
      header("cookie") ?? "",
      cookies.filter((name) => name !== keptName),
    );
    told.cookie = left === "" ? null : left;
  }
  return told;
}

/** Whether the credential is a part of this header, of which only the server knows whether it needs the rest. */
function isInHeader(credential: Credential | undefined, name: string): boolean {
  return credential?.from === "header" && credential.name === name;
}
