import { describe, expect, it } from "vitest";
import { builtInService, gatewayOf } from "./testing/inputs.ts";
import { warningsOf } from "./warnings.ts";

const warnings = (fields: object, gateway: object = {}) =>
  warningsOf(gatewayOf({ orders: builtInService({ ...fields }) }, { ...gateway }));

describe("a warning", () => {
  it("is given of nothing that is as it should be", () => {
    expect(warnings({})).toEqual([]);
    const local = { upstream: { url: "http://localhost:9000" }, clusters: { auth: { url: "http://127.0.0.1:1" } } };
    expect(warnings(local)).toEqual([]);
  });

  it("names each server that is reached without encryption", () => {
    const fields = { upstream: { url: "http://orders.internal" }, clusters: { auth: { url: "http://auth.example" } } };
    expect(warnings(fields)).toEqual([
      expect.stringMatching(/^services\.orders\.upstream: http:\/\/orders\.internal is not encrypted/),
      expect.stringMatching(/^services\.orders\.clusters\.auth: http:\/\/auth\.example is not encrypted/),
    ]);
  });

  it("is given of a public rule that opens a part of a later one", () => {
    const rules = [
      { path: "/orders/:id/public", public: true },
      { path: "/orders/admin/*", scopes: ["admin"] },
      { path: "/orders/a/b", methods: ["POST"], public: true },
      { path: "/orders/a/:x", methods: ["GET"] },
    ];
    expect(warnings({ rules })).toEqual([
      expect.stringMatching(/^services\.orders\.rules\[0\]: .* rules\[1\]/),
      expect.stringMatching(/^services\.orders\.rules\[0\]: .* rules\[3\]/),
    ]);
  });

  it("is given of caches that the isolate has no room for", () => {
    expect(warnings({ cache: { maxBytes: 64 * 65_536 } }, { memory: { highBytes: 4_000_000 } })).toEqual([
      expect.stringContaining("4194304 bytes together"),
    ]);
  });
});
