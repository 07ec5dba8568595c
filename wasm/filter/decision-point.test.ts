/** AuthZEN and OPA: well-formed requests, strict reading of replies, and a subject only from a verified source. */
import { describe, expect, it } from "vitest";
import { configuration, Harness, type Json, noReply, outcome, reply, valuesOf } from "./testing/harness.ts";

const SUBJECT = {
  cluster: "auth",
  authority: "as.example.com",
  path: "/introspect",
  timeoutMs: 1000,
  clientAuthentication: { type: "none" },
};

function decisionPoint(type: "authzen" | "opa", changes: { [name: string]: Json } = {}): Harness {
  return new Harness(
    configuration({
      protocol: {
        type,
        cluster: "decisions",
        authority: "pdp.example.com",
        path: type === "opa" ? "/v1/data/http/allow" : "/access/v1/evaluation",
        timeoutMs: 1000,
        headers: { Authorization: "Bearer gateway" },
        requestHeaders: ["x-tenant", "x-absent", "x-tenant"],
        upstreamHeaders: ["X-User"],
        ...changes,
      },
      rules: [{ name: "delete", scopes: ["a", "b"], permission: "orders.delete" }],
    }),
  );
}

const ALLOW = { authzen: { decision: true }, opa: { result: true } } as const;
const DENY = { authzen: { decision: false }, opa: { result: false } } as const;
const tricky = 'a"b\\c\t/é';

describe("the request body", () => {
  it("of AuthZEN names subject, action, resource and context", async () => {
    const harness = decisionPoint("authzen");
    await harness.ask({
      token: 'to"k\\en',
      method: "DELETE",
      path: '/orders/"1"?q',
      rule: "delete",
      headers: [["x-tenant", tricky]],
    });
    expect(harness.lastCall().header("authorization")).toBe("Bearer gateway");
    expect(harness.lastCall().header("content-type")).toBe("application/json");
    expect(JSON.parse(harness.lastCall().body)).toEqual({
      subject: { type: "token", id: 'to"k\\en', properties: { kind: "bearer" } },
      action: { name: "orders.delete", properties: { method: "DELETE" } },
      resource: {
        type: "uri",
        id: '/orders/"1"?q',
        properties: { service: "orders", host: "api.example.com", scheme: "https", rule: "delete" },
      },
      context: { scopes: ["a", "b"], headers: { "x-tenant": tricky } },
    });
  });

  it("of AuthZEN without a rule names the method, and without a URI the service", async () => {
    const harness = decisionPoint("authzen", { uri: "none" });
    await harness.ask({ token: "abc", method: "PATCH" });
    expect(JSON.parse(harness.lastCall().body)).toMatchObject({
      action: { name: "PATCH" },
      resource: { id: "orders" },
      context: { scopes: [], headers: {} },
    });
  });

  it("of OPA is its input", async () => {
    const harness = decisionPoint("opa");
    await harness.ask({ token: "abc", method: "DELETE", rule: "delete", headers: [["x-tenant", tricky]] });
    expect(JSON.parse(harness.lastCall().body)).toEqual({
      input: {
        service: "orders",
        rule: "delete",
        method: "DELETE",
        host: "api.example.com",
        scheme: "https",
        uri: "/orders/1",
        headers: { "x-tenant": tricky },
        scopes: ["a", "b"],
        permission: "orders.delete",
        token: "abc",
        credential: "bearer",
      },
    });
  });
});

