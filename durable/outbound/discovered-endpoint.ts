import { AUTHZEN_METADATA_PATH } from "../../config/authorization-parts.ts";
import { CONFIG_LIMITS } from "../../config/configuration-limits.ts";
import { jsonFrom } from "../documents/fetch-document.ts";
import { type DocumentIo, KeptDocument } from "../documents/kept-document.ts";
import { ImpossibleCall } from "./impossible-call.ts";
import type { Send } from "./send-call.ts";

export interface DiscoveryIo {
  nowMs(): number;
  log(line: string): void;
}

/** Longer texts of the metadata are cut in the log. */
const LOGGED_LENGTH = 200;

/**
 * Sends the calls to an AuthZEN decision point to the endpoint that its metadata name (Authorization API 1.0, section 9). The
 * endpoint must be on the server that is asked: metadata choose a path, never another host.
 *
 * @param baseUrl of the decision point, which must be its `policy_decision_point`
 */
export function toDiscoveredEndpoint(
  send: Send,
  baseUrl: string,
  timeoutMs: number,
  { nowMs, log }: DiscoveryIo,
): Send {
  const endpoint = new KeptDocument<object, string>(CONFIG_LIMITS.defaultStaleKeysMs, (metadata) =>
    endpointIn(metadata, baseUrl),
  );
  const io: DocumentIo<object> = {
    nowMs,
    log,
    load: () => jsonFrom(baseUrl + AUTHZEN_METADATA_PATH, send, timeoutMs),
    // What an object has begun goes on while it lives.
    waitUntil: () => {},
  };
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== AUTHZEN_METADATA_PATH || request.method !== "POST") return send(request);
    const url = await endpoint.ready(io);
    if (url === undefined) throw new ImpossibleCall("the decision point's metadata cannot be had");
    return send(new Request(url, request));
  };
}

/** @throws Error that says what is wrong with the metadata */
function endpointIn(metadata: object, baseUrl: string): string {
  const { policy_decision_point: named, access_evaluation_endpoint: endpoint } = metadata as Record<string, unknown>;
  if (named !== baseUrl) throw new Error(`the metadata are of ${shown(named)}, not of ${shown(baseUrl)}`);
  const url = typeof endpoint === "string" ? URL.parse(endpoint) : null;
  const isPlain = url !== null && url.username === "" && url.password === "" && url.hash === "";
  if (!isPlain || url.origin !== new URL(baseUrl).origin) {
    throw new Error(`the metadata's access_evaluation_endpoint, ${shown(endpoint)}, is no URL of ${shown(baseUrl)}`);
  }
  return url.href;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, LOGGED_LENGTH);
}
