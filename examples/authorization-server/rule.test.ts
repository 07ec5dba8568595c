import { describe, expect, test } from "vitest";
import { bearerToken, judgeToken } from "./rule.ts";

describe("the demo's rule", () => {
  test("a token that begins with demo- is allowed and names its user", () => {
    expect(judgeToken("demo-alice")).toEqual({ kind: "allowed", user: "alice" });
  });

  test("a token that is only the prefix still gets a user", () => {
    expect(judgeToken("demo-")).toEqual({ kind: "allowed", user: "anonymous" });
  });

  test.each(["demo-revoked", "demo-revoked-bob", "demo-revokedx"])("%s is revoked", (token) => {
    expect(judgeToken(token)).toEqual({ kind: "revoked" });
  });

  test.each([
    "",
    "Demo-alice",
    "xdemo-alice",
    "demo",
    "demo-al ice",
    "demo-a\r\nx-user: root",
    "demo-\u{fffd}",
    "demo-é",
  ])("%j is an unknown token", (token) => {
    expect(judgeToken(token)).toEqual({ kind: "unknown" });
  });
});

describe("the token of an Authorization header", () => {
  test("is found in any case of the scheme", () => {
    expect(bearerToken("bEaReR  demo-alice")).toBe("demo-alice");
  });

  test.each([null, "", "Bearer", "Bearer ", "Basic demo-alice", "Bearer demo-a demo-b"])(
    "is absent in %j",
    (header) => {
      expect(bearerToken(header)).toBeUndefined();
    },
  );
});
