/** Why a request was refused, as stated in the details and the body of the local response. */

export const MISSING_CREDENTIAL: u32 = 1;
export const MALFORMED_CREDENTIAL: u32 = 2;
export const TOKEN_INACTIVE: u32 = 3;
export const INSUFFICIENT_SCOPE: u32 = 4;
export const DENIED: u32 = 5;
export const SERVER_UNREACHABLE: u32 = 6;
export const SERVER_TIMEOUT: u32 = 7;
export const SERVER_OVERLOADED: u32 = 8;
export const SERVER_ERROR: u32 = 9;
export const SERVER_MALFORMED: u32 = 10;
export const UNKNOWN_RULE: u32 = 11;
export const HEADER_NOT_UTF8: u32 = 12;
export const HEADERS_TOO_LARGE: u32 = 13;
/** The host did not make the call: it does not know the cluster. A configuration error, never a reason to fail open. */
export const CALL_REFUSED: u32 = 14;
/** Too many requests of this client wait for a decision, while others wait too. */
export const OVER_SHARE: u32 = 15;
/** The client causes more calls than the operator's rate limit allows. */
export const RATE_LIMITED: u32 = 16;
/** An active token that was issued for another audience, by another issuer, to another client, or of another type. */
export const TOKEN_UNEXPECTED: u32 = 17;
/** The token's claims do not meet the conditions of the rule. */
export const INSUFFICIENT_CLAIMS: u32 = 18;

export function reasonText(reason: u32): string {
  switch (reason) {
    case MISSING_CREDENTIAL:
      return "missing_credential";
    case MALFORMED_CREDENTIAL:
      return "malformed_credential";
    case TOKEN_INACTIVE:
      return "token_inactive";
    case TOKEN_UNEXPECTED:
      return "token_unexpected";
    case INSUFFICIENT_SCOPE:
      return "insufficient_scope";
    case INSUFFICIENT_CLAIMS:
      return "insufficient_claims";
    case DENIED:
      return "denied";
    case SERVER_UNREACHABLE:
      return "authorization_server_unreachable";
    case SERVER_TIMEOUT:
      return "authorization_server_timeout";
    case SERVER_OVERLOADED:
      return "authorization_server_overloaded";
    case SERVER_ERROR:
      return "authorization_server_error";
    case SERVER_MALFORMED:
      return "authorization_server_malformed";
    case UNKNOWN_RULE:
      return "unknown_rule";
    case HEADER_NOT_UTF8:
      return "header_not_utf8";
    case HEADERS_TOO_LARGE:
      return "request_headers_too_large";
    case OVER_SHARE:
      return "too_many_undecided_requests";
    case RATE_LIMITED:
      return "rate_limited";
    default:
      return "authorization_server_unknown";
  }
}

export function statusOf(reason: u32): u32 {
  switch (reason) {
    case MISSING_CREDENTIAL:
    case MALFORMED_CREDENTIAL:
    case TOKEN_INACTIVE:
    case TOKEN_UNEXPECTED:
      return 401;
    case INSUFFICIENT_SCOPE:
    case INSUFFICIENT_CLAIMS:
    case DENIED:
      return 403;
    case HEADER_NOT_UTF8:
      return 400;
    case HEADERS_TOO_LARGE:
      return 431;
    case OVER_SHARE:
    case RATE_LIMITED:
      return 429;
    default:
      return 503;
  }
}
