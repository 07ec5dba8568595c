/** OPA's results as policies for Envoy give them: headers, status and body of a denial, and what an allow adds and removes. */
import { describe, expect, it } from "vitest";
import { bodyOf, configuration, Harness, type Json, outcome, reply, valuesOf } from "./testing/harness.ts";

function opa(changes: { [name: string]: Json } = {}): Harness {
  const protocol = {
    type: "opa",
    cluster: "auth",
    authority: "opa.example.com",
    path: "/v1/data/http",
    timeoutMs: 1000,
  };
  return new Harness(configuration({ protocol: { ...protocol, upstreamHeaders: ["x-user", "x-roles"], ...changes } }));
}

/** @param result a text is JSON already */
async function asked(result: Json, harness = opa()) {
  harness.server = () => reply(200, [], typeof result === "string" ? `{"result":${result}}` : { result });
  return harness.ask({ token: "abc", headers: [["x-seen", "1"]] });
}

describe("an allow", () => {
  it("may be called allowed", async () => {
    expect(outcome(await asked({ allowed: true }))).toBe("continue");
    expect(outcome(await asked({ allowed: false }))).toBe("403 denied");
  });

  it.each([
    '{"allow":true,"allowed":true}',
    '{"allow":true,"allowed":false}',
    '{"allowed":false,"allowed":true}',
    '{"allowed":"true"}',
    '{"allowed":1}',
    '{"allowed":true,"response_headers_to_add":{},"response_headers_to_add":{"x":"1"}}',
    '{"allowed":true,"response_headers_to_add":{"x":"1"},"response_headers\\u005fto_add":{}}',
    '{"allowed":null}',
  ])("that is said in two ways, or by no boolean, is malformed: %s", async (result) => {
    expect(outcome(await asked(result))).toBe("503 authorization_server_malformed");
  });

  it("joins the values of a list, escaped or not, and leaves an empty list out", async () => {
    const decision = await asked('{"allowed":true,"headers":{"X-Roles":["a","\\u0062","c d"],"x-user":[]}}');
    expect(valuesOf(decision, "x-roles")).toEqual(["a, b, c d"]);
    expect(valuesOf(decision, "x-user")).toBeUndefined();
  });

  it("takes headers from a list of objects, and only those that are configured", async () => {
    const decision = await asked({ allowed: true, headers: [{ "x-user": "ada" }, { "x-roles": "a", "x-admin": "1" }] });
    expect(valuesOf(decision, "x-user")).toEqual(["ada"]);
    expect(valuesOf(decision, "x-roles")).toEqual(["a"]);
    expect(valuesOf(decision, "x-admin")).toBeUndefined();
  });

  it.each<[string, Json]>([
    ["a list with a number", { "x-user": ["ada", 7] }],
    ["a line break", { "x-user": "ada\r\nx-admin: 1" }],
    ["a line break in a list", { "x-user": ["ada", "b\nc"] }],
    ["one header in two objects", [{ "x-user": "ada" }, { "x-user": "eve" }]],
    ["a list of texts", ["x-user"]],
  ])("with headers that cannot be sent as they are is malformed: %s", async (_, headers) => {
    expect(outcome(await asked({ allowed: true, headers }))).toBe("503 authorization_server_malformed");
  });

  it("removes headers of the client's, whether the filter has seen them or not, also from the cache", async () => {
    const harness = opa({ requestHeaders: ["x-seen"] });
    const result = {
      allowed: true,
      request_headers_to_remove: ["X-Seen", "x-\u0061nother"],
      headers: { "x-user": "ada" },
    };
    for (const decision of [await asked(result, harness), await asked(result, harness)]) {
      expect(valuesOf(decision, "x-user")).toEqual(["ada"]);
      expect(valuesOf(decision, "x-seen")).toEqual([]);
      expect(valuesOf(decision, "x-another")).toEqual([]);
    }
    expect(harness.calls).toHaveLength(1);
  });

  it("does not set a header that it removes", async () => {
    const decision = await asked({
      allowed: true,
      headers: { "x-user": "ada" },
      request_headers_to_remove: ["x-user"],
    });
    expect(valuesOf(decision, "x-user")).toEqual([]);
  });

  it.each<[string, Json]>([
    ["no list", "x-seen"],
    ["a number", [7]],
    ["an empty name", [""]],
    ["a pseudo header", [":path"]],
    ["a name with a blank", ["x seen"]],
    ["a name with a line break", ["x-seen\n"]],
    ["too many names", Array.from({ length: 65 }, (_, index) => `x-${index}`)],
  ])("that removes %s is malformed: something would reach the upstream that must not", async (_, names) => {
    expect(outcome(await asked({ allowed: true, request_headers_to_remove: names }))).toBe(
      "503 authorization_server_malformed",
    );
  });

  it("with changes to the query is malformed, because they are not made", async () => {
    for (const name of ["query_parameters_to_set", "query_parameters_to_remove"]) {
      expect(outcome(await asked({ allowed: true, [name]: ["token"] }))).toBe("503 authorization_server_malformed");
      expect(outcome(await asked({ allowed: true, [name]: null }))).toBe("continue");
      expect(outcome(await asked({ allowed: false, [name]: ["token"] }))).toBe("403 denied");
    }
  });

  it("ignores members that it does not know", async () => {
    const result = {
      allowed: true,
      dynamic_metadata: { a: [1] },
      response_headers_to_add: { "x-a": "1" },
      http_status: 418,
    };
    expect(outcome(await asked(result))).toBe("continue");
  });
});

