import { STATUS_OK } from "./abi";
import { arenaOverflowed } from "./arena";
import { Endpoint, FROM_AUTHORIZATION, FROM_COOKIE, NamedHeader } from "./configuration";
import { credentialScheme, credentialSource, SCHEME_BASIC, token } from "./credentials";
import { proxy_http_call } from "./env";
import {
  addHeader,
  addHeaderNamed,
  addHeaderText,
  beginHeader,
  beginHeaders,
  endHeader,
  finishHeaders,
} from "./header-map";
import { Span } from "./span";
import { putByte, putSpan, putText } from "./text-writer";

/** The parts of outbound calls that all protocols share. */

const headers = changetype<Span>(memory.data(8));
const CALL_ID: usize = memory.data(4);

/** Starts the headers of a call. */
export function beginCall(endpoint: Endpoint, method: string): void {
  beginHeaders();
  addHeaderText(":method", method);
  addTarget(endpoint);
}

export function beginCallNamed(endpoint: Endpoint, method: Span): void {
  beginHeaders();
  addHeader(":method", method);
  addTarget(endpoint);
}

function addTarget(endpoint: Endpoint): void {
  addHeader(":path", endpoint.path);
  addHeader(":authority", endpoint.authority);
}

export function addFixedHeaders(endpoint: Endpoint): void {
  let header: NamedHeader | null = endpoint.fixedHeaders;
  while (header !== null) {
    addHeaderNamed(header.name, header.value);
    header = header.next;
  }
}

/** Adds the credential in the place where the client sent it. */
export function addCredential(): void {
  const source = credentialSource();
  if (source.from == FROM_AUTHORIZATION) {
    beginHeader("authorization");
    putText(credentialScheme() == SCHEME_BASIC ? "Basic " : "Bearer ");
    putSpan(token);
    endHeader();
  } else if (source.from == FROM_COOKIE) {
    beginHeader("cookie");
    putSpan(source.name);
    putByte(0x3d);
    putSpan(token);
    endHeader();
  } else {
    addHeaderNamed(source.name, token);
  }
}

/** Ends the headers of a call; its body follows. */
export function endCallHeaders(): void {
  finishHeaders(headers);
}

/** Sends the call. False if the host rejects it, or it did not fit into the arena. */
export function dispatch(endpoint: Endpoint, body: Span): bool {
  if (arenaOverflowed() || !headers.isPresent) return false;
  const status = proxy_http_call(
    endpoint.cluster.start,
    endpoint.cluster.size,
    headers.start,
    headers.size,
    body.start,
    body.size,
    0,
    0,
    endpoint.timeoutMs,
    CALL_ID,
  );
  return status == STATUS_OK;
}

/** Id of the last dispatched call. */
export function dispatchedCall(): u32 {
  return load<u32>(CALL_ID);
}
