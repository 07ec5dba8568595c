import { describe, expect, it } from "vitest";
import { builtInService, problemsOf } from "./testing/inputs.ts";

const forwardAuth = { protocol: "forward-auth", cluster: "auth", path: "/check" };
const issuers = [{ issuer: "https://login.example", audience: "orders" }];

function problemsWith(fields: object): string[] {
  return problemsOf({ services: { orders: builtInService({ authorization: forwardAuth, ...fields }) } }).map(
    (problem) => problem.replace("services.orders.", ""),
  );
}

it("the gateway's own credential does not go with requests that a service would refuse but only reports", () => {
  const reporting = { enforcement: { mode: "report-only", until: "2999-01-01" } };
  expect(problemsWith({ ...reporting, upstreamAuthorization: { replace: { secret: "UPSTREAM" } } })).toEqual([
    expect.stringMatching(/^upstreamAuthorization: found a secret; allowed: "keep" or "remove" while/),
  ]);
  for (const upstreamAuthorization of ["keep", "remove"]) {
    expect(problemsWith({ ...reporting, upstreamAuthorization })).toEqual([]);
  }
});

describe("a place of credentials", () => {
  it("that is a certificate stands alone, because any client can send a fingerprint elsewhere", () => {
    const certificate = { from: "certificate" };
    const others = [
      { from: "authorization", schemes: ["Bearer"] },
      { from: "header", name: "x-api-key" },
      { from: "cookie", name: "session" },
      { from: "query", name: "key" },
    ];
    for (const authorization of [forwardAuth, { protocol: "api-keys", keys: { secret: "KEYS" } }]) {
      expect(problemsWith({ authorization, credentials: [certificate] })).toEqual([]);
      for (const other of others) {
        const problem = expect.stringMatching(/^credentials\[1\]: .*no secret.*a service for each/);
        expect(problemsWith({ authorization, credentials: [other, certificate] })).toEqual([problem]);
      }
    }
  });

  it.each([
    { credentials: [{ from: "query", name: "key" }] },
    { authorization: { ...forwardAuth, verify: { issuers } } },
  ])(
    "that the Worker reads is told in a header that cannot also be the client's: %j",
    ({ authorization, ...fields }) => {
      const asked = { ...forwardAuth, ...authorization, requestHeaders: ["x-a", "Authorization"] };
      expect(problemsWith({ ...fields, authorization: asked })).toEqual([
        expect.stringMatching(/^authorization\.requestHeaders\[1\]: .*wherever the client sent it/),
      ]);
      expect(problemsWith({ authorization: { ...forwardAuth, requestHeaders: ["authorization"] } })).toEqual([]);
    },
  );
});
