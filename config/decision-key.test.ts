import { describe, expect, it } from "vitest";
import { keyedBy } from "./decision-key.ts";
import { builtInService, otherService, serviceOf } from "./testing/inputs.ts";

const parts = (authorization: object, rules: object[] = []) =>
  keyedBy(
    serviceOf(
      builtInService({
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", ...authorization },
        rules,
      }),
    ),
  );

describe("what a decision is kept for", () => {
  it("is everything that the server learns", () => {
    expect(parts({})).toEqual(["credential", "method", "host", "scheme", "path and query"]);
    expect(parts({ uri: "path" })).toEqual(["credential", "method", "host", "scheme", "path"]);
    expect(parts({ uri: "none" })).toEqual(["credential", "method", "host", "scheme"]);
    expect(parts({ requestHeaders: ["X-Tenant"] })?.at(-1)).toBe("x-tenant");
  });

  it("is the verified subject, if that is what the server is asked about", () => {
    const verify = { issuers: [{ issuer: "https://login.example", audience: "api" }] };
    const about = { protocol: "authzen", path: "/evaluation", subject: "verified", verify, uri: "none" };
    expect(parts(about)).toEqual(["verified subject", "its issuer", "method", "host", "scheme"]);
  });

  it("is nothing where the Worker decides itself", () => {
    const authorization = { protocol: "api-keys", keys: { secret: "KEYS" } };
    expect(keyedBy(serviceOf(builtInService({ authorization })))).toBeUndefined();
  });

  it("does not contain headers outside the key", () => {
    expect(parts({ uri: "none", unkeyedHeaders: ["traceparent"] })).toEqual(["credential", "method", "host", "scheme"]);
  });

  it("contains the rule if rules differ for the server", () => {
    expect(parts({ uri: "path" }, [{ path: "/orders/:id" }])).not.toContain("rule");
    const scoped = [{ path: "/orders/:id", scopes: ["a"] }];
    expect(parts({ uri: "path", enforcesScopes: true }, scoped)).toContain("rule");
    expect(parts({ uri: "rule" }, [{ path: "/orders/:id" }])).toEqual([
      "credential",
      "method",
      "host",
      "scheme",
      "rule",
      "path and query without a rule",
    ]);
  });

  it("is little under introspection, which learns only the token", () => {
    const introspection = { protocol: "introspection", clientAuthentication: { type: "none" } };
    expect(parts(introspection)).toEqual(["credential", "method"]);
    expect(parts(introspection, [{ path: "/orders/:id", scopes: ["a"] }])).toEqual(["credential", "method", "rule"]);
  });

  it("is not known of other filters", () => {
    expect(keyedBy(serviceOf(otherService()))).toBeUndefined();
  });
});
