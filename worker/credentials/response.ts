import type { Incoming } from "../incoming.ts";
import { privately } from "../privately.ts";
import { changedResponse } from "../response.ts";
import { tokenAfter } from "./websocket-protocols.ts";

/** The upstream's response as the client gets it, where the place of the credential asks for something. */
export function responseOf(incoming: Incoming, response: Response): Response {
  const { receivedQuery, target } = incoming;
  // A URL with a credential names a response for one client (RFC 6750 2.3).
  if (receivedQuery !== target.query) {
    return changedResponse(response, privately(response.headers), response.body);
  }
  const protocol = protocolToChoose(incoming, response);
  if (protocol === undefined) return response;
  return changedResponse(response, [{ name: "sec-websocket-protocol", values: [protocol] }], null);
}

/** Browsers end a WebSocket whose server chooses none of the protocols that they offered. */
function protocolToChoose({ service, request, asksWebSocket }: Incoming, response: Response): string | undefined {
  const { filterKind } = service;
  if (!asksWebSocket || response.webSocket === null || filterKind.kind === "other") return undefined;
  if (response.headers.has("sec-websocket-protocol")) return undefined;
  const offered = request.headers.get("sec-websocket-protocol");
  const source = filterKind.credentials.find(
    (credential) =>
      credential.from === "websocket-protocol" && typeof tokenAfter(offered, credential.name) === "string",
  );
  return source?.from === "websocket-protocol" ? source.name : undefined;
}
