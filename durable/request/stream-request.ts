import type { AbortNotice, HeaderList, StreamRequest } from "../../wasm/host/index.ts";
import { unflattenHeaders } from "../flat-headers.ts";
import { FOR_CLIENT_ATTRIBUTE, type ForClient } from "../outbound/client-headers.ts";
import type { DecideRequest } from "../rpc.ts";
import { TRACE_ATTRIBUTE } from "./call-trace.ts";
import { CLIENT_GROUP_ATTRIBUTE, clientGroup } from "./client-group.ts";
import { BODY_ATTRIBUTE } from "./sent-body.ts";

/**
 * The head of a request for a Proxy-Wasm stream: pseudo headers first, and attributes.
 * @param routeName the rule's, or what the configuration has in its place
 * @param forClient where its call puts headers for its client; undefined if the service has none
 */
export function streamRequest(
  ask: DecideRequest,
  routeName: string | number | boolean,
  signal: AbortNotice,
  forClient?: ForClient,
): StreamRequest {
  const headers: HeaderList = [
    [":method", ask.method],
    [":path", ask.path + ask.query],
    [":authority", ask.host],
    [":scheme", ask.scheme],
  ];
  unflattenHeaders(ask.headers, headers);
  const attributes = {
    "xds.route_name": routeName,
    "source.address": ask.source.address,
    // Filters read it only for calls.
    get [CLIENT_GROUP_ATTRIBUTE]() {
      return clientGroup(ask.source.address);
    },
    [TRACE_ATTRIBUTE]: ask.trace,
    [FOR_CLIENT_ATTRIBUTE]: forClient,
    [BODY_ATTRIBUTE]: ask.body,
  };
  return { headers, endOfStream: ask.endOfStream, attributes, signal };
}
