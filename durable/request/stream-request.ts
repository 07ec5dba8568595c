import type { AbortNotice, HeaderList, StreamRequest } from "../../wasm/host/index.ts";
import type { DecideRequest } from "../rpc.ts";
import { CLIENT_GROUP_ATTRIBUTE, clientGroup } from "./client-group.ts";

/** The head of a request as a Proxy-Wasm stream sees it: pseudo headers first, attributes beside them. */
export function streamRequest(ask: DecideRequest, ruleName: string, signal: AbortNotice): StreamRequest {
  const headers: HeaderList = [
    [":method", ask.method],
    [":path", ask.path + ask.query],
    [":authority", ask.host],
    [":scheme", ask.scheme],
  ];
  for (let index = 0; index + 1 < ask.headers.length; index += 2) {
    headers.push([ask.headers[index]!, ask.headers[index + 1]!]);
  }
  return {
    headers,
    endOfStream: ask.endOfStream,
    attributes: {
      "xds.route_name": ruleName,
      "source.address": ask.source.address,
      [CLIENT_GROUP_ATTRIBUTE]: clientGroup(ask.source.address),
    },
    signal,
  };
}
