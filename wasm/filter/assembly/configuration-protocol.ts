import { arenaMark } from "./arena";
import { putBase64 } from "./base64";
import {
  CLIENT_FORM,
  CLIENT_HEADER,
  CLIENT_NONE,
  configuration,
  Endpoint,
  PROTOCOL_AUTHZEN,
  PROTOCOL_FORWARD_AUTH,
  PROTOCOL_INTROSPECTION,
  PROTOCOL_OPA,
  URI_NONE,
  URI_PATH,
  URI_PATH_AND_QUERY,
  URI_RULE,
} from "./configuration";
import { readUpstreamClaims } from "./configuration-claims";
import { readExpectations } from "./configuration-expectations";
import {
  beginFields,
  complain,
  complainAbout,
  endFields,
  enter,
  isField,
  keep,
  key,
  leave,
  need,
  openObject,
  readPath,
  readShortText,
  readText,
  readToken,
  readWhole,
  text,
  wasSeen,
} from "./configuration-fields";
import { readFixedHeaders, readRequestHeaders, readUnkeyedHeaders, readUpstreamHeaders } from "./configuration-headers";
import { readQuestion } from "./configuration-question";
import { putFormEncoded } from "./form-encoding";
import { jsonFailed, nextMember, peekJson, skipValue } from "./json-reader";
import { absentText, keepBytes } from "./kept-memory";
import { MAX_TIMEOUT_MS } from "./limits";
import { Span } from "./span";
import { putByte, putSpan, putText, takeWritten } from "./text-writer";
import { isVisibleAscii } from "./utf8";

/** Reads the configured protocol: which server to call, what to send, and how the gateway authenticates. */

export function readProtocol(): void {
  enter("protocol");
  if (!openObject()) return;
  const outer = beginFields();
  const endpoint = newEndpoint();
  if (endpoint === null) return;
  configuration.endpoint = endpoint;
  configuration.checkMethod = absentText();
  while (nextMember(key)) {
    if (readEndpointField(endpoint)) continue;
    if (isField(key, "type", 8)) readProtocolType();
    else if (isField(key, "uri", 9)) readUri();
    else if (isField(key, "requestHeaders", 10)) readRequestHeaders();
    else if (isField(key, "method", 11)) configuration.checkMethod = readToken("method");
    else if (isField(key, "upstreamHeaders", 12)) readUpstreamHeaders();
    else if (isField(key, "upstreamClaims", 13)) readUpstreamClaims();
    else if (isField(key, "subject", 15)) readSubject();
    else if (isField(key, "unkeyedHeaders", 16)) readUnkeyedHeaders();
    else if (isField(key, "question", 14)) readQuestion();
    else skipValue();
  }
  need("type", 8);
  needEndpoint();
  checkProtocol(endpoint);
  endFields(outer);
  leave();
}

/** Rejects fields that this protocol would ignore: the operator expects them to have an effect. */
function checkProtocol(endpoint: Endpoint): void {
  if (jsonFailed()) return;
  const protocol = configuration.protocol;
  if (protocol == PROTOCOL_INTROSPECTION) {
    need("clientAuthentication", 4);
    if (wasSeen(12)) complainAbout("upstreamHeaders", "is not of introspection (use upstreamClaims)");
  } else {
    if (wasSeen(13)) complainAbout("upstreamClaims", "is of introspection only");
    if (endpoint.clientAuthentication) complainAbout("clientAuthentication", "is of introspection only");
    if (wasSeen(5)) complainAbout("expect", "is of introspection only");
  }
  const hasSubject = configuration.subject !== null || configuration.subjectIsCredential != 0;
  if (protocol == PROTOCOL_AUTHZEN || protocol == PROTOCOL_OPA) need("question", 14);
  else if (hasSubject) complainAbout("subject", "is of authzen and opa only");
  if (protocol == PROTOCOL_FORWARD_AUTH && !configuration.checkMethod.isPresent) {
    putGet();
    configuration.checkMethod = keep("method");
  }
}

function putGet(): void {
  const start = arenaMark();
  putText("GET");
  takeWritten(start, text);
}

function readProtocolType(): void {
  if (!readShortText("type")) return;
  if (text.is("forward-auth")) configuration.protocol = PROTOCOL_FORWARD_AUTH;
  else if (text.is("introspection")) configuration.protocol = PROTOCOL_INTROSPECTION;
  else if (text.is("authzen")) configuration.protocol = PROTOCOL_AUTHZEN;
  else if (text.is("opa")) configuration.protocol = PROTOCOL_OPA;
  else complainAbout("type", "must be forward-auth, introspection, authzen or opa");
}

function readUri(): void {
  if (!readShortText("uri")) return;
  if (text.is("path-and-query")) configuration.uri = URI_PATH_AND_QUERY;
  else if (text.is("path")) configuration.uri = URI_PATH;
  else if (text.is("none")) configuration.uri = URI_NONE;
  else if (text.is("rule")) configuration.uri = URI_RULE;
  else complainAbout("uri", "must be path-and-query, path, none or rule");
}

