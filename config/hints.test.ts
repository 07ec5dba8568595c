import { describe, expect, it } from "vitest";
import { hintsOf } from "./hints.ts";
import { builtInService, gatewayOf, otherService } from "./testing/inputs.ts";

const hints = (authorization: object, rules: object[]) =>
  hintsOf(
    gatewayOf({
      orders: builtInService({
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", ...authorization },
        rules,
      }),
    }),
  );
const rules = [{ path: "/orders/health", public: true }, { path: "/orders/:id" }];

describe("a hint", () => {
  it.each(["forward-auth", "authzen", "opa"])("is given where %s gets each path although rules exist", (protocol) => {
    expect(hints({ protocol }, rules)).toEqual([
      expect.stringMatching(/^services\.orders\.authorization\.uri: .* uri: "rule" sends \/orders\/:id instead/),
    ]);
  });

  it("is not given if something else is sent, or no rule could stand for several paths", () => {
    for (const uri of ["path", "none", "rule"]) expect(hints({ uri }, rules)).toEqual([]);
    expect(hints({}, [])).toEqual([]);
    expect(hints({}, [{ path: "/orders/list" }])).toEqual([]);
    expect(hints({}, [{ path: "/orders/:id/picture", public: true }])).toEqual([]);
  });

  it("is not given for introspection and for other filters, which send no path or have their own key", () => {
    expect(hints({ protocol: "introspection", clientAuthentication: { type: "none" } }, rules)).toEqual([]);
    expect(hintsOf(gatewayOf({ orders: otherService({ rules }) }))).toEqual([]);
  });
});
