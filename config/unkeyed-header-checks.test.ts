import { describe, expect, it } from "vitest";
import { secret } from "./input.ts";
import { builtInService, gatewayOf, problemsOf, serviceOf } from "./testing/inputs.ts";

const service = (authorization: object, fields: object = {}) =>
  builtInService({
    authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", ...authorization },
    ...fields,
  });
const problems = (authorization: object, fields: object = {}) =>
  problemsOf({ services: { orders: service(authorization, fields) } });

describe("headers that are sent but not in the key", () => {
  it.each(["forward-auth", "authzen", "opa"])("are read by the filter (%s)", (protocol) => {
    const { neededHeaders } = serviceOf(
      service({ protocol, requestHeaders: ["x-tenant"], unkeyedHeaders: ["Traceparent", "x-request-id"] }),
    );
    expect(neededHeaders).toEqual(["authorization", "x-tenant", "traceparent", "x-request-id"]);
  });

  it("are not sent by introspection", () => {
    const introspection = { protocol: "introspection", clientAuthentication: { type: "none" } };
    expect(problems({ ...introspection, unkeyedHeaders: ["traceparent"] })).toEqual([
      expect.stringMatching(/unkeyedHeaders: found an unknown field/),
    ]);
  });

  it.each([
    ...["Authorization", "cookie", "x-api-key", "proxy-authorization", "cf-access-jwt-assertion", "x-tenant"],
    ...["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-ebb-scopes", "x-original-url", "x-real-ip"],
    ...["host", "connection", "content-length", "x_request_id", ":path", "", "x-request-id:"],
  ])("cannot be %j", (name) => {
    expect(problems({ unkeyedHeaders: [name] })).toEqual([
      expect.stringMatching(/^services\.orders\.authorization\.unkeyedHeaders\[0\]: found /),
    ]);
  });

  it.each<[string, object, object, RegExp]>([
    ["in the key", { requestHeaders: ["x-trace"], unkeyedHeaders: ["X-Trace"] }, {}, /is in requestHeaders/],
    ["fixed", { headers: { "X-Trace": "gateway" }, unkeyedHeaders: ["x-trace"] }, {}, /sends its own value/],
    [
      "fixed in the call of another protocol",
      { protocol: "opa", headers: { "x-trace": secret("TRACE") }, unkeyedHeaders: ["x-trace"] },
      {},
      /sends its own value/,
    ],
    [
      "a credential of the service",
      { unkeyedHeaders: ["x-trace"] },
      { credentials: [{ from: "header", name: "x-trace" }] },
      /reads a credential/,
    ],
    ["an identity header", { unkeyedHeaders: ["x-trace"] }, { identityHeaders: ["x-trace"] }, /identity/],
    [
      "an identity header of a pattern",
      { unkeyedHeaders: ["x-my-trace"] },
      { identityHeaders: ["x-my-*"] },
      /identity/,
    ],
    ["filled by the server", { upstreamHeaders: ["x-trace"], unkeyedHeaders: ["x-trace"] }, {}, /identity/],
    ["given twice", { unkeyedHeaders: ["x-trace", "X-Trace"] }, {}, /each header once/],
  ])("cannot be %s", (_, authorization, fields, allowed) => {
    const found = problems(authorization, fields);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/unkeyedHeaders/);
    expect(found[0]).toMatch(allowed);
  });

  it("are at most 32 with those in the key: both are in one table of the filter", () => {
    const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `x-${prefix}-${n}`);
    expect(problems({ requestHeaders: names("a", 16), unkeyedHeaders: names("b", 16) })).toEqual([]);
    expect(problems({ requestHeaders: names("a", 16), unkeyedHeaders: names("b", 17) })).toEqual([
      expect.stringMatching(/unkeyedHeaders: found 33 headers; allowed: at most 32/),
    ]);
  });

  it("are removed where another service in front of the same upstream sets them: the upstream trusts its value", () => {
    const upstream = { url: "https://x.example" };
    const gateway = gatewayOf({
      orders: service({ unkeyedHeaders: ["x-trace"], requestHeaders: ["x-read"] }, { upstream }),
      other: service({}, { upstream, route: { prefix: "/other" }, identityHeaders: ["x-trace", "x-read"] }),
    });
    expect(gateway.services[0]!.identityHeaders).toEqual(["x-trace"]);
  });
});
