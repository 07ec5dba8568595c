import { expect, expectTypeOf, it } from "vitest";
import { identity } from "./identity.ts";

const request = (headers: Record<string, string>) => new Request("https://api.example/", { headers });
const NAMES = {
  user: "x-user",
  roles: { header: "x-roles", separator: "," },
  scopes: { header: "x-scope", separator: " " },
} as const;

it("reads texts and lists under the names of the caller", () => {
  const found = identity(
    request({ "X-User": "ann", "x-roles": "staff,head of sales", "x-scope": "read write" }),
    NAMES,
  );
  expect(found).toEqual({ user: "ann", roles: ["staff", "head of sales"], scopes: ["read", "write"] });
});

it("has nothing, and no empty text in a list, where the gateway set no header", () => {
  expect(identity(request({ "x-roles": ", ," }), NAMES)).toEqual({ user: undefined, roles: [], scopes: [] });
});

it("has a type for each name", () => {
  const found = identity(request({}), { user: "x-user", roles: { header: "x-roles", separator: "," } });
  expectTypeOf(found.user).toEqualTypeOf<string | undefined>();
  expectTypeOf(found.roles).toEqualTypeOf<readonly string[]>();
});

it("does not take a name like __proto__ for anything else", () => {
  const found = identity(request({ "x-user": "ann" }), { ["__proto__"]: "x-user" });
  expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
});
