import { describe, expect, it } from "vitest";
import { builtInService, gatewayOf, otherService, problemsOf, serviceOf } from "./testing/inputs.ts";

const jwt = {
  protocol: "jwt",
  issuers: [{ issuer: "https://a.example", audience: "b", jwks: { cluster: "auth", path: "/k" } }],
};

describe("the log of decisions", () => {
  it("is off by default", () => {
    expect(serviceOf(builtInService()).log).toBeUndefined();
    expect(serviceOf(otherService()).log).toBeUndefined();
  });

  it("has every line by default, for any filter and for none", () => {
    const log = { decisions: "refused" };
    for (const service of [
      builtInService({ log }),
      otherService({ log }),
      builtInService({ authorization: jwt, log }),
    ]) {
      expect(serviceOf(service).log).toEqual({ decisions: "refused", sample: 1 });
    }
  });

  it.each([0, 0.1, 1])("takes %d of its lines", (sample) => {
    expect(serviceOf(builtInService({ log: { decisions: "all", sample } })).log).toEqual({ decisions: "all", sample });
  });

  it.each<[unknown, RegExp]>([
    ["all", /^services\.orders\.log: /],
    [true, /^services\.orders\.log: /],
    [{}, /^services\.orders\.log\.decisions: .*"refused" or "all"/],
    [{ sample: 1 }, /^services\.orders\.log\.decisions: /],
    [{ decisions: "none" }, /^services\.orders\.log\.decisions: .*"refused" or "all"/],
    [{ decisions: "all", sample: -0.1 }, /^services\.orders\.log\.sample: .*from 0 to 1/],
    [{ decisions: "all", sample: 1.1 }, /^services\.orders\.log\.sample: /],
    [{ decisions: "all", sample: Number.NaN }, /^services\.orders\.log\.sample: /],
    [{ decisions: "all", sample: "0.5" }, /^services\.orders\.log\.sample: /],
    [{ decisions: "all", samples: 0.5 }, /^services\.orders\.log\.samples: /],
  ])("is refused as %j", (log, problem) => {
    expect(problemsOf({ services: { orders: builtInService({ log }) } })).toEqual([expect.stringMatching(problem)]);
  });

  it("changes no decision, so what is cached stays valid", () => {
    const [quiet, logged] = [builtInService(), builtInService({ log: { decisions: "all" } })].map((service) =>
      gatewayOf({ orders: service }),
    );
    expect(logged!.services[0]!.version).toBe(quiet!.services[0]!.version);
    expect(logged!.version).toBe(quiet!.version);
  });
});
