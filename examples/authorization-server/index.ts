/**
 * The demo's authorization server: the rule of rule.ts behind each protocol that Ebb's built-in filter speaks, so that
 * a service can be switched from one to another by its `authorization` alone.
 *
 * | path                       | protocol                             |
 * | -------------------------- | ------------------------------------ |
 * | `/check`                   | forward-auth                         |
 * | `/introspect`              | OAuth 2.0 introspection, RFC 7662    |
 * | `/access/v1/evaluation`    | AuthZEN Authorization API 1.0        |
 * | `/v1/data/ebb/allow`       | Open Policy Agent, data API          |
 *
 * It trusts whoever calls it: only the gateway can, through its service binding. A real one authenticates its callers.
 */
import { bearerToken, judgeToken, type Verdict } from "./rule.ts";

interface Settings {
  /** Size of the `x-profile` header on what is allowed; absent or 0: no such header. */
  PROFILE_BYTES?: string;
  /** If set, what is allowed carries `Cache-Control: max-age=` this. */
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
        return request.method === "POST" ? introspect(await request.formData(), settings) : methodNotAllowed();
      case "/access/v1/evaluation":
        return request.method === "POST" ? evaluate(await request.json(), settings) : methodNotAllowed();
      case "/v1/data/ebb/allow":
        return request.method === "POST" ? decide(await request.json(), settings) : methodNotAllowed();
      default:
        return new Response("Not found\n", { status: 404 });
    }
  },
};

/** Forward-auth: the answer's status decides, and its `x-user` tells the upstream who is calling. */
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

function evaluate(evaluation: unknown, settings: Settings): Response {
  const verdict = judgeSubject(field(evaluation, "subject"));
  if (verdict.kind !== "allowed") return Response.json({ decision: false });
  const context = { headers: userHeaders(verdict.user, settings) };
  return Response.json({ decision: true, context }, { headers: caching(settings) });
}

function decide(query: unknown, settings: Settings): Response {
  const verdict = judgeSubject(field(query, "input"));
  if (verdict.kind !== "allowed") return Response.json({ result: { allow: false } });
  const result = { allow: true, headers: userHeaders(verdict.user, settings) };
  return Response.json({ result }, { headers: caching(settings) });
}

/** What the gateway asks about: the token itself, or a subject that it has verified by introspection before. */
function judgeSubject(asked: unknown): Verdict {
  return { kind: "unknown" };
}

function userHeaders(user: string, { PROFILE_BYTES }: Settings): Record<string, string> {
  const bytes = Number(PROFILE_BYTES ?? 0);
  return bytes > 0 ? { "x-user": user, "x-profile": `${user};`.repeat(bytes).slice(0, bytes) } : { "x-user": user };
}

function caching({ MAX_AGE_SECONDS }: Settings): Record<string, string> {
  return MAX_AGE_SECONDS === undefined ? {} : { "cache-control": `max-age=${Number(MAX_AGE_SECONDS)}` };
}

function methodNotAllowed(): Response {
  return new Response("POST only\n", { status: 405, headers: { allow: "POST" } });
}

function field(record: unknown, name: string): unknown {
  return typeof record === "object" && record !== null && name in record ? Reflect.get(record, name) : undefined;
}