function newEndpoint(): Endpoint | null {
  const endpoint = changetype<Endpoint | null>(keepBytes(offsetof<Endpoint>()));
  if (endpoint === null) complain("does not fit into memory (raise cache.maxBytes)");
  return endpoint;
}

/** The fields that a protocol and its `subject` share, bits 0 to 6. */
function readEndpointField(endpoint: Endpoint): bool {
  if (isField(key, "cluster", 0)) endpoint.cluster = readText("cluster");
  else if (isField(key, "authority", 1)) endpoint.authority = readAuthority();
  else if (isField(key, "path", 2)) endpoint.path = readPath("path");
  else if (isField(key, "timeoutMs", 3)) {
    endpoint.timeoutMs = <u32>(
      readWhole("timeoutMs", 1, MAX_TIMEOUT_MS, "must be a whole number of milliseconds from 1 to 600000")
    );
  } else if (isField(key, "clientAuthentication", 4)) readClientAuthentication(endpoint);
  else if (isField(key, "expect", 5)) readExpectations(endpoint);
  else if (isField(key, "headers", 6)) readFixedHeaders(endpoint);
  else return false;
  return true;
}

function readAuthority(): Span {
  const kept = readText("authority");
  if (kept.isPresent && !isVisibleAscii(kept.start, kept.size)) {
    complainAbout("authority", "must be a host name, perhaps with a port");
  }
  return kept;
}

function needEndpoint(): void {
  need("cluster", 0);
  need("authority", 1);
  need("path", 2);
  need("timeoutMs", 3);
}

/** Where the subject of a decision comes from: an introspection, or "credential" for one that the gateway has verified. */
function readSubject(): void {
  if (peekJson() == 0x22) {
    if (!readShortText("subject")) return;
    if (text.is("credential")) configuration.subjectIsCredential = 1;
    else complainAbout("subject", "must be an object or credential");
    return;
  }
  enter("subject");
  if (!openObject()) return;
  const outer = beginFields();
  const endpoint = newEndpoint();
  if (endpoint === null) return;
  while (nextMember(key)) {
    if (!readEndpointField(endpoint)) skipValue();
  }
  needEndpoint();
  need("clientAuthentication", 4);
  configuration.subject = endpoint;
  endFields(outer);
  leave();
}

const proofType = changetype<Span>(memory.data(8));
const proofId = changetype<Span>(memory.data(8));
const proofSecret = changetype<Span>(memory.data(8));
const proofToken = changetype<Span>(memory.data(8));

/** Client authentication (RFC 6749, 2.3.1), stored in the form that each call sends. */
function readClientAuthentication(endpoint: Endpoint): void {
  enter("clientAuthentication");
  if (!openObject()) return;
  const outer = beginFields();
  while (nextMember(key)) {
    if (isField(key, "type", 0)) readProof("type", proofType);
    else if (isField(key, "id", 1)) readProof("id", proofId);
    else if (isField(key, "secret", 2)) readProof("secret", proofSecret);
    else if (isField(key, "token", 3)) readProof("token", proofToken);
    else skipValue();
  }
  need("type", 0);
  if (!jsonFailed()) composeProof(endpoint);
  endFields(outer);
  leave();
}

function readProof(name: string, into: Span): void {
  if (!readShortText(name)) return;
  if (text.size == 0) complainAbout(name, "must not be empty");
  into.copy(text);
}

function composeProof(endpoint: Endpoint): void {
  const start = arenaMark();
  endpoint.clientProof = absentText();
  if (proofType.is("none")) {
    endpoint.clientAuthentication = CLIENT_NONE;
    return;
  }
  if (proofType.is("bearer")) {
    need("token", 3);
    endpoint.clientAuthentication = CLIENT_HEADER;
    if (jsonFailed()) return;
    putText("Bearer ");
    putSpan(proofToken);
  } else if (proofType.is("basic") || proofType.is("post")) {
    need("id", 1);
    need("secret", 2);
    if (jsonFailed()) return;
    if (proofType.is("basic")) {
      endpoint.clientAuthentication = CLIENT_HEADER;
      putFormEncoded(proofId);
      putByte(0x3a);
      putFormEncoded(proofSecret);
      const encoded = arenaMark();
      putText("Basic ");
      putBase64(start, encoded - start);
      takeWritten(encoded, text);
      endpoint.clientProof = keep("secret");
      return;
    }
    endpoint.clientAuthentication = CLIENT_FORM;
    putText("&client_id=");
    putFormEncoded(proofId);
    putText("&client_secret=");
    putFormEncoded(proofSecret);
  } else {
    complainAbout("type", "must be basic, post, bearer or none");
    return;
  }
  takeWritten(start, text);
  endpoint.clientProof = keep("secret");
}
