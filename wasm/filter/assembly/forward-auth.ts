import { arenaMark, arenaRoom, rewindArena } from "./arena";
import { configuration, FROM_AUTHORIZATION, FROM_COOKIE, NamedHeader, Rule, upstreamName } from "./configuration";
import { credentialSource } from "./credentials";
import { addHeader, addHeaderNamed, addHeaderText, hasRoomForHeader, replyHeaders } from "./header-map";
import { MAX_REFUSAL_PAGE_BYTES } from "./limits";
import { addCredential, addFixedHeaders, beginCallNamed, dispatch, endCallHeaders } from "./outbound";
import { DENIED, SERVER_MALFORMED } from "./reasons";
import {
  addChallenges,
  beginRefusal,
  endRefusalHeaders,
  isPassedOn,
  noScopes,
  putReasonBody,
  takeRefusal,
} from "./refusal";
import { fetchReplyBody, replyBody, replyBodyBytes, replyStatus } from "./reply";
import { requestAuthority, requestMethod, requestScheme, sentUri } from "./request";
import { Span } from "./span";
import { clearUpstreamValues, composeUpstreamPayload, setUpstreamValue } from "./upstream-headers";
import { verdict } from "./verdict";

/**
 * Forward-auth, as in nginx's auth_request, Traefik's ForwardAuth and Envoy's HTTP ext_authz: the server gets the request's
 * headers and answers with a status. Any 2xx allows; 3xx and 4xx are passed to the client.
 */

const value = changetype<Span>(memory.data(8));
const name = changetype<Span>(memory.data(8));
const payload = changetype<Span>(memory.data(8));
const NO_BODY = changetype<Span>(memory.data(8));

/** Sends the check for the current request. */
export function askForwardAuth(rule: Rule | null): bool {
  beginCallNamed(configuration.endpoint, configuration.checkMethod);
  // The reply is passed on without Content-Encoding, so it must not have one.
  addHeaderText("accept-encoding", "identity");
  addHeader("x-forwarded-method", requestMethod);
  const uri = sentUri(rule);
  if (uri.isPresent) addHeader("x-forwarded-uri", uri);
  addHeader("x-forwarded-host", requestAuthority);
  if (requestScheme.isPresent) addHeader("x-forwarded-proto", requestScheme);
  if (rule !== null && rule.scopes.isPresent) addHeader("x-ebb-scopes", rule.scopes);
  if (rule !== null && rule.permission.isPresent) addHeader("x-ebb-permission", rule.permission);
  addFixedHeaders(configuration.endpoint);
  addChosenHeaders();
  if (!isCredentialChosen()) addCredential();
  endCallHeaders();
  return dispatch(configuration.endpoint, NO_BODY);
}

function addChosenHeaders(): void {
  let header: NamedHeader | null = configuration.requestHeaders;
  while (header !== null) {
    if (header.value.isPresent && !isSetByTheCheck(header.name)) addHeaderNamed(header.name, header.value);
    header = header.next;
  }
}

/** Headers set by the gateway must not be duplicated by the client's own. */
function isSetByTheCheck(name: Span): bool {
  return (
    name.is("x-forwarded-method") ||
    name.is("x-forwarded-uri") ||
    name.is("x-forwarded-host") ||
    name.is("x-forwarded-proto") ||
    name.startsWith("x-ebb-") ||
    name.startsWith(":") ||
    name.is("accept-encoding") ||
    name.is("host") ||
    name.is("content-length")
  );
}

/** True if the credential's header is sent anyway, as a chosen header. */
function isCredentialChosen(): bool {
  const source = credentialSource();
  let header: NamedHeader | null = configuration.requestHeaders;
  while (header !== null) {
    if (source.from == FROM_AUTHORIZATION) {
      if (header.name.is("authorization")) return true;
    } else if (source.from == FROM_COOKIE) {
      if (header.name.is("cookie")) return true;
    } else if (header.name.equals(source.name)) {
      return true;
    }
    header = header.next;
  }
  return false;
}

/** Judges the reply. */
export function judgeForwardAuth(): void {
  const status = replyStatus();
  if (status < 300) allow();
  else passRefusalOn(status);
}

function allow(): void {
  clearUpstreamValues();
  for (let index: u32 = 0; index < configuration.upstreamCount; index++) {
    replyHeaders.findJoined(upstreamName(index), value);
    // An empty value is valid and passed on: a user without groups, for example.
    if (!setUpstreamValue(index, value, true)) {
      verdict.fail(SERVER_MALFORMED);
      return;
    }
  }
  composeUpstreamPayload(payload);
  verdict.allow(payload);
}

/** Passes the server's reply to the client: a login redirect with its cookies, or a denial with its page. */
function passRefusalOn(status: u32): void {
  const hasPage = replyBodyBytes() > 0 && replyBodyBytes() <= MAX_REFUSAL_PAGE_BYTES && hasRoomForPage();
  let challenged = false;
  beginRefusal();
  replyHeaders.rewind();
  while (replyHeaders.next(name, value) && hasRoomForHeader()) {
    if (!isPassedOn(name) || (name.is("content-type") && !hasPage)) continue;
    addHeaderNamed(name, value);
    if (name.is("www-authenticate")) challenged = true;
    if (name.is("set-cookie")) verdict.isPersonal = 1;
  }
  if (status == 401 && !challenged) addChallenges(DENIED, noScopes());
  if (!hasPage) addHeaderText("content-type", "application/json");
  endRefusalHeaders();
  if (!hasPage) {
    putReasonBody(DENIED);
  } else if (!takePage()) {
    verdict.fail(SERVER_MALFORMED);
    return;
  }
  takeRefusal(payload);
  verdict.refuse(status, DENIED, payload, (status == 401 || status == 403) && (hasPage || replyBodyBytes() == 0));
}

/** Room for the refusal's headers beyond those of the reply: sizes, challenges, and gaps. */
const REFUSAL_ROOM: usize = 4096;

function hasRoomForPage(): bool {
  return replyHeaders.bytes + <usize>replyBodyBytes() + REFUSAL_ROOM <= arenaRoom();
}

/** Fetches the page directly after the refusal's headers, so that no copy takes up room. */
function takePage(): bool {
  const at = arenaMark();
  if (!fetchReplyBody(MAX_REFUSAL_PAGE_BYTES)) return false;
  memory.copy(at, replyBody.start, replyBody.size);
  rewindArena(at + replyBody.size);
  return true;
}
