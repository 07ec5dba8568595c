import { describe, expect, it } from "vitest";
import { builtInService, problemsOf } from "./testing/inputs.ts";

const problems = (rules: object[], fields: object = {}) =>
  problemsOf({
    services: {
      orders: builtInService({
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", uri: "rule" },
        rules,
        ...fields,
      }),
    },
  });

describe('uri: "rule"', () => {
  it("needs a rule that is not public", () => {
    expect(problems([{ path: "/orders/:id" }])).toEqual([]);
    for (const rules of [[], [{ path: "/orders/health", public: true }]]) {
      expect(problems(rules)).toEqual([
        expect.stringMatching(/^services\.orders\.authorization\.uri: found "rule"; allowed: only with rules/),
      ]);
    }
  });

  it("cannot have two spellings of one path, each of which would be a question of its own", () => {
    const rules = [{ path: "/orders/Admin/*" }, { path: "/orders/admin/*" }];
    expect(problems(rules)).toEqual([expect.stringMatching(/^services\.orders\.rules\[1\]\.path: /)]);
    expect(problems(rules, { paths: "literal" })).toEqual([]);
    const open = rules.map((rule) => ({ ...rule, public: true }));
    expect(problems([...open, { path: "/orders/:id" }])).toEqual([]);
  });

  it("cannot send a pattern that does not fit into the filter's configuration", () => {
    expect(problems([{ path: `/orders/${"x".repeat(900)}` }])).toEqual([]);
    expect(problems([{ path: `/orders/${"\u4e00".repeat(900)}` }])).toEqual([
      expect.stringMatching(/^services\.orders\.rules\[0\]\.path: .* percent-encoded/),
    ]);
  });

  it("is not of introspection, which sends only the token", () => {
    const authorization = {
      protocol: "introspection",
      cluster: "auth",
      path: "/i",
      clientAuthentication: { type: "none" },
      uri: "rule",
    };
    expect(problems([{ path: "/orders/:id" }], { authorization })).toEqual([
      expect.stringMatching(/authorization\.uri: found an unknown field/),
    ]);
  });
});
