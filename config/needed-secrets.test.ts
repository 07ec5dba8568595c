import { expect, it } from "vitest";
import { secret } from "./input.ts";
import { neededSecrets } from "./needed-secrets.ts";
import { builtInService, gatewayOf, otherService } from "./testing/inputs.ts";

it("finds every secret that a service needs, wherever it is named, once", () => {
  const gateway = gatewayOf({
    persisted: builtInService({ cache: { persist: true }, upstreamAuthorization: { replace: secret("UPSTREAM") } }),
    tokens: builtInService({
      route: { prefix: "/tokens" },
      authorization: {
        protocol: "jwt",
        issuers: [{ issuer: "https://a.example", audience: "a", sharedSecret: secret("SHARED") }],
      },
    }),
    keys: builtInService({
      route: { prefix: "/keys" },
      authorization: { protocol: "api-keys", keys: [secret("KEYS"), secret("UPSTREAM")] },
    }),
    other: otherService({
      route: { prefix: "/other" },
      configuration: { deep: [{ token: secret("DEEP") }], secret: { secret: 1 }, both: { secret: "no", other: 1 } },
    }),
  });
  expect(neededSecrets(gateway)).toEqual(["DEEP", "EBB_KEY", "KEYS", "SHARED", "UPSTREAM"]);
});

it("needs no key if nothing is persisted", () => {
  expect(neededSecrets(gatewayOf({ orders: builtInService() }))).toEqual([]);
});