describe("a denial", () => {
  it("gives the client its status, headers and body", async () => {
    const headers = {
      "Content-Type": "application/problem+json",
      "WWW-Authenticate": ["Bearer", "Basic"],
      "x-inner": "1",
    };
    const decision = await asked({ allowed: false, headers, http_status: 401, body: '{"a":"\u00e9"}' });
    expect(outcome(decision)).toBe("401 denied");
    expect(bodyOf(decision)).toBe('{"a":"é"}');
    expect(valuesOf(decision, "content-type")).toEqual(["application/problem+json"]);
    expect(valuesOf(decision, "www-authenticate")).toEqual(["Bearer", "Basic"]);
    expect(valuesOf(decision, "x-inner")).toEqual([]);
  });

  it("is the gateway's own where the policy says nothing", async () => {
    const decision = await asked({ allowed: false, http_status: 401 });
    expect(outcome(decision)).toBe("401 denied");
    expect(bodyOf(decision)).toBe('{"error":"denied"}');
    expect(valuesOf(decision, "content-type")).toEqual(["application/json"]);
    expect(valuesOf(decision, "www-authenticate")).toEqual(['Bearer realm="orders"']);
  });

  it("has a body of plain text unless the policy names another type, so that no browser takes it for a page", async () => {
    const decision = await asked({ allowed: false, body: "<script>alert(1)</script>" });
    expect(outcome(decision)).toBe("403 denied");
    expect(valuesOf(decision, "content-type")).toEqual(["text/plain"]);
  });

  it("may redirect", async () => {
    const decision = await asked({
      allowed: false,
      http_status: 302,
      headers: [{ location: "https://login.example" }],
    });
    expect(outcome(decision)).toBe("302 denied");
    expect(valuesOf(decision, "location")).toEqual(["https://login.example"]);
  });

  it.each<[Json]>([[200], [204], [299], [600], [1e9], [-403], [403.5], ["401"], [[401]], [true]])(
    "with %j as its status is a 403: it must not look like an answer of the upstream",
    async (status) => {
      expect(outcome(await asked({ allowed: false, http_status: status }))).toBe("403 denied");
    },
  );

  it("leaves out what no client could be sent", async () => {
    const headers = {
      location: "https://a.example\r\nset-cookie: a=b",
      "retry-after": 7,
      "cache-control": ["no-store", 7],
    };
    const decision = await asked({ allowed: false, headers: [headers, 7], body: 7 });
    expect(outcome(decision)).toBe("403 denied");
    expect(valuesOf(decision, "location")).toEqual([]);
    expect(valuesOf(decision, "set-cookie")).toEqual([]);
    expect(valuesOf(decision, "retry-after")).toEqual([]);
    expect(valuesOf(decision, "cache-control")).toEqual(["no-store"]);
    expect(bodyOf(decision)).toBe('{"error":"denied"}');
  });

  it("has no more headers than a client should be sent", async () => {
    const cookies = Array.from({ length: 100 }, (_, index) => `c${index}=1`);
    const decision = await asked({ allowed: false, headers: { "set-cookie": cookies } });
    expect(valuesOf(decision, "set-cookie")).toEqual(cookies.slice(0, 32));
  });

  it("that sets a cookie is for one client, and is not kept", async () => {
    const harness = opa();
    const decision = await asked({ allowed: false, headers: { "set-cookie": "a=b" } }, harness);
    expect(valuesOf(decision, "set-cookie")).toEqual(["a=b"]);
    const first = Promise.withResolvers<ReturnType<typeof reply>>();
    harness.calls.length = 0;
    harness.server = () => first.promise;
    const both = [harness.ask({ token: "other" }), harness.ask({ token: "other" })];
    harness.server = () => reply(200, [], { result: { allowed: true } });
    first.resolve(reply(200, [], { result: { allowed: false, headers: { "set-cookie": "a=b" } } }));
    expect((await Promise.all(both)).map(outcome)).toEqual(["403 denied", "continue"]);
  });

  it("is kept if its status is 401 or 403, and asked again otherwise", async () => {
    for (const [status, calls] of [
      [401, 1],
      [403, 1],
      [429, 2],
      [302, 2],
    ] as const) {
      const harness = opa();
      await asked({ allowed: false, http_status: status }, harness);
      await asked({ allowed: false, http_status: status }, harness);
      expect([status, harness.calls.length]).toEqual([status, calls]);
    }
  });

  it("with 30 KB of escapes does not disturb the requests after it", async () => {
    const harness = opa();
    const big = "\\u00e9".repeat(4_500);
    const result = `{"allowed":false,"headers":{"location":"${big.slice(0, 6 * 500)}"},"body":"${big}"}`;
    for (let round = 0; round < 20; round++) {
      harness.server = () => reply(200, [], `{"result":${result}}`);
      const decision = await harness.ask({ token: `t${round}` });
      expect(bodyOf(decision)).toBe("é".repeat(4_500));
    }
    expect(outcome(await asked({ allowed: true }, harness))).toBe("continue");
  });
});
