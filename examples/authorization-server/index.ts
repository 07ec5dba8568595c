/**
 * The demo's authorization server: the rule of rule.ts behind each protocol of Ebb's built-in filter. To switch a service
 * to another protocol, change only its `authorization`.
 *
 * | path                       | protocol                             |
 * | -------------------------- | ------------------------------------ |
 * | `/check`                   | forward-auth                         |
 * | `/introspect`              | OAuth 2.0 introspection, RFC 7662    |
 * | `/access/v1/evaluation`    | AuthZEN Authorization API 1.0        |
 * | `/v1/data/ebb/allow`       | Open Policy Agent, data API          |
 *
 * It trusts its callers: only the gateway can call it, through its service binding. A real one authenticates its callers.
 */
import { bearerToken, judgeToken, type Verdict } from "./rule.ts";

interface Settings {
  /** Size of the `x-profile` header of allowed requests; absent or 0: no such header. */
  PROFILE_BYTES?: string;
  /** If set, answers that allow have `Cache-Control: max-age=` this. */
  MAX_AGE_SECONDS?: string;
}

const GRANTED_SCOPES = "orders:read orders:write orders:admin";
const TOKEN_LIFETIME_SECONDS = 3600;

export default {
  async fetch(request: Request, settings: Settings): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case "/check":
        return check(request, settings);
      case "/introspect":
        return answerPosted(request, async () => introspect(await request.formData(), settings));
      case "/access/v1/evaluation":
        return answerPosted(request, async () => evaluate(await request.json(), settings));
      case "/v1/data/ebb/allow":
        return answerPosted(request, async () => decide(await request.json(), settings));
      default:
        return new Response("Not found\n", { status: 404 });
    }
  },
};

/** Forward-auth: the answer's status decides, and its `x-user` names the caller for the upstream. */
function check(request: Request, settings: Settings): Response {
  const verdict = judgeToken(bearerToken(request.headers.get("authorization")) ?? "");
  switch (verdict.kind) {
    case "allowed":
      return new Response(null, { headers: { ...userHeaders(verdict.user, settings), ...caching(settings) } });
    case "revoked":
      return new Response("This token was revoked.\n", { status: 403 });
    case "unknown":
      return new Response("A token that begins with demo- is needed.\n", {
        status: 401,
        headers: { "www-authenticate": 'Bearer realm="demo"' },
      });
  }
}

function introspect(form: FormData, settings: Settings): Response {
  const verdict = judgeToken(String(form.get("token")));
  if (verdict.kind !== "allowed") return Response.json({ active: false });
  const exp = Math.floor(Date.now() / 1000) + TOKEN_LIFETIME_SECONDS;
  return Response.json(
    { active: true, sub: verdict.user, client_id: "demo", scope: GRANTED_SCOPES, token_type: "Bearer", exp },
    { headers: caching(settings) },
  );
}

/** The subject is a token, or a user whose token the gateway introspected before. */
function evaluate(evaluation: unknown, settings: Settings): Response {
  const subject = field(evaluation, "subject");
  const verdict = judgeSubject(textField(subject, "id"), field(subject, "type") === "token");
  if (verdict.kind !== "allowed") return Response.json({ decision: false });
  const context = { headers: userHeaders(verdict.user, settings) };
  return Response.json({ decision: true, context }, { headers: caching(settings) });
}

/** The input has a token, or a subject whose token the gateway introspected before. */
function decide(query: unknown, settings: Settings): Response {
  const input = field(query, "input");
  const token = textField(input, "token");
  const verdict = judgeSubject(token ?? textField(input, "subject"), token !== undefined);
  if (verdict.kind !== "allowed") return Response.json({ result: { allow: false } });
  const result = { allow: true, headers: userHeaders(verdict.user, settings) };
  return Response.json({ result }, { headers: caching(settings) });
}

/** A verified user needs no check: introspection has already applied the rule to the token. */
function judgeSubject(subject: string | undefined, isToken: boolean): Verdict {
  if (subject === undefined) return { kind: "unknown" };
  return isToken ? judgeToken(subject) : { kind: "allowed", user: subject };
}

/** Answers a POST; refuses other methods and unreadable bodies. */
async function answerPosted(request: Request, answer: () => Promise<Response>): Promise<Response> {
  if (request.method !== "POST") return new Response("POST only\n", { status: 405, headers: { allow: "POST" } });
  try {
    return await answer();
  } catch {
    return new Response("The body cannot be read\n", { status: 400 });
  }
}

function userHeaders(user: string, { PROFILE_BYTES }: Settings): Record<string, string> {
  const bytes = Number(PROFILE_BYTES ?? 0);
  return bytes > 0 ? { "x-user": user, "x-profile": `${user};`.repeat(bytes).slice(0, bytes) } : { "x-user": user };
}

function caching({ MAX_AGE_SECONDS }: Settings): Record<string, string> {
  return MAX_AGE_SECONDS === undefined ? {} : { "cache-control": `max-age=${Number(MAX_AGE_SECONDS)}` };
}

function field(record: unknown, name: string): unknown {
  return typeof record === "object" && record !== null && name in record ? Reflect.get(record, name) : undefined;
}

function textField(record: unknown, name: string): string | undefined {
  const value = field(record, name);
  return typeof value === "string" ? value : undefined;
}