describe.each(["authzen", "opa"] as const)("%s", (type) => {
  it("allows and denies, and caches both", async () => {
    const harness = decisionPoint(type);
    harness.server = () => reply(200, [], ALLOW[type]);
    expect(outcome(await harness.ask({ token: "good" }))).toBe("continue");
    expect(outcome(await harness.ask({ token: "good" }))).toBe("continue");
    harness.server = () => reply(200, [], DENY[type]);
    expect(outcome(await harness.ask({ token: "bad" }))).toBe("403 denied");
    expect(outcome(await harness.ask({ token: "bad" }))).toBe("403 denied");
    expect(harness.calls).toHaveLength(2);
  });

  it("passes on only the configured headers of a decision", async () => {
    const harness = decisionPoint(type);
    const headers = { "x-USER": "ada", "x-admin": "1", other: 7 };
    harness.server = () =>
      reply(200, [], type === "opa" ? { result: { headers, allow: true } } : { decision: true, context: { headers } });
    const decision = await harness.ask({ token: "abc", headers: [["x-admin", "mine"]] });
    expect(valuesOf(decision, "x-user")).toEqual(["ada"]);
    expect(valuesOf(decision, "x-admin")).toBeUndefined();
  });

  it.each([400, 401, 403, 404, 500, 302])("treats status %i as an error of the call, not a denial", async (status) => {
    const harness = decisionPoint(type);
    harness.server = () => reply(status, [], ALLOW[type]);
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_error");
    expect(harness.metric("ebb_cache_entries")).toBe(0);
  });

  const name = type === "opa" ? "result" : "decision";
  it.each<Json>([
    "",
    "true",
    `{"${name}":"true"}`,
    `{"${name}":1}`,
    `{"${name}":null}`,
    `{"${name}":false,"${name}":true}`,
    `{"${name}":true}x`,
    `{"${name}":true,"context":`,
    `{"${name}":null,"context":null}`,
  ])("treats %j as malformed", async (body) => {
    const harness = decisionPoint(type);
    harness.server = () => reply(200, [], body);
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_malformed");
  });

  it("sends the verified subject, without the token, in the second call", async () => {
    const harness = decisionPoint(type, { subject: SUBJECT });
    harness.server = (call) =>
      call.cluster === "auth" ? reply(200, [], { active: true, sub: 'ad"a' }) : reply(200, [], ALLOW[type]);
    const request = { token: "abc", path: "/orders/7", headers: [["x-tenant", "t1"] as [string, string]] };
    const decision = await harness.ask(request);
    expect(outcome(decision)).toBe("continue");
    expect(decision.calls).toBe(2);
    expect(harness.calls.map((call) => call.cluster)).toEqual(["auth", "decisions"]);
    const { body } = harness.lastCall();
    expect(body).not.toContain("abc");
    expect(body).toContain("/orders/7");
    expect(body).toContain("t1");
    expect(body).toContain(type === "opa" ? '"subject":"ad\\"a"' : '"subject":{"type":"user","id":"ad\\"a"}');
    await harness.ask(request);
    expect(harness.calls).toHaveLength(2);
  });

  it("sends the subject's call its own fixed headers, and the decision's call its own", async () => {
    const subject = { ...SUBJECT, headers: { "x-of": "subject" } };
    const harness = decisionPoint(type, { subject, headers: { "x-of": "decision" } });
    harness.server = ({ cluster }) =>
      reply(
        200,
        [],
        cluster === "auth" ? { active: true, sub: "ada" } : type === "opa" ? { result: true } : { decision: true },
      );
    expect(outcome(await harness.ask({ token: "a" }))).toBe("continue");
    const sent = harness.calls.map(({ headers }) => headers.filter(([name]) => name === "x-of"));
    expect(sent).toEqual([[["x-of", "subject"]], [["x-of", "decision"]]]);
  });

  it("refuses without calling the decision point if the token was issued for another service", async () => {
    const harness = decisionPoint(type, { subject: { ...SUBJECT, expect: [{ claim: "aud", anyOf: ["orders-api"] }] } });
    harness.server = () => reply(200, [], { active: true, sub: "ada", aud: "billing" });
    expect(outcome(await harness.ask({ token: "a" }))).toBe("401 token_unexpected");
    expect(harness.calls).toHaveLength(1);
  });

  it("refuses without calling the decision point if the token is inactive or has no subject", async () => {
    const harness = decisionPoint(type, { subject: SUBJECT });
    harness.server = () => reply(200, [], { active: false, sub: "ada" });
    expect(outcome(await harness.ask({ token: "a" }))).toBe("401 token_inactive");
    for (const body of [{ active: true }, { active: true, sub: "" }]) {
      harness.server = () => reply(200, [], body);
      expect(outcome(await harness.ask({ token: "b" }))).toBe("503 authorization_server_malformed");
    }
    expect(harness.calls.every((call) => call.cluster === "auth")).toBe(true);
  });

  it("is limited by freshness and expiry in both replies", async () => {
    const harness = decisionPoint(type, { subject: SUBJECT });
    harness.server = (call) =>
      call.cluster === "auth"
        ? reply(200, [], { active: true, sub: "ada", exp: harness.now / 1000 + 30 })
        : reply(200, [["cache-control", "max-age=60"]], ALLOW[type]);
    await harness.ask({ token: "abc" });
    harness.advance(29_999);
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(2);
    harness.advance(1);
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(4);
  });

  it("fails if either of the two calls fails", async () => {
    const harness = decisionPoint(type, { subject: SUBJECT });
    harness.server = (call) =>
      call.cluster === "auth" ? reply(200, [], { active: true, sub: "ada" }) : noReply("timeout");
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_timeout");
    harness.server = () => noReply("reset");
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_unreachable");
  });

  it("drops the second call if all waiters are gone", async () => {
    const harness = decisionPoint(type, { subject: SUBJECT });
    const gone = new AbortController();
    const first = Promise.withResolvers<ReturnType<typeof reply>>();
    harness.server = () => first.promise;
    const decision = harness.ask({ token: "abc", signal: gone.signal });
    gone.abort();
    await decision;
    first.resolve(reply(200, [], { active: true, sub: "ada" }));
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(harness.calls).toHaveLength(1);
    harness.server = (call) =>
      call.cluster === "auth" ? reply(200, [], { active: true, sub: "ada" }) : reply(200, [], ALLOW[type]);
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("continue");
  });
});

