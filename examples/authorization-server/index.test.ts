import { describe, expect, test } from "vitest";
import server from "./index.ts";

const ORIGIN = "https://auth.example";

function get(path: string, token?: string): Promise<Response> {
  const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return server.fetch(new Request(ORIGIN + path, { headers }), {});
}

function post(path: string, body: BodyInit, settings = {}): Promise<Response> {
  return server.fetch(new Request(ORIGIN + path, { method: "POST", body }), settings);
}

async function postJson(path: string, body: unknown): Promise<unknown> {
  return (await post(path, JSON.stringify(body))).json();
}

describe("forward-auth", () => {
  test("allows a demo token and names the user", async () => {
    const response = await get("/check", "demo-alice");
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({ "x-user": "alice" });
  });

  test("denies a revoked token", async () => {
    expect((await get("/check", "demo-revoked-bob")).status).toBe(403);
  });

  test.each([undefined, "other"])("asks for a token instead of %s", async (token) => {
    const response = await get("/check", token);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="demo"');
  });

  test("sends a profile and a lifetime if its settings say so", async () => {
    const request = new Request(`${ORIGIN}/check`, { headers: { authorization: "Bearer demo-alice" } });
    const { headers } = await server.fetch(request, { PROFILE_BYTES: "2000", MAX_AGE_SECONDS: "60" });
    expect(headers.get("x-profile")).toMatch(/^[a-z;]{2000}$/);
    expect(headers.get("cache-control")).toBe("max-age=60");
  });
});

describe("introspection", () => {
  test("calls a demo token active until an hour from now", async () => {
    const response = await post("/introspect", new URLSearchParams({ token: "demo-alice" }));
    const claims: unknown = await response.json();
    expect(claims).toMatchObject({ active: true, sub: "alice", scope: expect.stringContaining("orders:read") });
    const { exp } = claims as { exp: number };
    expect(exp * 1000 - Date.now()).toBeGreaterThan(3_500_000);
  });

  test.each([["demo-revoked-bob"], ["other"], [""]])("reports only that %j is not active", async (token) => {
    const response = await post("/introspect", new URLSearchParams({ token }));
    expect(await response.json()).toEqual({ active: false });
  });
});

describe("AuthZEN", () => {
  const path = "/access/v1/evaluation";

  test("decides on a token", async () => {
    expect(await postJson(path, { subject: { type: "token", id: "demo-alice" } })).toEqual({
      decision: true,
      context: { headers: { "x-user": "alice" } },
    });
    expect(await postJson(path, { subject: { type: "token", id: "demo-revoked" } })).toEqual({ decision: false });
  });

  test("decides on a verified user", async () => {
    expect(await postJson(path, { subject: { type: "user", id: "alice" } })).toMatchObject({ decision: true });
  });

  test.each([null, [], "text", {}, { subject: "demo-alice" }, { subject: { type: "token", id: 5 } }])(
    "decides against %j",
    async (body) => {
      expect(await postJson(path, body)).toEqual({ decision: false });
    },
  );
});

describe("Open Policy Agent", () => {
  const path = "/v1/data/ebb/allow";

  test("decides on a token or on a verified subject", async () => {
    const allowed = { result: { allow: true, headers: { "x-user": "alice" } } };
    expect(await postJson(path, { input: { token: "demo-alice", credential: "bearer" } })).toEqual(allowed);
    expect(await postJson(path, { input: { subject: "alice" } })).toEqual(allowed);
  });

  test("denies a bad token even with a verified subject", async () => {
    const input = { token: "demo-revoked-bob", subject: "bob" };
    expect(await postJson(path, { input })).toEqual({ result: { allow: false } });
  });

  test.each([null, {}, { input: {} }, { input: { token: ["demo-alice"] } }])("decides against %j", async (body) => {
    expect(await postJson(path, body)).toEqual({ result: { allow: false } });
  });
});

describe("a wrong request", () => {
  const paths = ["/introspect", "/access/v1/evaluation", "/v1/data/ebb/allow"];

  test.each(paths)("to %s by GET or with an unreadable body is refused", async (path) => {
    const refused = await get(path, "demo-alice");
    expect(refused.status).toBe(405);
    expect(refused.headers.get("allow")).toBe("POST");
    expect((await post(path, "\u0000 neither")).status).toBe(400);
  });

  test("to another path gets 404", async () => {
    expect((await get("/", "demo-alice")).status).toBe(404);
  });
});
