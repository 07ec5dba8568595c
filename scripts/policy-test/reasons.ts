/**
 * The gateway's own reasons (`x-ebb-reason`) by the status that they come with, to find expectations that can never be met.
 * `reasons.test.ts` compares the list with the sources. A filter of a user's own gives any reason.
 */
const REASONS_BY_STATUS: Readonly<Record<number, readonly string[]>> = {
  400: [
    ...["malformed_url", "malformed_host", "userinfo_in_url", "fragment_in_url", "path_too_long", "query_too_long"],
    ...["control_character", "non_ascii_character", "backslash_in_path", "double_slash_in_path", "dot_segment_in_path"],
    ...["empty_segment_in_path", "forbidden_character_in_path", "malformed_percent_encoding", "encoded_slash_in_path"],
    ...[
      "encoded_control_character",
      "needless_percent_encoding",
      "double_percent_encoding",
      "percent_encoding_not_utf8",
    ],
    ...["ambiguous_path", "body_not_allowed", "body_incomplete", "credential_given_twice", "header_not_utf8"],
  ],
  401: [
    ...["missing_credential", "malformed_credential", "token_inactive", "token_unexpected", "token_invalid"],
    ...["token_expired", "token_not_yet_valid", "key_unknown"],
  ],
  403: ["no_rule", "insufficient_scope", "insufficient_claims", "cors_origin", "cors_method", "cors_header"],
  404: ["no_service"],
  405: ["method_not_allowed"],
  408: ["body_too_slow"],
  429: ["rate_limited", "too_many_undecided_requests"],
  431: ["headers_too_large", "request_headers_too_large"],
  502: ["upstream_unreachable", "upstream_failed"],
  503: [
    ...["authorization_server_unreachable", "authorization_server_timeout", "authorization_server_overloaded"],
    ...["authorization_server_error", "authorization_server_malformed", "authorization_server_unknown"],
    ...["unknown_rule", "unknown_service", "object_unreachable", "rpc_version", "configuration_mismatch"],
    ...["filter_start_failed", "filter_failed", "filter_backoff", "filter_timeout", "secret_missing", "internal_error"],
    ...["keys_unavailable", "claim_unusable", "upstream_binding_missing", "invalid_path_from_filter"],
    ...["object_binding_missing", "variable_unusable"],
  ],
};

/** The server's own refusal: under forward-auth with whatever status it has. */
const ANY_STATUS = "denied";

const statuses = new Map<string, number[]>();
for (const [status, reasons] of Object.entries(REASONS_BY_STATUS)) {
  for (const reason of reasons) statuses.set(reason, [...(statuses.get(reason) ?? []), Number(status)]);
}

export const KNOWN_REASONS: readonly string[] = [...statuses.keys(), ANY_STATUS];

/** The statuses that a reason comes with; undefined if the gateway never gives it. */
export function statusesOf(reason: string): readonly number[] | "any" | undefined {
  return reason === ANY_STATUS ? "any" : statuses.get(reason);
}