describe("other members beside a decision", () => {
  const withHeaders = (type: "authzen" | "opa", allowed: boolean, headers: string): string =>
    type === "opa"
      ? `{"result":{"allow":${allowed},"headers":${headers}}}`
      : `{"decision":${allowed},"context":{"headers":${headers}}}`;

  it.each<[string, "authzen" | "opa"]>([
    ['{"decision":true,"context":null}', "authzen"],
    ['{"context":null,"decision":true,"reason":null}', "authzen"],
    ['{"decision":true,"context":{"headers":null,"id":null}}', "authzen"],
    ['{"decision":true,"context":{"headers":{"x-user":null}}}', "authzen"],
    ['{"result":true,"decision_id":null,"metrics":null}', "opa"],
    ['{"result":{"allow":true,"headers":null,"reason":null}}', "opa"],
    ['{"result":{"allow":true,"headers":{"x-user":null}}}', "opa"],
  ])("may be null: %s", async (body, type) => {
    const harness = decisionPoint(type);
    harness.server = () => reply(200, [], body);
    const decision = await harness.ask({ token: "abc", headers: [["x-user", "forged"]] });
    expect(outcome(decision)).toBe("continue");
    expect(valuesOf(decision, "x-user")).toEqual([]);
  });

  it.each(["authzen", "opa"] as const)("do not matter for a denial of %s", async (type) => {
    for (const headers of ["[7]", "7", '{"x-user":7}', '{"x-user":"a","x-user":"b"}', '{"x-user":" a "}']) {
      const harness = decisionPoint(type);
      harness.server = () => reply(200, [], withHeaders(type, false, headers));
      expect(outcome(await harness.ask({ token: "abc" }))).toBe("403 denied");
      harness.server = () => reply(200, [], withHeaders(type, true, headers));
      expect(outcome(await harness.ask({ token: "def" }))).toBe("503 authorization_server_malformed");
    }
  });

  it.each(["authzen", "opa"] as const)("must be well-formed and unique, even in %s's denials", async (type) => {
    for (const body of [`${withHeaders(type, false, "{}")}]`, withHeaders(type, false, "{,}")]) {
      const harness = decisionPoint(type);
      harness.server = () => reply(200, [], body);
      expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_malformed");
    }
  });
});

describe("OPA", () => {
  it("denies an undefined result", async () => {
    for (const body of [{}, { result: {} }, { result: { headers: {} } }, { decision_id: "1" }]) {
      const harness = decisionPoint("opa");
      harness.server = () => reply(200, [], body);
      expect(outcome(await harness.ask({ token: "abc" }))).toBe("403 denied");
    }
  });

  it("treats an allow that is not a boolean, or occurs twice, as malformed", async () => {
    for (const body of ['{"result":{"allow":"yes"}}', '{"result":{"allow":false,"allow":true}}', '{"result":[true]}']) {
      const harness = decisionPoint("opa");
      harness.server = () => reply(200, [], body);
      expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_malformed");
    }
  });
});
