import type { Gateway, Operator } from "../../config/gateway.ts";
import { prefixCovers } from "../../config/path-syntax.ts";
import { type Env, isDevelopment } from "../../durable/environment.ts";
import { errorResponse } from "../replies.ts";
import { checkToken, sessionOf } from "./access.ts";
import { bodyText } from "./body-text.ts";
import type { FailedAttempts } from "./failed-attempts.ts";
import { noAccess } from "./no-access.ts";
import { isOperatorOrigin, isThisMachine, operatorOrigin } from "./origin.ts";
import { NO_SESSION_COOKIE, sessionCookie } from "./session.ts";

/**
 * Signing in with a browser, on the operator's host only: upstreams answer on all others, and a script of theirs could use the
 * session. In development no session is needed.
 */

/** Token and path are shorter by far. */
const MAX_FORM_BYTES = 4_096;

const FORM_TYPE = /^application\/x-www-form-urlencoded *(?:;|$)/i;

/** Where a browser stands. */
export type SignInState =
  /** It may see the page: it has a session, or this is development on this machine. */
  | "signed-in"
  /** The page shows the form: `POST PREFIX/sign-in` with the field `token`, and `next` for the page to show then. */
  | "form"
  /** Nobody can sign in here: the page says that this is only possible on `operator.host`. */
  | "not-here";

/**
 * What a page in the browser should show. Call it before `accessOf` for a GET that accepts HTML; everything but `signed-in` is
 * shown without any figure. A page with the form must not have `Referrer-Policy: no-referrer`: browsers then send
 * `Origin: null` with the form, which is refused (`same-origin` is fine).
 */
export async function signInState(
  request: Request,
  env: Env,
  { operator }: Pick<Gateway, "operator">,
  nowMs: number,
): Promise<SignInState> {
  if (isDevelopment(env)) return isThisMachine(request.url) ? "signed-in" : "not-here";
  if (!isOperatorOrigin(request.url, operator)) return "not-here";
  return (await sessionOf(request, env, operator, nowMs)) === undefined ? "form" : "signed-in";
}

/** `POST PREFIX/sign-in`. */
export async function signIn(
  request: Request,
  env: Env,
  operator: Operator,
  attempts: FailedAttempts,
  nowMs: number,
): Promise<Response> {
  const refusal = whyNotHere(request, env, operator);
  if (refusal !== undefined) return refusal;
  const form = await readForm(request);
  if (!form.ok)
    return Response.json({ error: "bad_request", message: form.message }, { status: 400, headers: UNSTORED });
  const next = isOwnPage(form.next, operator) ? form.next : operator.prefix;
  if (isDevelopment(env)) return seeOther(next);
  const checked = await checkToken(form.token, request, env, operator, attempts, nowMs);
  if (!checked.ok) return noAccess(checked);
  return seeOther(next, await sessionCookie(checked.token, operator.host ?? "", nowMs));
}

/** `POST PREFIX/sign-out`. The browser forgets the session; nobody needs one to do that. */
export function signOut(request: Request, env: Env, operator: Operator): Response {
  return whyNotHere(request, env, operator) ?? seeOther(operator.prefix, NO_SESSION_COOKIE);
}

function whyNotHere(request: Request, env: Env, operator: Operator): Response | undefined {
  if (isDevelopment(env)) return isThisMachine(request.url) ? undefined : errorResponse(403, "not_this_machine");
  if (!isOperatorOrigin(request.url, operator)) return errorResponse(403, "not_operator_host");
  // Another page could sign its visitor in with a token of its own, or out.
  const isOwn = request.headers.get("origin") === operatorOrigin(operator);
  return isOwn ? undefined : errorResponse(403, "wrong_origin");
}

const UNSTORED = { "cache-control": "no-store" } as const;

function seeOther(location: string, cookie?: string): Response {
  const headers = new Headers({ ...UNSTORED, location });
  if (cookie !== undefined) headers.append("set-cookie", cookie);
  return new Response(null, { status: 303, headers });
}

type Form =
  | { readonly ok: true; readonly token: string; readonly next: string }
  | { readonly ok: false; readonly message: string };

async function readForm(request: Request): Promise<Form> {
  const refused = (message: string): Form => ({ ok: false, message });
  // A token in a URL would be in logs and in the browser's history.
  if (new URL(request.url).search !== "") return refused("the URL has a query string; put the token into the form");
  if (!FORM_TYPE.test(request.headers.get("content-type") ?? "")) {
    return refused("the body is not a form; allowed is application/x-www-form-urlencoded");
  }
  const text = await bodyText(request, MAX_FORM_BYTES);
  if (text === undefined) return refused(`the body was cut off, has more than ${MAX_FORM_BYTES} bytes or is not UTF-8`);
  const fields = new URLSearchParams(text);
  const [tokens, nexts] = [fields.getAll("token"), fields.getAll("next")];
  // People copy a token with the blank or the line end after it.
  const token = tokens[0]?.trim() ?? "";
  if (fields.size !== tokens.length + nexts.length || tokens.length !== 1 || nexts.length > 1 || token === "") {
    return refused("allowed are the fields token and, if you like, next, once each; token must not be empty");
  }
  return { ok: true, token, next: nexts[0] ?? "" };
}

/** A path and query of the operator's pages. Anything else could lead to another site. */
function isOwnPage(next: string, { prefix }: Operator): boolean {
  const parts = /^((?:\/[A-Za-z0-9_~-]+(?:\.[A-Za-z0-9_~-]+)*)+)(?:\?[A-Za-z0-9_.~=&%-]*)?$/.exec(next);
  return parts !== null && prefixCovers(prefix, parts[1]!);
}
