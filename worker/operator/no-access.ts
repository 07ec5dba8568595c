import { errorResponse } from "../replies.ts";
import type { Access } from "./access.ts";

/** The response to a request that may not see the operator's pages. */
export function noAccess(access: Exclude<Access, { ok: true }>): Response {
  switch (access.reason) {
    case "not_this_machine":
    case "wrong_origin":
      return errorResponse(403, access.reason);
    case "too_many_attempts":
      return errorResponse(429, access.reason, { "retry-after": String(Math.ceil(access.pauseMs / 1_000)) });
    case "operator_token_unusable":
      return errorResponse(503, access.reason);
    case "operator_token_required":
      return errorResponse(401, access.reason, { "www-authenticate": 'Bearer realm="ebb operator"' });
  }
}
