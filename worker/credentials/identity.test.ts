import { describe, expect, it } from "vitest";
import { builtInService, serviceOf } from "../../config/testing/inputs.ts";
import { type Claims, identifier, isIdentity } from "./identity.ts";

const rules = serviceOf(
  builtInService({
    authorization: {
      protocol: "jwt",
      issuers: [{ issuer: "https://login.example", audience: "api" }],
    },
    rules: [
      { path: "/orders/a", scopes: ["read", "write"] },
      { path: "/orders/b", scopes: { anyOf: ["admin"] } },
      { path: "/orders/c", claims: { "realm.roles": { includes: "staff" }, tenant: "a" } },
      { path: "/orders/d", public: true },
    ],
  }),
).rules;

const identify = identifier(rules, [
  { path: ["sub"], header: "x-user" },
  { path: ["realm", "roles"], header: "x-roles" },
  { path: ["scope"], header: "x-scopes" },
]);

function identityOf(claims: Claims) {
  const identity = identify(claims);
  if (!isIdentity(identity)) throw new Error(identity.reason);
  return identity;
}

describe("what is kept of a token", () => {
  it("is what some rule asks for, and what the upstream is told", () => {
    const claims = {
      iss: "i",
      sub: "ann",
      scope: "read other",
      tenant: "a",
      email: "a@example",
      realm: { roles: ["x"] },
    };
    expect(identityOf(claims)).toEqual({
      scopes: ["read"],
      claims: { tenant: "a", realm: { roles: ["x"] } },
      changes: [
        { name: "x-user", values: ["ann"] },
        { name: "x-roles", values: ["x"] },
        { name: "x-scopes", values: ["read other"] },
      ],
      subject: "ann",
      issuer: "i",
      bytes: expect.any(Number),
    });
  });

  it.each([
    [{ scope: "read write" }, ["read", "write"]],
    [{ scp: "read  admin " }, ["read", "admin"]],
    [{ scp: ["read", "admin"] }, ["read", "admin"]],
    [{ scope: ["read write"] }, []],
    [{ scope: "", scp: "read" }, []],
    [{ scope: null, scp: "read" }, ["read"]],
    [{ scope: { read: true } }, []],
    [{ scope: ["read", 1, null, ["write"]] }, ["read"]],
    [{}, []],
  ])("are the scopes of %j: %j", (claims, scopes) => {
    expect(identifier(rules, [])(claims)).toMatchObject({ scopes });
  });

  it("tells the upstream a list of scopes as the text that an introspection would give", () => {
    const { changes } = identityOf({ sub: "a", scope: ["read", "write"] });
    expect(changes).toContainEqual({ name: "x-scopes", values: ["read write"] });
  });

  it("is nothing if no header can carry a claim unchanged", () => {
    expect(identify({ sub: "a\nb" })).toMatchObject({ kind: "undecided", reason: "claim_unusable" });
  });

  it("is nothing that every object has", () => {
    const { claims, changes } = identityOf(JSON.parse('{"__proto__":{"sub":"root","tenant":"a"},"constructor":"x"}'));
    expect(Object.keys(claims)).toEqual([]);
    expect(changes).toEqual([]);
  });

  it("counts its memory, and long claims that nobody asks for take none", () => {
    const short = identityOf({ sub: "ann" }).bytes;
    expect(identityOf({ sub: "ann", picture: "x".repeat(10_000) }).bytes).toBe(short);
    expect(identityOf({ sub: "ann", tenant: "x".repeat(1_000) }).bytes).toBeGreaterThan(short + 2_000 - 1);
  });
});
